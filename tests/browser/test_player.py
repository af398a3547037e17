"""The players of a built report in a browser: what they draw, and every way to steer them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser.waiting import until

from reportgen.figures import style
from reportgen.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from reportgen.experiment import Experiment
    from reportgen.trajectory import Trajectory

Open = Callable[..., "Page"]

TELEPHONE = {"width": 360, "height": 740}


class Figure:
    """A player on a page, as a reader meets it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.root = page.locator(f"#figure-{name}")
        self.canvas = self.part("canvas")
        self.slider = self.part("position")
        self.come()
        until(page, f"document.querySelector('#figure-{name} .step').textContent")
        self.settle()

    def part(self, name: str) -> Locator:
        return self.root.locator(f".player .{name}")

    @property
    def step(self) -> int:
        return int(re.sub(r"\D", "", self.part("step").inner_text()))

    @property
    def reading(self) -> str:
        return self.part("reading").inner_text()

    @property
    def playing(self) -> bool:
        return self.part("toggle").get_attribute("aria-label") == "Pause"

    def come(self) -> None:
        """Scroll the page so that the figure is in its middle."""
        self.root.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def go(self, record: int) -> None:
        self.slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input')); }", record)
        self.settle()

    def choose(self, kind: str, label: str) -> None:
        self.part(kind).select_option(label=label)
        self.page.wait_for_timeout(150)
        self.settle()

    def cells(self) -> list[dict[str, Any]]:
        """Every cell drawn: its layer, row and column, its centre, and the colour there."""
        found: list[dict[str, Any]] = self.canvas.evaluate(
            """async (canvas) => {
                const { weights } = plots;
                const drawn = [];
                plots.weights = (context, ...rest) => {
                  const places = weights(context, ...rest);
                  if (context.canvas === canvas) drawn.push(places);
                  return places;
                };
                const frame = () => new Promise(done => requestAnimationFrame(done));
                canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: -9, clientY: -9 }));
                const slider = canvas.parentElement.querySelector('.position');
                const value = slider.valueAsNumber;
                for (const place of [value ? value - 1 : 1, value]) {
                  drawn.length = 0;
                  slider.value = place;
                  slider.dispatchEvent(new Event('input'));
                  await frame(); await frame();
                }
                plots.weights = weights;
                const ratio = canvas.width / canvas.clientWidth;
                const context = canvas.getContext('2d');
                return drawn.flatMap((places, panel) => places.flatMap((place) => {
                  const cells = [];
                  for (let row = 0; row < place.rows; row += 1) {
                    for (let column = 0; column < place.columns; column += 1) {
                      const x = place.x + (column + 0.5) * place.width / place.columns;
                      const y = place.y + (row + 0.5) * place.height / place.rows;
                      const colour = [...context.getImageData(x * ratio, y * ratio, 1, 1).data.slice(0, 3)];
                      cells.push({ panel, layer: place.layer, row, column, x, y, colour });
                    }
                  }
                  return cells;
                }));
            }"""
        )
        return found


@pytest.fixture
def still(visit: Open, report: Path) -> Open:
    """A function that opens the report for a reader who wants no movement, so that only the test moves anything."""
    return lambda file="index.html", **options: visit(report / file, **{"reduced_motion": "reduce"} | options)


@pytest.fixture(scope="session")
def recorded(report: Path, cache: Path, small_experiment: Experiment) -> Callable[[str, int], Trajectory]:
    """What the store holds of a run of an arm."""
    arms = {arm.label: arm for arm in small_experiment.arms}

    def recorded(arm: str, run: int = 0) -> Trajectory:
        found = Store(cache).get(small_experiment.arm_runs(arms[arm])[run])
        assert found
        return found

    return recorded


# What it draws


def levels() -> np.ndarray:
    return (style.SIGNED(np.arange(style.SIGNED.N), bytes=True)[:, :3]).astype(int)


