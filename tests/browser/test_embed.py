"""The folder `embed`, opened as somebody else's page would."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from reportgen.article.embed import animations, snippets

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ["weights-l1", "fit-side-by-side", "constraint-path"]
Open = Callable[..., "Page"]


@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_markup_is_valid(report: Path, html_mistakes: Callable[[Path], list[str]], name: str) -> None:
    assert html_mistakes(report / "embed" / f"{name}.html") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_axe_finds_nothing(report: Path, visit: Open, axe: str, name: str, scheme: str) -> None:
    page = visit(report / "embed" / f"{name}.html", color_scheme=scheme)
    page.evaluate(axe)
    # A page inside a frame has its headings and landmarks around it.
    rules = {"rules": {"page-has-heading-one": {"enabled": name == "index"}}}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]

    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_nothing_is_wider_than_a_telephone(report: Path, visit: Open, name: str) -> None:
    page = visit(report / "embed" / f"{name}.html", viewport={"width": 360, "height": 740})

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_holds_one_player_that_works(report: Path, visit: Open) -> None:
    page = visit(report / "embed" / "weights-l1.html")
    position = page.locator(".player .position")
    position.wait_for()
    position.focus()
    page.keyboard.press("End")

    assert page.locator("figure").count() == 1
    assert page.locator(".player canvas").bounding_box()["width"] > 500  # type: ignore[index]
    assert position.input_value() == position.get_attribute("max")


def test_without_scripts_the_gif_remains(report: Path, visit: Open) -> None:
    page = visit(report / "embed" / "weights-l1.html", java_script_enabled=False)
    image = page.locator("img.moving")

    assert image.is_visible()
    assert re.fullmatch(r"\.\./media/weights-l1-[0-9a-f]{8}\.gif", image.get_attribute("src") or "")


@pytest.fixture
def site(report: Path):
    """The report behind a server on this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(report))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_served_page_of_snippets_has_the_addresses_of_its_server(site: str, report: Path, browser: Browser) -> None:
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


def test_a_snippet_in_a_strangers_page_shows_the_player(site: str, report: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(snippets("weights-l1", animations(report)["weights-l1"], site)["player"])
    frame = page.frame_locator("iframe")
    frame.locator(".player canvas").wait_for()
    caption = frame.locator("figcaption a")
    box = caption.bounding_box()

    assert box is not None
    assert box["y"] + box["height"] <= page.locator("iframe").bounding_box()["y"] + 670  # type: ignore[index]
    assert caption.get_attribute("target") == "_top"
    page.close()
