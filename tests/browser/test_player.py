"""The players of a built report in a browser: what they draw, and every way to steer them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser.waiting import until

from reportgen.pictures import style
from reportgen.store.keys import template_folder
from reportgen.store.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from reportgen.experiment import Experiment
    from reportgen.training.trajectory import Trajectory

Open = Callable[..., "Page"]


class Figure:
    """A player on a page, as a reader meets it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.root = page.locator(f"#figure-{name}")
        self.canvas = self.part("canvas")
        self.slider = self.part("position")
        self.come()
        until(page, f"document.querySelector('#figure-{name} .player')?.dataset.step !== undefined")
        self.settle()

    def part(self, name: str) -> Locator:
        """A part of the figure, or of the controls of its fold, or of its section if it is in none."""
        if name in ("canvas", "reading"):
            return self.root.locator(f".player .{name}")
        group = self.root.locator("xpath=ancestor::*[self::section or self::details][1]")
        return group.locator(f":scope > .controls .{name}")

    @property
    def step(self) -> int:
        step = int(self.root.locator(".player").get_attribute("data-step") or -1)
        assert self.part("step").inner_text() == f"step {step:,}"
        return step

    @property
    def reading(self) -> str:
        return self.part("reading").inner_text()

    @property
    def playing(self) -> bool:
        return self.part("toggle").get_attribute("aria-label") == "Pause"

    def come(self) -> None:
        """Open the fold that the figure is in, and scroll the page so that the figure is in its middle."""
        self.root.evaluate("e => e.closest('details')?.setAttribute('open', '')")
        self.root.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def go(self, record: int) -> None:
        self.slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input')); }", record)
        self.settle()

    def choose_run(self, place: int) -> None:
        self.part("run").select_option(index=place)
        self.page.wait_for_timeout(150)
        self.settle()

    def cells(self) -> list[dict[str, Any]]:
        """Every cell drawn: its layer, row and column, its center, and the color there."""
        script = """async (canvas) => {
          const { weights } = plots;
          const drawn = [];
          plots.weights = (context, ...rest) => {
            const places = weights(context, ...rest);
            if (context.canvas === canvas) drawn.push(places);
            return places;
          };
          const frame = () => new Promise(done => requestAnimationFrame(done));
          canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: -9, clientY: -9 }));
          const slider = canvas.closest('section, details').querySelector(':scope > .controls .position');
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
          return drawn.flatMap((places, panel) => places.flatMap((place) =>
            Array.from({ length: place.rows * place.columns }, (_, i) => {
              const row = Math.floor(i / place.columns), column = i % place.columns;
              const x = place.x + (column + 0.5) * place.width / place.columns;
              const y = place.y + (row + 0.5) * place.height / place.rows;
              const color = [...context.getImageData(x * ratio, y * ratio, 1, 1).data.slice(0, 3)];
              return { panel, layer: place.layer, row, column, x, y, color };
            })));
        }"""
        found: list[dict[str, Any]] = self.canvas.evaluate(script)
        return found


@pytest.fixture(scope="session")
def report(shared_folder: Path, cache: Path, small_experiment: Experiment) -> Path:
    """A report of the section with the most players, in place of one of all sections."""
    import reportgen

    out = shared_folder / "players"
    reportgen.build(dataclasses.replace(small_experiment, sections=("motion",)), out, cache=cache)
    return out


@pytest.fixture
def still(visit: Open, report: Path) -> Open:
    """A function that opens the report for a reader who wants no movement, so that only the test moves anything."""
    return lambda **options: visit(report / "index.html", **{"reduced_motion": "reduce"} | options)


@pytest.fixture(scope="session")
def recorded(report: Path, cache: Path, small_experiment: Experiment) -> Callable[[str, int], Trajectory]:
    """What the store holds of a run of an arm, by its place in the menu of runs."""
    arms = {arm.label: arm for arm in small_experiment.arms}
    shown = json.loads((report / "results.json").read_bytes())["findings"]["motion"]["run"] - 1
    order = [shown, *(run for run in range(small_experiment.runs.count) if run != shown)]

    def recorded(arm: str, place: int = 0) -> Trajectory:
        found = Store(cache).get(small_experiment.arm_runs(arms[arm])[order[place]])
        assert found
        return found

    return recorded


