"""A preview in a browser: the page loads itself again where the reader was, and tells why a build failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import waiting
from playwright.sync_api import Error
from previews import Pages

from reportgen.companions.serve import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PARAGRAPHS = [f"<p>Paragraph {i} says {'word ' * 40}{i}.</p>" for i in range(80)]


def prose(paragraphs: list[str]) -> str:
    """Headings far apart, as in a post."""
    return "".join(f'<h2 id="h{i}">Part {i}</h2>{text}' if i % 20 == 0 else text for i, text in enumerate(paragraphs))


@pytest.fixture
def source(tmp_path: Path) -> Pages:
    source = Pages(tmp_path / "source")
    source.write("index", prose(PARAGRAPHS))
    source.write("other", "<p>other</p>")
    return source


@pytest.fixture
def address(source: Pages) -> Iterator[str]:
    with running(source) as address:
        yield address


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens an address; afterwards nothing may have been complained of."""
    contexts = []
    told: list[str] = []

    def look(address: str, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 900, "height": 700}, **options)
        contexts.append(context)
        # What a page counted is gone once it loads again, so every complaint is told at once.
        context.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " e => console.error('violation ' + e.violatedDirective + e.blockedURI));"
        )
        found = context.new_page()
        found.on("console", lambda message: told.append(message.text))
        found.on("pageerror", lambda error: told.append(str(error)))
        found.goto(address)
        return found

    yield look
    for context in contexts:
        context.close()
    refused = "Failed to load resource: the server responded with a status of"
    offline = ("net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING", "net::ERR_CONNECTION_RESET")
    assert [line for line in told if not line.startswith(refused) and not any(map(line.__contains__, offline))] == []


def until(page: Page, expression: str, arg: Any = None) -> None:
    """As `waiting.until`, through pages that load."""
    while True:
        try:
            return waiting.until(page, expression, arg)
        except Error as error:
            if "navigation" not in str(error):
                raise


def top(page: Page, text: str) -> float:
    found: float = page.evaluate(
        "text => [...document.querySelectorAll('p')].find(p => p.textContent.includes(text))"
        ".getBoundingClientRect().top",
        text,
    )
    return found


def built(page: Page) -> None:
    """Wait until it is no longer the page that tells how far the first build is."""
    until(page, "() => document.title && !document.title.startsWith('Building')")
    page.wait_for_load_state("load")


def overlay(page: Page) -> Any:
    return page.locator("reportgen-preview .error")


def test_an_edit_leaves_the_reader_at_the_same_line_and_other_pages_as_they_are(
    look: Callable[..., Page], source: Pages, address: str
) -> None:
    page, other = look(address), look(address + "other.html")
    tab = page.context.new_page()
    tab.goto(address + "#h40")
    for each in (page, other, tab):
        built(each)
    other.evaluate("window.untouched = true")
    tab.evaluate("scrollTo(0, 0)")
    page.evaluate("scrollTo(0, 4000)")
    line = next(i for i in range(80) if top(page, f"Paragraph {i} ") > 0)
    was = top(page, f"Paragraph {line} ")

    # The line above the reader's is new, and so is a good deal near the beginning of the page.
    source.write(
        "index", prose([f"<p>{'new ' * 3000}</p>", *PARAGRAPHS[1 : line - 1], "<p>edited</p>", *PARAGRAPHS[line:]])
    )
    for each in (page, tab):
        until(each, "() => document.body.textContent.includes('edited')")
        each.wait_for_load_state("load")
    page.wait_for_timeout(200)

    assert page.evaluate("scrollY") > 4500
    assert abs(top(page, f"Paragraph {line} ") - was) <= 1
    assert tab.evaluate("scrollY") == 0, "a reader at the beginning stays there"
    assert other.evaluate("window.untouched") is True


