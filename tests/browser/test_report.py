"""The built report in a browser, as a reader opens it: from a folder, with nothing around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag

import html5lib
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESKTOP, TELEPHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

Open = Callable[..., "Page"]


@pytest.fixture(params=["report.html", "index.html"])
def file(report: Path, request: pytest.FixtureRequest) -> Path:
    """Each rendering of the article in turn."""
    return report / str(request.param)


def tree(file: Path) -> Any:
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(file.read_text("utf-8"))


def shown(page: Page, selector: str) -> list[bool]:
    """Whether each element that `selector` finds takes up room."""
    found: list[bool] = page.eval_on_selector_all(selector, "all => all.map(e => e.getClientRects().length > 0)")
    assert found, f"nothing matches {selector}"
    return found


# The file itself


def test_markup_is_valid(file: Path, html_mistakes: Callable[[Path], list[str]]) -> None:
    tree(file)

    assert html_mistakes(file) == []


def test_ids_are_unique_and_links_lead_somewhere(file: Path) -> None:
    elements = [e for e in tree(file).iter() if isinstance(e.tag, str)]
    ids = Counter(e.get("id") for e in elements if e.get("id"))
    links = [e.get("href") for e in elements if e.tag == "a"]

    assert [name for name, times in ids.items() if times > 1] == []
    for link in links:
        address, fragment = urldefrag(link)
        if link.startswith("#"):
            assert unquote(fragment) in ids
        elif not address.startswith(("https://", "data:text/csv;base64,")):
            assert (file.parent / unquote(address)).is_file(), link


def test_the_page_has_its_landmarks_and_one_title(file: Path) -> None:
    page = tree(file)

    assert page.get("lang")
    assert [len(page.findall(f".//{tag}")) for tag in ("h1", "main", "nav", "footer")] == [1, 1, 1, 1]
    assert page.find(".//title").text == page.find(".//h1").text


def test_pictures_say_what_they_show_and_how_large_they_are(file: Path) -> None:
    for picture in tree(file).findall(".//img"):
        assert (picture.get("alt") or "").strip()
        assert int(picture.get("width")) > 0
        assert int(picture.get("height")) > 0


def test_nothing_is_styled_or_scripted_in_place(file: Path) -> None:
    page = tree(file)

    assert not any(script.get("src") for script in page.findall(".//script"))
    assert len(page.findall(".//style")) == 1
    names = {name for e in page.iter() if isinstance(e.tag, str) for name in e.attrib if isinstance(name, str)}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_every_table_can_be_downloaded(file: Path) -> None:
    page = tree(file)

    assert len(page.findall(".//table")) == len(page.findall(".//a[@download]")) > 0


# In the browser


def test_opening_it_asks_for_nothing_else(file: Path, visit: Open) -> None:
    asked: list[str] = []
    said: list[str] = []

    def listen(page: Page) -> None:
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))

    # Without scripts no picture is put off until it comes into view.
    visit(file, listen, java_script_enabled=False).wait_for_load_state("networkidle")

    elsewhere = [url for url in asked if not url.startswith("data:") and url != file.as_uri()]
    assert said == []
    assert file.as_uri() in asked
    if file.name == "report.html":
        assert elsewhere == []
    else:
        assert elsewhere
        assert all(url.startswith(f"{file.parent.as_uri()}/media/") for url in elsewhere)


def test_it_works_with_scripts_off(file: Path, visit: Open) -> None:
    page = visit(file, java_script_enabled=False)

    sizes = page.eval_on_selector_all("img", "all => all.map(i => [i.complete, i.naturalWidth])")

    assert sizes
    assert all(complete and width for complete, width in sizes)
    text = page.inner_text("main")
    chapters = tree(file).findall(".//section[@class='chapter']/h2/a")
    assert chapters
    for chapter in chapters:
        assert "".join(chapter.itertext()).split(" ", 1)[1] in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, TELEPHONE], ids=["desktop", "telephone"])
def test_axe_finds_nothing(report: Path, visit: Open, axe: str, scheme: str, size: dict[str, int]) -> None:
    page = visit(report / "report.html", viewport=size, color_scheme=scheme)

    page.evaluate(axe)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ] == []


@pytest.mark.parametrize("width", [320, 360, 600, 800, 1000, 1280, 1920])
def test_no_window_is_too_narrow(file: Path, visit: Open, width: int) -> None:
    page = visit(file, viewport={"width": width, "height": 740})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_pages_show_dark_pictures(file: Path, visit: Open) -> None:
    for scheme, other in [("light", "dark"), ("dark", "light")]:
        page = visit(file, color_scheme=scheme)

        assert all(shown(page, f".picture .{scheme}"))
        assert not any(shown(page, f".picture .{other}"))


def test_animations_move_until_they_are_paused(report: Path, visit: Open) -> None:
    page = visit(report / "index.html", java_script_enabled=False)
    moving, still = (page.locator(f".animation .{what}").first for what in ("moving", "still"))
    assert moving.is_visible()
    assert not still.is_visible()

    page.locator(".animation").first.get_by_label("Pause").check()

    assert not moving.is_visible()
    assert still.is_visible()
    assert sum(shown(page, ".still")) == 1

    page.get_by_label("Pause all animations").check()

    assert not any(shown(page, ".moving"))
    assert all(shown(page, ".still"))


def test_readers_who_want_no_movement_get_stills_and_may_play_one(report: Path, visit: Open) -> None:
    page = visit(report / "index.html", reduced_motion="reduce", java_script_enabled=False)
    assert not any(shown(page, ".moving"))
    assert all(shown(page, ".still"))

    page.locator(".animation").first.get_by_label("Play").check()

    assert shown(page, ".moving").count(True) == 1


def test_on_paper_animations_are_stills_and_pictures_are_light(file: Path, visit: Open, tmp_path: Path) -> None:
    page = visit(file)
    page.emulate_media(media="print", color_scheme="dark")

    assert not any(shown(page, ".moving, .picture .dark, nav, .pause"))
    assert all(shown(page, ".still, .picture .light"))
    assert all(page.eval_on_selector_all(".still", "all => all.map(i => i.naturalWidth)"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")


def test_the_first_key_leads_past_the_contents(report: Path, visit: Open) -> None:
    page = visit(report / "report.html")

    page.keyboard.press("Tab")

    assert page.locator(":focus").inner_text() == "Skip to the text"
    assert page.locator(":focus").bounding_box()["x"] >= 0  # type: ignore[index]
