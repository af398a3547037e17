"""A preview in a browser: the page loads itself again where the reader was, and tells why a build failed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import waiting
from playwright.sync_api import Error
from previews import Pages

from reportgen.serve import running

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


def test_an_edit_above_leaves_the_reader_at_the_same_line(
    look: Callable[..., Page], source: Pages, address: str
) -> None:
    page = look(address)
    built(page)
    page.evaluate("scrollTo(0, 4000)")
    line = next(i for i in range(80) if top(page, f"Paragraph {i} ") > 0)
    was = top(page, f"Paragraph {line} ")

    # The line above the reader's is new, and so is a good deal near the beginning of the page.
    source.write(
        "index", prose([f"<p>{'new ' * 3000}</p>", *PARAGRAPHS[1 : line - 1], "<p>edited</p>", *PARAGRAPHS[line:]])
    )
    until(page, "() => document.body.textContent.includes('edited')")
    page.wait_for_load_state("load")
    page.wait_for_timeout(100)

    assert page.evaluate("scrollY") > 4500
    assert abs(top(page, f"Paragraph {line} ") - was) <= 1


def test_a_reader_at_the_beginning_stays_there(look: Callable[..., Page], source: Pages, address: str) -> None:
    page = look(address + "#h40")
    built(page)
    page.evaluate("scrollTo(0, 0)")

    source.write("index", prose(["<p>edited</p>", *PARAGRAPHS]))
    until(page, "() => document.body.textContent.includes('edited')")
    page.wait_for_timeout(200)

    assert page.evaluate("scrollY") == 0


def test_pages_that_have_not_changed_stay_as_they_are(look: Callable[..., Page], source: Pages, address: str) -> None:
    front, other = look(address), look(address + "other.html")
    built(front)
    built(other)
    other.evaluate("window.untouched = true")

    source.write("index", "<p>edited</p>")
    until(front, "() => document.body.textContent.includes('edited')")
    other.wait_for_timeout(200)

    assert other.evaluate("window.untouched") is True


def test_several_tabs_of_a_page_load_again(look: Callable[..., Page], source: Pages, address: str) -> None:
    first = look(address)
    tabs = [first, *(first.context.new_page() for _ in range(3))]
    for tab in tabs[1:]:
        tab.goto(address)
    for tab in tabs:
        built(tab)

    source.write("index", "<p>edited</p>")

    for tab in tabs:
        until(tab, "() => document.body.textContent.includes('edited')")


def test_an_error_is_shown_over_the_last_good_page_until_it_is_gone(
    look: Callable[..., Page], source: Pages, address: str
) -> None:
    page = look(address)
    built(page)
    page.evaluate("scrollTo(0, 1000)")

    source.write("other", "wrong <img src=x>")
    overlay(page).wait_for()

    assert overlay(page).locator("pre").text_content() == (
        "reportgen[RG007]: other.txt:3:7: there is no figure <b>'x'</b>\nwrong <img src=x>"
    )
    assert overlay(page).get_attribute("role") == "alert"
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate("scrollY") == 1000
    assert top(page, "Paragraph 0 ") < 0
    source.write("other", "right")
    overlay(page).wait_for(state="hidden")


@pytest.mark.parametrize("how", ["key", "button"])
def test_an_error_can_be_hidden_and_comes_back_when_it_comes_again(
    look: Callable[..., Page], source: Pages, address: str, how: str
) -> None:
    page = look(address)
    built(page)
    source.write("other", "wrong")
    overlay(page).wait_for()

    if how == "key":
        page.keyboard.press("Escape")
    else:
        overlay(page).get_by_role("button").click()
    overlay(page).wait_for(state="hidden")
    page.wait_for_timeout(200)
    assert overlay(page).is_hidden()

    source.write("index", "another")
    overlay(page).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_error_can_be_read_by_everyone(
    look: Callable[..., Page], source: Pages, address: str, scheme: str, axe: str
) -> None:
    page = look(address, color_scheme=scheme)
    built(page)
    source.write("other", "wrong\n" + "a line\n" * 100)
    overlay(page).wait_for()

    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    checked = page.evaluate(
        "axe.run(document.querySelector('reportgen-preview'), {runOnly: ['color-contrast']}).then(r => r.passes.length)"
    )

    mistakes = [(each["id"], [node["html"][:100] for node in each["nodes"]]) for each in found["violations"]]
    assert mistakes == []
    assert checked, "axe did not look at the colours of the overlay"


def test_the_first_page_tells_how_far_the_build_is_and_goes_to_what_was_asked_for(
    look: Callable[..., Page], source: Pages, address: str, tmp_path: Path
) -> None:
    source = Pages(tmp_path / "slow")
    source.write("index", "<p>done</p>")
    source.hold.clear()
    with running(source) as address:
        page = look(address)
        until(page, "() => document.getElementById('reportgen-step').textContent === 'train 120 of 180'")

        source.hold.set()

        until(page, "() => document.body.textContent.includes('done')")


def test_the_first_page_tells_why_there_is_no_page(look: Callable[..., Page], tmp_path: Path) -> None:
    source = Pages(tmp_path / "first")
    source.write("index", "wrong")
    with running(source) as address:
        page = look(address)
        overlay(page).wait_for()
        assert "Nothing has been built yet" in overlay(page).text_content()

        source.write("index", "<p>right</p>")

        until(page, "() => document.body.textContent.includes('right')")


def test_without_scripts_the_first_page_loads_itself_again(look: Callable[..., Page], tmp_path: Path) -> None:
    source = Pages(tmp_path / "plain")
    source.write("index", "<p>done</p>")
    source.hold.clear()
    with running(source) as address:
        page = look(address, java_script_enabled=False)
        assert page.title() == "Building pages"

        source.hold.set()

        page.get_by_text("done").wait_for()


def test_a_page_that_was_built_again_elsewhere_is_shown_once_the_server_is_back(
    look: Callable[..., Page], source: Pages
) -> None:
    with running(source) as address:
        page = look(address)
        built(page)
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


def test_a_page_that_went_away_comes_back(look: Callable[..., Page], source: Pages, address: str) -> None:
    page = look(address + "other.html")
    built(page)
    (source.folder / "other.txt").unlink()
    until(page, "() => document.title === 'Not found'")

    source.write("other", "<p>back</p>")

    until(page, "() => document.body.textContent.includes('back')")


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


@pytest.mark.parametrize("count", [1, 150])
def test_an_edit_is_seen_in_less_than_a_second(look: Callable[..., Page], tmp_path: Path, count: int) -> None:
    source = Pages(tmp_path / "many")
    for i in range(count):
        source.write("index" if i == 0 else f"post-{i}", prose(PARAGRAPHS))
    took = []
    with running(source) as address:
        shown = look(address)
        built(shown)
        for i in range(7):
            shown.wait_for_timeout(150 + 13 * i)
            began = time.monotonic()
            source.write("index", prose([f"<p>edit {i}.</p>", *PARAGRAPHS]))
            until(shown, "text => document.body && document.body.textContent.includes(text)", f"edit {i}.")
            took.append(time.monotonic() - began)

    print(f"{count} files: median {statistics.median(took):.2f} s, longest {max(took):.2f} s")
    assert statistics.median(took) < 1


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