def near(w: float, limit: float) -> np.ndarray:
    """The colors that a weight may have: that of its level, and those beside it."""
    levels = (style.SIGNED(np.arange(style.SIGNED.N), bytes=True)[:, :3]).astype(int)
    level = min(100, int((w / limit + 1) / 2 * 101))
    return levels[level : level + 1] if w == 0 else levels[max(0, level - 1) : level + 2]


def test_cells_have_the_colors_of_the_recorded_weights_and_read_as_them(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "weights-l1")

    def check(trajectory: Trajectory, record: int) -> None:
        figure.go(record)
        assert figure.step == trajectory.steps[record]
        limit = max(np.abs(k).max() for k in trajectory.kernels)
        cells = figure.cells()
        assert len(cells) == sum(k[0].size for k in trajectory.kernels)
        box = figure.canvas.bounding_box()
        assert box
        for i, cell in enumerate(cells):
            w = trajectory.kernels[cell["layer"]][record, cell["row"], cell["column"]]
            assert np.abs(near(w, limit) - cell["color"]).max(axis=1).min() <= 1, (cell, w)
            if i % 17 == 0 or (w == 0 and i % 5 == 0):
                figure.page.mouse.move(box["x"] + cell["x"], box["y"] + cell["y"])
                figure.settle()
                place = f"layer {cell['layer'] + 1}, input {cell['row'] + 1} → output {cell['column'] + 1}: "
                assert figure.reading.startswith(place)
                said = figure.reading.removeprefix(place)
                zero.append(said) if w == 0 else None
                expected = 0 if said == "exactly 0" else float(said.replace("−", "-"))
                assert expected == pytest.approx(w, abs=1.5e-4)
        figure.page.mouse.move(box["x"] - 5, box["y"])
        figure.settle()
        assert figure.reading == ""

    zero: list[str] = []
    last = len(recorded("L1").steps) - 1
    check(recorded("L1"), 0)
    figure.choose_run(1)
    check(recorded("L1", 1), last // 3)
    check(recorded("L1", 1), last)
    assert zero
    assert set(zero) == {"exactly 0"}


def test_the_line_is_the_function_of_the_recorded_weights(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "fit-l2")
    for record in (0, 5, 20):
        figure.go(record)
        figure.canvas.hover(position={"x": 0.6 * figure.canvas.bounding_box()["width"], "y": 120})  # type: ignore[index]
        figure.settle()
        x, y = (float(number.replace("−", "-")) for number in re.findall(r"−?\d[\d.]*", figure.reading))
        assert y == pytest.approx(recorded("L2").predict(np.array([[x]]), record)[0, 0], rel=0.01, abs=0.05)


def test_everything_can_be_done_from_the_keyboard(still: Open) -> None:
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
    for key, place in [
        ("ArrowRight", "layer 1, input 1 → output 1: "),
        ("ArrowRight", "layer 1, input 1 → output 2: "),
        *[("ArrowRight", "layer ")] * 8,
        ("ArrowRight", "layer 2, input 1 → output 1: "),
        ("ArrowDown", "layer 2, input 2 → output 1: "),
        ("ArrowLeft", "layer 1, input 1 → output 10: "),
    ]:
        tap(key)
        assert figure.reading.startswith(place)
    tap("Escape")
    assert figure.reading == ""
    for _ in range(30):
        press("Tab")
        if figure.part("toggle").evaluate("e => e === document.activeElement"):
            break
    tap("Space")
    assert figure.playing
    tap("Space")
    assert not figure.playing
    figure.go(20)
    tab_to(figure.part("back"))
    tap("Enter")
    assert figure.step == 228
    tab_to(figure.slider)
    tap("Home")
    assert figure.step == 0
    tap("ArrowRight")
    assert figure.step == 12
    assert figure.slider.get_attribute("aria-valuetext") == "step 12"
    tab_to(figure.part("forward"))
    tap("Enter")
    assert figure.step == 24
    for name, value in {"run": "1", "speed": "2"}.items():
        tab_to(figure.part(name))
        tap("ArrowDown")
        assert figure.part(name).input_value() == value


def test_players_are_in_step_and_two_panels_show_each_its_own_training(still: Open, recorded: Any) -> None:
    page = still()
    first, second = Figure(page, "network"), Figure(page, "weights-side-by-side")
    first.go(10)
    by_panel = {arm: recorded(arm).kernels for arm in ("L1", "L2")}
    limit = max(np.abs(k).max() for kernels in by_panel.values() for k in kernels)

    assert second.step == 120
    for cell in second.cells()[::7]:
        arm = ("L1", "L2")[cell["panel"]]
        w = by_panel[arm][cell["layer"]][10, cell["row"], cell["column"]]
        assert np.abs(near(w or 1e-9, limit) - cell["color"]).max(axis=1).min() <= 1
        if cell["row"] == cell["column"] == 0:
            second.canvas.hover(position={"x": cell["x"], "y": cell["y"]})
            second.settle()
            assert second.reading.startswith(f"{arm}: layer {cell['layer'] + 1}, input 1 → output 1: ")
    first.choose_run(2)
    assert (first.step, second.step) == (120, 120)
    assert page.locator("#motion > .controls").count() == page.locator("#motion details > .controls").count() == 1
    assert page.locator("#motion .controls").count() == 2, "one for figures in the open, one for those in the fold"
    assert page.locator("#figure-weights-l1 .player").get_attribute("data-step") == "240", "the fold has its own clock"
    assert re.fullmatch(r"run \d: \d\w\w of 4", second.part("run").locator("option:checked").inner_text())
    cell = second.cells()[0]
    w = recorded("L1", 2).kernels[0][10, 0, 0]
    limit = max(np.abs(k).max() for arm in ("L1", "L2") for k in recorded(arm, 2).kernels)
    assert np.abs(near(w or 1e-9, limit) - cell["color"]).max(axis=1).min() <= 1, "both panels show the chosen run"


def test_it_plays_once_when_it_comes_into_view(visit: Open, report: Path) -> None:
    said: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if "weights-side-by-side" in request.url else None)

    page = visit(report / "index.html", listen)
    assert page.evaluate("document.querySelector('#motion .playing')") is None

    figure = Figure(page, "weights-side-by-side")
    page.wait_for_selector("#motion .controls.playing")
    until(page, "!document.querySelector('#motion .playing')")
    assert figure.step == 240
    assert (
        page.locator("#figure-weights-side-by-side img:visible, #figure-weights-side-by-side .pause:visible").count()
        == 0
    )
    assert [line for line in said if not line.endswith(".png")] == [], "the poster alone, for paper"


