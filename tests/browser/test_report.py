"""The built report in a browser, from a folder and from a server, and its pages to embed in somebody else's."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag

import html5lib
import pytest
from browser.waiting import see_all
from browser.watching import Watch

from reportgen.page.embed import animations, snippets

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARTICLES = ["report.html", "index.html"]
FRAMES = ["embed/weights-l1.html", "embed/constraint-path.html"]
PAGES = [*ARTICLES, "embed/index.html", *FRAMES]

Open = Callable[..., "Page"]


@pytest.fixture
def file(report: Path, request: pytest.FixtureRequest) -> Path:
    """A page of the report."""
    return report / str(request.param)


def is_article(file: Path) -> bool:
    return file.name in ARTICLES and file.parent.name != "embed"


def tree(file: Path) -> Any:
    parser = html5lib.HTMLParser(strict=is_article(file), namespaceHTMLElements=False)
    return parser.parse(file.read_text("utf-8"))


def shown(page: Page, selector: str) -> list[bool]:
    """Whether each element that `selector` finds takes up room."""
    found: list[bool] = page.eval_on_selector_all(selector, "all => all.map(e => e.getClientRects().length > 0)")
    assert found, f"nothing matches {selector}"
    return found


@pytest.mark.parametrize("file", PAGES, indirect=True)
def test_markup_is_valid_links_lead_somewhere_and_the_policy_is_strict(file: Path, html_mistakes: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    page = tree(file)
    elements = [e for e in page.iter() if isinstance(e.tag, str)]
    ids = Counter(e.get("id") for e in elements if e.get("id"))

    assert html_mistakes(file) == []
    assert [name for name, times in ids.items() if times > 1] == []
    for link in [e.get("href") for e in elements if e.tag == "a"]:
        address, fragment = urldefrag(link)
        if link.startswith("#"):
            assert unquote(fragment) in ids
        elif not address.startswith(("https://", "data:text/csv;base64,")):
            assert (file.parent / unquote(address)).is_file(), link
    for picture in page.iter("img"):
        assert picture.get("alt", "").strip() or not is_article(file)
        assert int(picture.get("width")) > 0
        assert int(picture.get("height")) > 0
    if is_article(file):
        assert page.get("lang")
        assert [len(page.findall(f".//{tag}")) for tag in ("h1", "main", "nav", "footer")] == [1, 1, 1, 1]
        assert page.find(".//title").text == page.find(".//h1").text
        tables = page.findall(".//figure[@class='table']")
        assert all(table.find(".//table") is not None and table.find(".//a[@download]") is not None for table in tables)
        assert len(tables) > 10

    charset, meta = list(page.find("head"))[:2]
    assert charset.get("charset") == "utf-8"
    assert meta.get("http-equiv") == "Content-Security-Policy"
    rules = dict(rule.split(" ", 1) for rule in meta.get("content").split("; "))
    assert [rules.pop(name) for name in ("default-src", "base-uri", "form-action")] == ["'none'"] * 3
    assert rules.pop("img-src") == ("data:" if file.name == "report.html" else "'self' file: data:")
    assert rules.keys() <= {"script-src", "style-src"}
    for sources in rules.values():
        assert re.fullmatch(r"('sha256-[A-Za-z0-9+/]{43}=' ?)+", sources)
    assert not any(script.get("src") for script in page.iter("script"))
    names = {name for e in elements for name in e.attrib if isinstance(name, str)}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    islands = [e.text for e in page.iter("script") if e.get("type") == "application/json"]
    islands += [e.get("data-settings") for e in page.iter("button") if e.get("data-settings")]
    for text in islands:
        json.loads(text, parse_constant=refuse)
    assert len(islands) > 1 or not is_article(file)


@pytest.mark.parametrize("file", PAGES, indirect=True)
def test_it_opens_without_an_error_or_a_request_and_everyone_can_read_it(
    file: Path, visit: Open, served: Callable[[Path], str], faults: Callable[..., list[str]]
) -> None:
    folder = file.parent.parent if file.parent.name == "embed" else file.parent
    name = file.relative_to(folder).as_posix()
    for home in (f"{folder.as_uri()}/", served(folder)):
        watch = Watch(home)
        page = visit(f"{home}{name}", watch, offline=False)
        see_all(page)

        assert watch.quiet(page)
        pictures = [url for url in watch.asked if url != f"{home}{name}"]
        assert all(re.fullmatch(re.escape(home) + r"media/[\w-]+\.(?:gif|png|svg)", url) for url in pictures)
        assert not pictures or name != "report.html"
    if name != "index.html":  # its text is that of report.html
        assert faults(page, frame=name in FRAMES) == []
    if file.name == "report.html":
        assert page.locator(".player").count() > 5
        assert not page.locator("#figure-live .bench").is_hidden()
        page.reload()
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the text"
        assert page.locator(":focus").bounding_box()["x"] >= 0  # type: ignore[index]


@pytest.mark.parametrize("file", ["index.html"], indirect=True)
def test_pictures_follow_the_colors_of_the_page_and_paper_has_stills(file: Path, visit: Open) -> None:
    page = visit(file)
    colors = (
        "e => [getComputedStyle(e.querySelector('[fill=\"var(--ink)\"]')).fill, getComputedStyle(document.body).color]"
    )
    chart = page.locator(".picture .chart").first
    told = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        fill, told[scheme] = chart.evaluate(colors)
        assert fill == told[scheme]
    assert told["light"] != told["dark"]

    page.emulate_media(media="print", color_scheme="dark")

    assert chart.evaluate(colors) == [told["light"]] * 2
    assert not any(shown(page, ".kept, nav, .pause, .player"))
    assert all(shown(page, ".picture .chart, figure[data-player] > .frame:not(.player)"))
    see_all(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")


@pytest.mark.parametrize("file", ARTICLES, indirect=True)
def test_without_scripts_all_is_there_and_what_the_page_keeps_moves_until_it_is_paused(file: Path, visit: Open) -> None:
    page = visit(file, java_script_enabled=False)
    text = page.inner_text("main")
    for chapter in tree(file).findall(".//section[@class='chapter']/h2/a"):
        assert "".join(chapter.itertext()).split(" ", 1)[1] in text
    see_all(page)
    assert all(shown(page, "figure[data-player] .chart, figure[data-player] .paper, .moving"))
    assert not any(shown(page, ".kept .still"))
    assert page.locator(".player").count() == 0
    assert "It needs scripts" in page.inner_text("#figure-live")
    moving = page.locator(".kept .moving")
    assert moving.count() >= 4
    for link in page.locator(".file a").all():
        assert (file.parent / unquote(link.get_attribute("href") or "")).read_bytes().startswith(b"GIF89a")

    page.get_by_label("Pause all animations").check()
    assert not any(shown(page, ".moving"))
    assert all(shown(page, ".kept .still"))

    calm = visit(file, reduced_motion="reduce", java_script_enabled=False)
    assert not any(shown(calm, ".moving"))
    calm.locator(".kept .pause input").first.check()
    assert shown(calm, ".moving")[0]


def test_snippets_have_the_addresses_of_their_server_and_show_the_player_in_a_strangers_page(
    served: Callable[[Path], str], report: Path, browser: Browser
) -> None:
    site = served(report)
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{site}embed/index.html")
    section = page.locator("section", has=page.locator("#weights-l1"))
    expected = snippets("weights-l1", animations(report)["weights-l1"], site)

    assert section.locator("code").all_text_contents() == list(expected.values())
    section.get_by_role("button", name="Copy").nth(1).click()
    section.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == expected["image"]
    context.close()

    page = browser.new_page()
    page.set_content(expected["player"])
    frame = page.frame_locator("iframe")
    frame.locator(".player canvas").wait_for()
    position, caption = frame.locator(".player .position"), frame.locator("figcaption a")
    position.press("End")
    assert position.input_value() == position.get_attribute("max")
    assert caption.get_attribute("target") == "_top"
    page.close()
