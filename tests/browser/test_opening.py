"""The first screen and the figure that the text moves, in a browser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def post(shared_folder: Path, cache: Path, small_experiment: Any) -> Path:
    """A report of the first screen and the figure, from runs that come to rest."""
    import reportgen
    from reportgen.experiment import Runs

    e = dataclasses.replace(
        small_experiment,
        abstract="Why this was done.",
        author="Jo Doe",
        sections=("opening", "watch"),
        training=dataclasses.replace(small_experiment.training, epochs=100, schedule="linear"),
        recording=dataclasses.replace(small_experiment.recording, every=40),
        runs=Runs(count=3),
    )
    out = shared_folder / "opening"
    reportgen.build(e, out, cache=cache)
    return out / "report.html"


@pytest.fixture
def still(visit: Open, post: Path) -> Open:
    """A function that opens the report for a reader who wants no movement."""
    return lambda **options: visit(post, **{"reduced_motion": "reduce"} | options)


def count(page: Page, side: int) -> int:
    return int(page.locator(".hero .count b").nth(side).inner_text())


def picture(page: Page, selector: str) -> str:
    drawn: str = page.eval_on_selector(selector, "canvas => canvas.toDataURL()")
    return drawn


def scene(page: Page) -> str | None:
    return page.locator("#figure-watch").get_attribute("data-shown")


def test_it_plays_at_once_and_says_what_l1_and_l2_leave(visit: Open, post: Path) -> None:
    page = visit(post)
    assert page.locator(".hero").evaluate("hero => hero.classList.contains('playing')")
    # It begins from the random weights, over and over.
    until(page, "document.querySelector('.hero .count span').textContent === 'step 0 of 4,000'", timeout=20)
    first = picture(page, ".hero .drawn")
    page.wait_for_timeout(1500)
    assert picture(page, ".hero .drawn") != first
    until(page, "Number(document.querySelector('.hero .count b').textContent) > 150", timeout=20)
    assert count(page, 1) == 0
    page.locator(".hero .toggle").click()
    page.wait_for_timeout(100)
    paused = picture(page, ".hero .drawn")
    page.wait_for_timeout(400)
    assert picture(page, ".hero .drawn") == paused


def test_the_slider_trains_again_from_the_keyboard_and_by_touch(still: Open) -> None:
    page = still()
    assert page.locator(".hero.playing").count() == 0, "no movement unasked"
    slider = page.locator(".hero input")
    assert page.locator(".hero output").inner_text() == "0.3"
    most = count(page, 0)
    assert most > 150
    slider.focus()
    page.keyboard.press("Home")
    until(page, "document.querySelector('.hero').dataset.trained === '2'")
    assert page.locator(".hero output").inner_text() == "0"
    assert slider.get_attribute("aria-valuetext") == "0"
    assert count(page, 0) == 0
    page.keyboard.press("End")
    until(page, "document.querySelector('.hero').dataset.trained === '3'")
    page.wait_for_timeout(100)
    assert count(page, 0) > most
    page.locator(".hero .toggle").click()
    until(page, "document.querySelector('.hero').classList.contains('playing')")

    page = still(viewport={"width": 360, "height": 740}, has_touch=True)
    box = page.locator(".hero input").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 740, "on the first screen"
    assert box["height"] >= 24
    page.touchscreen.tap(box["x"] + 4, box["y"] + box["height"] / 2)
    until(page, "document.querySelector('.hero output').textContent === '0'")


def test_the_figure_is_on_the_first_screen_below_author_minutes_and_abstract(still: Open) -> None:
    page = still()
    box = page.locator(".hero").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 900
    assert re.search(r"Jo Doe.*\d+ minutes?", " ".join(page.locator(".facts").inner_text().split()))
    top = page.evaluate("document.querySelector('.lede').getBoundingClientRect().bottom")
    assert top <= box["y"]


def test_without_scripts_there_are_stills_of_both_and_of_every_step(visit: Open, post: Path) -> None:
    page = visit(post, java_script_enabled=False)
    assert page.locator(".hero .net:visible").count() == 2
    assert page.locator(".hero .dial:visible, .hero canvas:visible, .stage:visible").count() == 0
    steps = page.locator(".scenes > li")
    assert steps.count() >= 4
    for step in steps.all():
        assert step.locator("svg:visible").count() == 2
    dead = page.locator(".hero .side:first-child .dead").count()
    assert dead > 10


def test_scrolling_keys_and_buttons_move_the_figure(still: Open) -> None:
    page = still()
    names = page.eval_on_selector_all(".scenes > li", "all => all.map(text => text.dataset.scene)")
    assert {"start", "early"} < set(names)
    assert scene(page) == "start"
    seen = [picture(page, ".stage .canvas")]
    for i, name in enumerate(names[1:], 1):
        page.locator(".scenes > li").nth(i).evaluate(
            "text => scrollBy({ top: text.getBoundingClientRect().top - innerHeight * 0.45, behavior: 'instant' })"
        )
        until(page, f"document.querySelector('#figure-watch').dataset.shown === '{name}'")
        page.wait_for_timeout(80)
        seen.append(picture(page, ".stage .canvas"))
    assert len(set(seen)) == len(seen), "each step shows something else"

    page.locator(".stage .back").click()
    assert scene(page) == names[-2]
    page.locator(".stage .canvas").focus()
    page.keyboard.press("Home")
    assert scene(page) == names[0]
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert scene(page) == names[1], "and scrolling agrees"
    current = page.locator(".scenes > .current").get_attribute("data-scene")
    assert current == names[1]
    assert page.locator(".stage .place").inner_text() == f"2 of {len(names)}"


def test_another_run_says_that_the_text_is_about_the_median(still: Open) -> None:
    page = still()
    labels = page.locator(".stage .run option").all_inner_texts()
    assert [re.fullmatch(r"run \d: (\d)(?:st|nd|rd) of 3( \(median\))?", label).groups() for label in labels] == [  # type: ignore[union-attr]
        ("2", " (median)"),
        ("1", None),
        ("3", None),
    ]
    before = picture(page, ".stage .canvas")
    assert page.locator(".stage .whose:visible").count() == 0
    page.locator(".stage .run").select_option(index=1)
    page.wait_for_timeout(200)
    assert picture(page, ".stage .canvas") != before
    whose = f"The text is about the median, {labels[0].removesuffix(' (median)')}."
    assert page.locator(".stage .whose").inner_text() == whose
    page.locator(".stage .run").select_option(index=0)
    assert page.locator(".stage .whose:visible").count() == 0


def test_on_a_telephone_the_figure_stays_on_top_and_moves_where_motion_is_welcome(visit: Open, post: Path) -> None:
    page = visit(post, viewport={"width": 360, "height": 740}, has_touch=True)
    step = page.locator(".scenes > li").nth(2)
    step.evaluate(
        "text => scrollBy({ top: text.getBoundingClientRect().top - innerHeight * 0.7, behavior: 'instant' })"
    )
    until(page, "document.querySelector('.scenes > .current') === document.querySelectorAll('.scenes > li')[2]")
    box = page.locator(".stage").bounding_box()
    assert box
    assert abs(box["y"]) < 2
    assert box["height"] < 0.5 * 740
    early = picture(page, ".stage .canvas")
    page.wait_for_timeout(700)
    assert picture(page, ".stage .canvas") != early


def test_a_guess_is_answered_from_the_keyboard(visit: Open, post: Path) -> None:
    for scripts in (True, False):
        page = visit(post, java_script_enabled=scripts)
        answers = page.locator(".guess .answer")
        assert [answer.is_visible() for answer in answers.all()] == [False, False]
        page.locator("input[name=guess-l1]").first.focus()
        page.keyboard.press("Space")
        assert answers.first.is_visible()
        right = page.locator("input[name=guess-l1].right").is_checked()
        assert answers.first.locator(".yes").is_visible() == right
        assert answers.first.locator(".no").is_visible() != right
        page.keyboard.press("ArrowRight")
        assert answers.first.locator(".yes").is_visible() != right
        assert not answers.nth(1).is_visible()


def test_readers_of_every_kind_are_served(post: Path, still: Open, faults: Any, html_mistakes: Any) -> None:
    assert html_mistakes(post) == []
    assert faults(still()) == []