def test_an_error_is_shown_over_the_last_good_page_until_it_is_gone(
    look: Callable[..., Page], source: Pages, address: str, axe: str
) -> None:
    page = look(address)
    built(page)
    page.evaluate("scrollTo(0, 1000)")

    source.write("other", "wrong <img src=x>" + "\na line" * 100)
    overlay(page).wait_for()

    assert (overlay(page).locator("pre").text_content() or "").startswith(
        "other.txt:3:7: RG007 there is no figure <b>'x'</b>\nreportgen[RG007]: wrong <img src=x>"
    )
    assert overlay(page).get_attribute("role") == "alert"
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate("scrollY") == 1000
    assert top(page, "Paragraph 0 ") < 0
    page.evaluate(axe)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        checked = page.evaluate(
            "axe.run(document.querySelector('reportgen-preview'), {runOnly: ['color-contrast']})"
            ".then(r => r.passes.length)"
        )
        assert [(v["id"], [node["html"][:100] for node in v["nodes"]]) for v in found["violations"]] == []
        assert checked, "axe did not look at the colors of the overlay"

    for hide in (lambda: page.keyboard.press("Escape"), lambda: overlay(page).get_by_role("button").click()):
        hide()
        overlay(page).wait_for(state="hidden")
        page.wait_for_timeout(200)
        assert overlay(page).is_hidden()
        source.write("index", f"another {source.builds}")
        overlay(page).wait_for()
    source.write("other", "right")
    overlay(page).wait_for(state="hidden")


def test_the_first_page_tells_how_far_the_build_is_or_why_there_is_none(
    look: Callable[..., Page], tmp_path: Path
) -> None:
    source = Pages(tmp_path / "slow")
    source.write("index", "wrong")
    source.hold.clear()
    with running(source) as address:
        page, plain = look(address), look(address, java_script_enabled=False)
        until(page, "() => document.getElementById('reportgen-step').textContent === 'train 120 of 180'")
        assert plain.title() == "Building pages"

        source.hold.set()

        overlay(page).wait_for()
        assert "Nothing has been built yet" in (overlay(page).text_content() or "")
        source.write("index", "<p>done</p>")
        until(page, "() => document.body.textContent.includes('done')")
        plain.get_by_text("done").wait_for()


def test_a_page_that_went_away_comes_back_and_a_server_too(look: Callable[..., Page], source: Pages) -> None:
    with running(source) as address:
        page, other = look(address), look(address + "other.html")
        built(page)
        built(other)
        (source.folder / "other.txt").unlink()
        until(other, "() => document.title === 'Not found'")
        source.write("other", "<p>back</p>")
        until(other, "() => document.body.textContent.includes('back')")
    page.evaluate("scrollTo(0, 3000)")
    page.evaluate("window.untouched = true")
    source.hold.clear()

    with running(source, port=int(address.rstrip("/").rpartition(":")[2])):
        page.wait_for_timeout(1500)
        assert page.evaluate("window.untouched") is True, "it went to the page that tells how far the first build is"
        source.hold.set()
        page.wait_for_timeout(300)
        assert page.evaluate("window.untouched") is True
        source.write("index", prose([*PARAGRAPHS, "<p>edited</p>"]))
        until(page, "() => document.body.textContent.includes('edited')")
        page.wait_for_timeout(100)
        assert abs(page.evaluate("scrollY") - 3000) <= 1


def test_a_long_build_is_mentioned_and_a_short_one_is_not(
    look: Callable[..., Page], source: Pages, address: str
) -> None:
    page = look(address)
    built(page)
    step = page.locator("reportgen-preview .step")
    source.hold.clear()
    source.write("other", "edited")
    step.wait_for()
    assert step.text_content() == "train 120 of 180"
    source.hold.set()
    step.wait_for(state="hidden")

    source.hold.clear()
    source.write("other", "edited again")
    page.wait_for_timeout(300)  # it is under way, and soon done
    source.hold.set()
    page.wait_for_timeout(700)
    assert step.is_hidden()


def test_a_report_works_in_a_preview(look: Callable[..., Page], report: Path) -> None:
    class Report(Pages):
        def build(self, progress: Any) -> dict[str, bytes]:
            return {
                file.relative_to(report).as_posix(): file.read_bytes() for file in report.rglob("*") if file.is_file()
            }

    source = Report(report.parent)
    pictures = [next(name for name in sorted(source.build(None)) if name.endswith(kind)) for kind in ("svg", "gif")]
    with running(source) as address:
        for name in ("", "report.html", "embed/", "embed/weights-l1.html", *pictures):
            shown = look(address + name)
            until(shown, "() => !document.title.startsWith('Building')")
            for _ in range(20):
                shown.mouse.wheel(0, 3000)
                shown.wait_for_timeout(15)
            shown.wait_for_load_state("load")
            assert shown.locator("reportgen-preview").count() == (0 if name in pictures else 1)
            assert shown.title() != "Not found"