@pytest.mark.parametrize("file", ["index.html", "report.html"])
def test_cells_have_the_colours_of_the_recorded_weights(still: Open, recorded: Any, file: str) -> None:
    figure = Figure(still(file), "weights-l1")

    def check(trajectory: Trajectory, record: int) -> None:
        figure.go(record)
        assert figure.step == trajectory.steps[record]
        limit = max(np.abs(k).max() for k in trajectory.kernels)
        cells = figure.cells()
        assert len(cells) == sum(k[0].size for k in trajectory.kernels)
        for cell in cells:
            w = trajectory.kernels[cell["layer"]][record, cell["row"], cell["column"]]
            level = min(100, int((w / limit + 1) / 2 * 101))
            near = levels()[level : level + 1] if w == 0 else levels()[max(0, level - 1) : level + 2]
            assert np.abs(near - cell["colour"]).max(axis=1).min() <= 1, (cell, w)

    last = len(recorded("L1").steps) - 1
    for record in (0, last // 2, last):
        check(recorded("L1"), record)
    figure.choose("run", "2")
    check(recorded("L1", 1), last // 3)
    figure.choose("arm", "L1, proximal")
    check(recorded("L1, proximal", 1), last)
    assert any((k[-1] == 0).any() for k in recorded("L1, proximal", 1).kernels)
    figure.choose("arm", "L2")
    check(recorded("L2", 1), last)


def test_pointing_at_a_cell_reads_its_weight(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "weights-l2")

    def check(trajectory: Trajectory, record: int) -> None:
        figure.go(record)
        box = figure.canvas.bounding_box()
        assert box
        for cell in figure.cells()[::17]:
            figure.page.mouse.move(box["x"] + cell["x"], box["y"] + cell["y"])
            figure.settle()
            place = f"layer {cell['layer'] + 1}, input {cell['row'] + 1} → output {cell['column'] + 1}: "
            assert figure.reading.startswith(place)
            said = float(figure.reading.removeprefix(place).replace("−", "-"))
            w = trajectory.kernels[cell["layer"]][record, cell["row"], cell["column"]]
            assert said == pytest.approx(w, abs=1.5e-4)
        figure.page.mouse.move(box["x"] - 5, box["y"])
        figure.settle()
        assert figure.reading == ""

    check(recorded("L2"), 7)
    figure.choose("run", "3")
    check(recorded("L2", 2), 20)
    figure.choose("arm", "no penalty")
    check(recorded("no penalty", 2), 3)


def test_a_weight_that_was_put_out_reads_exactly_zero(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "weights-l1-proximal")
    record = len(recorded("L1, proximal").steps) - 1
    layer, row, column = next(
        (layer, *map(int, np.argwhere(k[record] == 0)[0]))
        for layer, k in enumerate(recorded("L1, proximal").kernels)
        if (k[record] == 0).any()
    )
    cell = next(c for c in figure.cells() if (c["layer"], c["row"], c["column"]) == (layer, row, column))

    figure.canvas.hover(position={"x": cell["x"], "y": cell["y"]})
    figure.settle()

    assert figure.reading == f"layer {layer + 1}, input {row + 1} → output {column + 1}: exactly 0"


def test_the_line_is_the_function_of_the_recorded_weights(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "fit-l2")

    for record in (0, 5, 20):
        figure.go(record)
        for share in (0.3, 0.6, 0.9):
            width = figure.canvas.bounding_box()["width"]  # type: ignore[index]
            figure.canvas.hover(position={"x": share * width, "y": 120})
            figure.settle()
            x, y = (
                float(number.replace("−", "-"))
                for number in re.findall(r"[−\d.]+", figure.reading.replace(",", " ").replace("output", ""))
            )
            expected = recorded("L2").predict(np.array([[x]]), record)[0, 0]
            assert y == pytest.approx(expected, rel=0.01, abs=0.05), figure.reading


def test_two_panels_show_each_its_own_training(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "weights-side-by-side")
    figure.go(10)
    by_panel = {arm: recorded(arm).kernels for arm in ("L1", "L2")}
    limit = max(np.abs(k).max() for kernels in by_panel.values() for k in kernels)

    for cell in figure.cells()[::7]:
        arm = ("L1", "L2")[cell["panel"]]
        w = by_panel[arm][cell["layer"]][10, cell["row"], cell["column"]]
        level = min(100, int((w / limit + 1) / 2 * 101))
        near = levels()[max(0, level - 1) : level + 2]
        assert np.abs(near - cell["colour"]).max(axis=1).min() <= 1
        if cell["row"] == cell["column"] == 0:
            figure.canvas.hover(position={"x": cell["x"], "y": cell["y"]})
            figure.settle()
            assert figure.reading.startswith(f"{arm}: layer {cell['layer'] + 1}, input 1 → output 1: ")
    assert not figure.part("arm").is_visible()


# Steering it


def test_everything_can_be_done_from_the_keyboard(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "weights-l1")
    press = figure.page.keyboard.press
    figure.root.locator("xpath=preceding::a[1]").focus()

    def tab_to(what: Locator) -> None:
        press("Tab")
        assert what.evaluate("e => e === document.activeElement")

    def tap(key: str) -> None:
        press(key)
        figure.settle()

    tab_to(figure.canvas)
    tap("ArrowRight")
    assert figure.reading.startswith("layer 1, input 1 → output 1: ")
    tap("ArrowRight")
    assert figure.reading.startswith("layer 1, input 1 → output 2: ")
    for _ in range(9):
        tap("ArrowRight")
    assert figure.reading.startswith("layer 2, input 1 → output 1: ")
    tap("ArrowDown")
    assert figure.reading.startswith("layer 2, input 2 → output 1: ")
    tap("ArrowLeft")
    assert figure.reading.startswith("layer 1, input 1 → output 10: ")
    tap("Escape")
    assert figure.reading == ""
    tap("Space")
    assert figure.playing
    tap("Space")
    assert not figure.playing
    figure.go(20)
    last = figure.step
    tab_to(figure.part("toggle"))
    tap("Space")
    assert figure.playing
    figure.page.wait_for_timeout(300)
    tap("Space")
    assert not figure.playing
    assert 0 < figure.step < last
    tab_to(figure.part("back"))
    before = figure.step
    tap("Enter")
    assert figure.step == before - 12
    tab_to(figure.slider)
    tap("Home")
    assert figure.step == 0
    tap("ArrowRight")
    assert figure.step == 12
    assert figure.slider.get_attribute("aria-valuetext") == "step 12"
    tab_to(figure.part("forward"))
    tap("Enter")
    assert figure.step == 24
    tab_to(figure.part("arm"))
    tap("ArrowDown")
    tab_to(figure.part("run"))
    tap("ArrowDown")
    assert figure.part("run").input_value() == "1"
    tab_to(figure.part("speed"))
    tap("ArrowDown")
    assert figure.part("speed").input_value() == "2"


def test_a_step_and_a_run_are_those_of_all_players(still: Open) -> None:
    page = still()
    first, second = Figure(page, "weights-l1"), Figure(page, "fit-side-by-side")

    first.go(7)
    first.choose("run", "3")

    assert {int(value) for value in page.eval_on_selector_all(".player .position", "all => all.map(e => e.value)")} == {
        7
    }
    assert first.step == second.step == 84
    assert second.part("run").input_value() == "2"


def test_speed_is_how_fast_it_plays(still: Open) -> None:
    figure = Figure(still(), "weights-l1")
    last = figure.step

    figure.choose("speed", "4×")
    figure.part("toggle").click()

    until(figure.page, "document.querySelector('#figure-weights-l1 .step').textContent !== 'step 240'")
    figure.page.wait_for_timeout(1600)
    assert (figure.playing, figure.step) == (False, last)


# When it moves


def test_it_plays_once_when_it_comes_into_view_and_stops_within_five_seconds(visit: Open, report: Path) -> None:
    page = visit(report / "index.html")
    assert page.evaluate("document.querySelector('.playing')") is None

    figure = Figure(page, "weights-l1")
    figure.come()

    page.wait_for_selector("#figure-weights-l1 .playing", timeout=2000)
    until(page, "!document.querySelector('.playing')", timeout=5)
    assert figure.step == 240
    page.evaluate("window.scrollTo({ top: 0, behavior: 'instant' })")
    page.wait_for_timeout(200)
    figure.come()
    page.wait_for_timeout(400)
    assert not figure.playing


def test_nothing_starts_by_itself_once_a_reader_has_taken_over(visit: Open, report: Path) -> None:
    page = visit(report / "index.html")
    figure = Figure(page, "weights-l1")
    figure.part("back").click()
    step = figure.step

    Figure(page, "weights-side-by-side")

    page.wait_for_timeout(500)
    assert page.query_selector(".playing") is None
    assert figure.step == step


def test_pausing_all_animations_pauses_players_too(visit: Open, report: Path) -> None:
    page = visit(report / "index.html")
    figure = Figure(page, "weights-l1")
    page.wait_for_selector(".playing", timeout=2000)

    page.get_by_label("Pause all animations").check()

    figure.settle()
    assert page.query_selector(".playing") is None
    assert figure.step < 240


def test_readers_who_want_no_movement_start_it_themselves(still: Open) -> None:
    figure = Figure(still(), "weights-l1")
    figure.page.wait_for_timeout(500)
    assert (figure.playing, figure.step) == (False, 240)

    figure.part("toggle").click()

    figure.page.wait_for_timeout(200)
    assert figure.playing


# Where it is shown


def test_the_page_does_not_jump_while_players_come_and_go(still: Open) -> None:
    page = still(viewport=TELEPHONE)
    height = "document.documentElement.scrollHeight"
    before = page.evaluate(height)

    for figure in ("weights-none", "fit-l2", "weights-side-by-side"):
        Figure(page, figure)

    assert page.evaluate(height) == before


def test_it_takes_the_place_of_the_gif_and_makes_no_request(report: Path, visit: Open) -> None:
    said: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if "weights-l1" in request.url else None)

    page = visit(report / "index.html", listen)
    Figure(page, "weights-l1").choose("run", "2")

    shown = page.locator("#figure-weights-l1 img:visible, #figure-weights-l1 .pause:visible").count()
    assert shown == 0
    # The poster is there for paper.
    assert [line for line in said if not line.endswith(".png")] == []


def test_without_scripts_the_gif_remains(visit: Open, report: Path) -> None:
    page = visit(report / "index.html", java_script_enabled=False)

    assert page.locator("#figure-weights-l1 .moving").is_visible()
    assert page.locator(".player").count() == 0


@pytest.mark.parametrize("trouble", ["old browser", "damaged data"])
def test_where_it_cannot_work_the_gif_remains(trouble: str, visit: Open, report: Path, tmp_path: Path) -> None:
    html = (report / "report.html").read_text("utf-8")
    if trouble == "old browser":
        html = html.replace("<head>", "<head><script>delete window.DecompressionStream;</script>", 1)
    else:
        html = re.sub(r'"weights":"[^"]{40}', '"weights":"' + "A" * 40, html)
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    problems: list[str] = []

    page = visit(file, lambda page: page.on("pageerror", lambda error: problems.append(str(error))))
    page.wait_for_timeout(500)

    assert problems == []
    assert page.locator("#figure-weights-l1 .moving").is_visible()
    assert page.locator(".player").count() == 0


def test_dark_pages_have_dark_players_at_once(still: Open) -> None:
    figure = Figure(still(), "weights-l1")
    card = "c => getComputedStyle(c.parentElement).backgroundColor"
    assert figure.canvas.evaluate(card) == "rgb(255, 255, 255)"

    figure.page.emulate_media(color_scheme="dark")
    figure.settle()

    assert figure.canvas.evaluate(card) == "rgb(20, 23, 28)"
    assert [20, 23, 28] in [cell["colour"] for cell in figure.cells()]


@pytest.mark.parametrize("width", [320, 360])
def test_on_a_telephone_panels_stand_below_each_other_and_targets_are_large(still: Open, width: int) -> None:
    page = still(viewport=TELEPHONE | {"width": width}, has_touch=True)
    figure = Figure(page, "weights-side-by-side")

    first, second = (min(c["y"] for c in figure.cells() if c["panel"] == panel) for panel in (0, 1))
    assert second > first + 150
    for target in figure.root.locator("button, select, input").all():
        box = target.bounding_box()
        if box:
            assert min(box["width"], box["height"]) >= 24
            assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cell = figure.cells()[0]
    box = figure.canvas.bounding_box()
    assert box
    figure.canvas.scroll_into_view_if_needed()
    figure.canvas.tap(position={"x": cell["x"], "y": cell["y"]})
    figure.settle()
    assert figure.reading.startswith("L1: layer 1, input 1 → output 1: ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_player_in_use(still: Open, axe: str, scheme: str) -> None:
    figure = Figure(still(color_scheme=scheme), "weights-l1")
    figure.canvas.focus()
    figure.page.keyboard.press("ArrowRight")
    figure.go(3)

    figure.page.evaluate(axe)
    found = figure.page.evaluate("axe.run('.player', { resultTypes: ['violations'] })")

    assert [f"{v['id']}: {n['html'][:200]}" for v in found["violations"] for n in v["nodes"]] == []


def test_scripts_add_nothing_to_the_window(still: Open, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_text("<!DOCTYPE html><title>Empty</title>")
    page = still()
    empty = page.context.new_page()
    empty.goto((tmp_path / "empty.html").as_uri())

    names = "Object.getOwnPropertyNames(window).filter(name => isNaN(name))"
    assert set(page.evaluate(names)) == set(empty.evaluate(names))