def test_readers_who_want_no_movement_start_it_themselves(still: Open) -> None:
    page = still()
    figure = Figure(page, "weights-l1")
    page.wait_for_timeout(500)
    assert (figure.playing, figure.step) == (False, 240)

    figure.part("toggle").click()

    page.wait_for_timeout(200)
    assert figure.playing


def test_where_it_cannot_work_the_last_frame_remains(visit: Open, report: Path, tmp_path: Path) -> None:
    html = (report / "report.html").read_text("utf-8")
    for trouble, page_text in {
        "old browser": html.replace("<head>", "<head><script>delete window.DecompressionStream;</script>", 1),
        "damaged data": re.sub(r'"weights":"[^"]{40}', '"weights":"' + "A" * 40, html),
    }.items():
        file = tmp_path / "report.html"
        file.write_text(page_text, encoding="utf-8")
        problems: list[str] = []

        page = visit(file, lambda page, told=problems: page.on("pageerror", lambda error: told.append(str(error))))
        page.wait_for_timeout(500)

        assert problems == [], trouble
        assert page.locator("#figure-weights-side-by-side .chart").is_visible()
        assert page.locator(".player").count() == 0


def test_on_a_telephone_panels_stand_below_each_other_and_targets_are_large(still: Open) -> None:
    page = still(viewport={"width": 320, "height": 740}, has_touch=True)
    figure = Figure(page, "weights-side-by-side")

    first, second = (min(c["y"] for c in figure.cells() if c["panel"] == panel) for panel in (0, 1))
    assert second > first + 150
    for target in figure.root.locator("button, select, input").all():
        box = target.bounding_box()
        if box:
            assert min(box["width"], box["height"]) >= 24
            assert box["x"] + box["width"] <= 320


