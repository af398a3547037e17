"""The figures that a reader moves: their mathematics against Python's, and their use by mouse, keys and touch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.polynomial import legendre

import reportgen
from reportgen.experiment import Runs
from reportgen.experiment.file import parse, shipped
from reportgen.sections.kinds.penalties import _DUEL, random_losses
from reportgen.statistics.plane import least_cost
from reportgen.store.keys import template_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
EXPERIMENT = dataclasses.replace(
    parse(shipped()), sections=("overfitting", "penalties"), reading=(), runs=Runs(count=2)
)


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The report of an experiment that has these sections alone."""
    folder = tmp_path_factory.mktemp("geometry")
    reportgen.build(EXPERIMENT, folder, cache=cache)
    return folder / "report.html"


@pytest.fixture
def moving(article: Path, visit: Open) -> Iterator[Callable[..., Page]]:
    """A function that opens the page, which must get by without an error."""
    errors: list[Any] = []
    yield lambda **options: visit(
        article, lambda page: page.on("pageerror", lambda error: errors.append(error)), **options
    )
    assert errors == []


def test_the_page_computes_what_python_does(browser: Browser) -> None:
    page = browser.new_page()
    for name in ("plots.js", "geometry.js"):
        page.add_script_tag(content=(template_folder() / "static" / name).read_text("utf-8"))
    rng = np.random.default_rng(0)

    coefficients, x = rng.normal(size=16), np.linspace(-1, 1, 9)
    drawn = page.evaluate("([c, x]) => x.map((at) => geometry.polynomial(c, at))", [coefficients.tolist(), x.tolist()])
    np.testing.assert_allclose(drawn, legendre.legval(x, coefficients), atol=1e-12)

    weights, (minima, curvatures), strengths = rng.normal(size=20), random_losses(20), rng.uniform(0, 1.5, 20)
    for name, kind in _DUEL.items():
        stepped = page.evaluate(f"w => w.map((w) => geometry.steps.{name}(w, 0.3))", weights.tolist())
        np.testing.assert_allclose(stepped, kind().prox(weights[:, None, None], 0.3, np).ravel(), atol=1e-12)
        losses = [
            {"loss": {"minimum": m.tolist(), "curvature": c.tolist()}, "strength": float(strength)}
            for m, c, strength in zip(minima, curvatures, strengths, strict=True)
        ]
        solved = page.evaluate(
            f"all => all.map(({{ loss, strength }}) => geometry.solve.{name}(loss, strength))", losses
        )
        expected = least_cost(kind(), minima, curvatures, strengths)
        np.testing.assert_allclose(solved, expected, atol=1e-9)
        assert np.array_equal(np.equal(solved, 0), expected == 0)
    page.close()


def said(page: Page, figure: str) -> str:
    return page.locator(f"#figure-{figure} output").inner_text()


def settle(page: Page) -> None:
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def picture(page: Page, figure: str) -> bytes:
    settle(page)
    return page.locator(f"#figure-{figure} svg.plot").screenshot()


def test_the_curve_calms_down_by_keys(moving: Callable[..., Page]) -> None:
    page = moving()
    wild = picture(page, "overfitting")
    assert "passes through every sample" in said(page, "overfitting")

    page.locator("#overfitting-strength").focus()
    page.keyboard.press("End")
    assert "Too strong" in said(page, "overfitting")
    stiff = picture(page, "overfitting")
    for _ in range(39):
        page.keyboard.press("ArrowLeft")
        if "About right" in said(page, "overfitting"):
            break
    assert "About right" in said(page, "overfitting")
    assert len({wild, stiff, picture(page, "overfitting")}) == 3

    page.locator("#overfitting-strength").focus()
    page.keyboard.press("Home")
    assert picture(page, "overfitting") == wild

    page.get_by_label("L1", exact=True).check()
    page.locator("#overfitting-strength").focus()
    page.keyboard.press("End")
    assert "; 0 of 15 terms are not zero" in said(page, "overfitting")


def test_lambda_is_dragged_along_the_errors(moving: Callable[..., Page]) -> None:
    page = moving()
    page.locator("#figure-overfitting").scroll_into_view_if_needed()
    box = page.locator("#figure-overfitting svg.plot").bounding_box()
    assert box
    y = box["y"] + box["height"] - 30
    page.mouse.move(box["x"] + 40, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, y, steps=4)
    page.mouse.up()
    assert page.locator("#overfitting-strength").input_value() == "39"
    # A press on the curve itself changes nothing.
    page.mouse.click(box["x"] + 60, box["y"] + 80)
    assert page.locator("#overfitting-strength").input_value() == "39"


