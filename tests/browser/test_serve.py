"""A preview in a browser: the page loads itself again where the reader was, and says why a build failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser import waiting
from browser.watching import Watch
from playwright.sync_api import Error
from previews import Pages

from reportgen.companions.serve import running

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARAGRAPHS = [f"<p>Paragraph {i} says {'word ' * 40}{i}.</p>" for i in range(80)]


def until(page: Page, expression: str) -> None:
    """As `waiting.until`, while the page may load again."""
    while True:
        try:
            return waiting.until(page, expression)
        except Error as error:
            if "navigation" not in str(error):
                raise


def top(page: Page, paragraph: int) -> float:
    found: float = page.evaluate(
        "text => [...document.querySelectorAll('p')].find(p => p.textContent.startsWith(text))"
        ".getBoundingClientRect().top",
        f"Paragraph {paragraph} ",
    )
    return found


def test_an_edit_leaves_the_reader_at_the_same_line_and_an_error_lies_over_the_last_good_page(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    source = Pages(tmp_path / "source")
    source.write("index", "".join(PARAGRAPHS))
    with running(source) as address:
        watch = Watch(address)
        page = visit(address, watch, offline=False)
        until(page, "() => document.title && !document.title.startsWith('Building')")
        page.wait_for_load_state("load")
        page.evaluate("scrollTo(0, 4000)")
        line = next(i for i in range(80) if top(page, i) > 0)
        was = top(page, line)

        # The line above the reader's is new, and so is a good deal near the beginning of the page.
        edited = [f"<p>{'new ' * 3000}</p>", *PARAGRAPHS[1 : line - 1], "<p>edited</p>", *PARAGRAPHS[line:]]
        source.write("index", "".join(edited))
        until(page, "() => document.body.textContent.includes('edited')")
        page.wait_for_load_state("load")
        waiting.until(page, "() => scrollY > 4500")
        assert abs(top(page, line) - was) <= 1

        overlay: Any = page.locator("reportgen-preview .error")
        scrolled = page.evaluate("scrollY")
        source.write("other", "wrong <img src=x>")
        overlay.wait_for()
        shown = "other.txt:3:7: RG007 there is no figure <b>'x'</b>\nreportgen[RG007]: wrong <img src=x>"
        assert (overlay.locator("pre").text_content() or "").startswith(shown)
        assert overlay.get_attribute("role") == "alert"
        assert page.evaluate("scrollY") == scrolled
        source.write("other", "right")
        overlay.wait_for(state="hidden")
        # The answer to the first visit is 503, and a page that loads again breaks off its stream of news.
        assert [line for line in watch.seen if not line.lower().startswith("failed ")] == []
        assert page.evaluate("[window.ran, violations.length]") == [None, 0]