def test_a_player_is_alive_while_the_page_still_loads(browser: Browser, report: Path) -> None:
    html = (report / "report.html").read_bytes()
    name = b'id="figure-weights-l1"'
    sent = html[: html.index(b"</figure>", html.index(name)) + len(b"</figure>\n<p>")]
    asked, done = Event(), Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(html)))
            self.end_headers()
            self.wfile.write(sent)
            asked.set()
            done.wait(60)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="commit")
        assert asked.wait(30)
        until(page, "document.querySelector('#figure-weights-l1 .player')?.dataset.step")
        assert page.evaluate("document.readyState") == "loading"
    finally:
        done.set()
        context.close()
        server.shutdown()
        server.server_close()


def test_the_network_moves_and_other_views_of_weights_are_drawn(still: Open, recorded: Any) -> None:
    figure = Figure(still(), "network")
    pictures = []
    for record in (0, 20):
        figure.go(record)
        pictures.append(figure.canvas.evaluate("canvas => canvas.toDataURL()"))
    assert pictures[0] != pictures[1]
    figure.canvas.focus()
    figure.page.keyboard.press("ArrowRight")
    assert figure.reading == "", "a line has no value to read"

    for w in (
        recorded("L1").kernels[0][0],
        recorded("L2").kernels[1][5],
        recorded("L2").kernels[3][5],
        np.zeros((3, 2)),
    ):
        layer = {"rows": w.shape[0], "columns": w.shape[1], "values": w.ravel().tolist()}
        found = figure.page.evaluate("layer => plots.singular(layer)", layer)
        assert found == pytest.approx(np.linalg.svd(w.astype(float), compute_uv=False).tolist(), rel=1e-6, abs=1e-9)

    script = """() => {
      const layer = { rows: 2, columns: 2, values: Float64Array.of(0, 0, 0.5, -1), bias: Float64Array.of(0, 0) };
      const t = { steps: [0, 10], length: 10, at: () => [layer] };
      const theme = plots.theme(document.body);
      const box = { x: 0, y: 0, width: 300, height: 200 };
      const drawn = (draw) => {
        const canvas = document.createElement('canvas');
        canvas.style.width = '300px';
        document.body.append(canvas);
        const { context } = plots.fitCanvas(canvas, 200);
        draw(context);
        return canvas.toDataURL();
      };
      return [
        drawn(() => {}),
        drawn((context) => plots.paths(context, box, t, 1, 1, theme)),
        drawn((context) => plots.histogram(context, box, [layer], 1, theme)),
        drawn((context) => plots.singularValues(context, box, [layer], [layer], theme)),
      ];
    }"""
    assert len(set(figure.page.evaluate(script))) == 4


def test_a_figure_is_not_taken_for_complete_because_controls_were_put_after_its_row(browser: Browser) -> None:
    page = browser.new_page()
    found = page.evaluate(
        """async (code) => {
          const frame = document.body.appendChild(document.createElement('iframe'));
          const [inside, end] = [frame.contentDocument, '</' + 'script>'];
          const pause = () => new Promise(done => setTimeout(done, 100));
          inside.open();
          inside.write(`<script>${code}; window.got = [];
            plots.each('.figure', figure => {
              got.push(`, '`${figure.id} ${figure.querySelector("i") !== null}`', `);
              const controls = document.createElement('div');
              controls.className = 'controls';
              figure.parentElement.after(controls);
            });${end}<main><div><p class="figure" id="a"><i></i></p> `);
          await pause();
          inside.write('<p class="figure" id="b">');
          await pause();
          inside.write('<i></i></p> </div></main>');
          inside.close();
          await pause();
          return frame.contentWindow.got;
        }""",
        (template_folder() / "static" / "plots.js").read_text("utf-8"),
    )
    assert found == ["a true", "b true"]
    page.close()