def test_the_weight_is_dragged_and_moved_by_keys(moving: Callable[..., Page]) -> None:
    page = moving()
    page.locator("#figure-one-weight").scroll_into_view_if_needed()
    assert "arrives at exactly 0 after 30 steps" in said(page, "one-weight")
    page.locator("#one-weight-start").focus()
    page.keyboard.press("ArrowLeft")
    assert "arrives at exactly 0 after 29 steps" in said(page, "one-weight")

    box = page.locator("#figure-one-weight svg.plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + 34, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 34, box["y"] + box["height"] - 40, steps=4)
    page.mouse.up()
    assert float(page.locator("#one-weight-start").input_value()) < 0.5


def handle(page: Page, panel: int = 0) -> tuple[float, float]:
    box = page.locator("#figure-meeting .halo").nth(panel).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("panel", [0, 1])
def test_the_best_fit_is_dragged_and_both_panels_follow(moving: Callable[..., Page], panel: int) -> None:
    page = moving()
    page.locator("#figure-meeting").scroll_into_view_if_needed()
    assert said(page, "meeting").count("one weight is exactly zero") == 1
    before = [handle(page, i) for i in range(2)]

    x, y = before[panel]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=5)
    page.mouse.up()
    settle(page)

    for was, now in zip(before, [handle(page, i) for i in range(2)], strict=True):
        np.testing.assert_allclose(np.subtract(now, was), (40, 30), atol=2)
    assert page.locator("#figure-meeting .tally").inner_text().startswith("1 loss so far")
    # A drag that begins elsewhere moves nothing.
    x, y = handle(page, panel)
    page.mouse.move(x, y + 60)
    page.mouse.down()
    page.mouse.move(x, y + 90)
    page.mouse.up()
    assert handle(page, panel) == (x, y)


def test_the_best_fit_moves_by_keys_and_random_losses_are_counted(moving: Callable[..., Page]) -> None:
    page = moving()
    plane = page.locator("#figure-meeting svg.plot")
    plane.focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    settle(page)
    assert "Best fit at (−2.30, 1.90)" in (plane.get_attribute("aria-label") or "")

    page.locator("#meeting-strength").focus()
    page.keyboard.press("Home")
    assert said(page, "meeting").count("(−2.30, 1.90), no weight is exactly zero") == 2
    page.keyboard.press("End")
    assert "both weights are exactly zero" not in said(page, "meeting").split("L2:")[1]

    for _ in range(12):
        page.get_by_role("button", name="Another loss").click()
    tally = page.locator("#figure-meeting .tally").inner_text()
    assert tally.startswith("12 losses so far")
    assert tally.endswith("L2 in 0.")


def test_a_finger_drags_the_best_fit_without_scrolling(moving: Callable[..., Page]) -> None:
    page = moving(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("#figure-meeting").scroll_into_view_if_needed()
    settle(page)
    touch = page.context.new_cdp_session(page)

    def drag(x: float, y: float, by: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for share in (0.3, 0.6, 1.0):
            point = {"x": x + share * by[0], "y": y + share * by[1]}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)

    before, top = said(page, "meeting"), page.evaluate("scrollY")
    x, y = handle(page)
    drag(x, y, (-30, 40))
    np.testing.assert_allclose(handle(page), (x - 30, y + 40), atol=2)
    assert said(page, "meeting") != before
    assert page.evaluate("scrollY") == top

    page.locator("#figure-overfitting").scroll_into_view_if_needed()
    settle(page)
    box = page.locator("#figure-overfitting svg.plot").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] - 30)
    assert page.locator("#overfitting-strength").input_value() == "39"


def test_letters_are_readable_on_a_telephone(moving: Callable[..., Page]) -> None:
    page = moving(viewport={"width": 360, "height": 740})
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg.plot text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert len(sizes) > 20
    assert min(sizes) >= 11
    outside = page.evaluate(
        "[...document.querySelectorAll('svg.plot text')].filter(t => { const b = t.getBoundingClientRect();"
        " return b.left < 0 || b.right > innerWidth }).map(t => t.textContent)"
    )
    assert outside == []


def test_without_scripts_stills_stand_in_their_place(moving: Callable[..., Page]) -> None:
    page = moving(java_script_enabled=False)

    for figure, stills in (("overfitting", 3), ("one-weight", 1)):
        assert page.locator(f"#figure-{figure} .still svg:visible").count() == stills
    assert page.locator("#figure-meeting .stills :is(img, svg):visible").count() == 1
    assert page.locator(".moved:visible").count() == 0


def test_nothing_moves_by_itself(moving: Callable[..., Page]) -> None:
    for motion in ("no-preference", "reduce"):
        page = moving(reduced_motion=motion)
        before = [picture(page, figure) for figure in ("overfitting", "one-weight", "meeting")]
        page.wait_for_timeout(400)
        assert [picture(page, figure) for figure in ("overfitting", "one-weight", "meeting")] == before


def test_it_serves_every_reader(moving: Callable[..., Page], faults: Callable[[Page], list[str]]) -> None:
    page = moving()
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert faults(page) == []


def test_paper_shows_the_three_curves_and_no_controls(moving: Callable[..., Page]) -> None:
    page = moving()
    page.emulate_media(media="print")
    assert page.locator("#figure-overfitting .still svg:visible").count() == 3
    assert page.locator(".moved :is(input, button):visible").count() == 0
    assert page.locator("#figure-meeting svg.plot:visible").count() == 1
