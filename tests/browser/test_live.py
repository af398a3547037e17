"""The network that trains in the page: its arithmetic against the trainer's, and the figure as a reader uses it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from browser.waiting import until
from browser.watching import Watch
from click.testing import CliRunner
from PIL import Image, ImageSequence

import reportgen
from reportgen.cli.program import program
from reportgen.datasets.line import Line
from reportgen.datasets.moons import Moons
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.sections.helpers import own_arm
from reportgen.sections.kinds.live import SLOW, penalties_in_page
from reportgen.statistics.total_error import total_error
from reportgen.store.keys import template_folder
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Step, Training, settings_to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Open = Callable[..., "Page"]

_RATES: dict[str, float] = {"absolute": 0.01, "huber": 0.01, "squared": SLOW}


def _case(kind: str, step: Step, loss: str, seed: int = 0, **changes: Any) -> Run:
    return Run(
        network=changes.get("network", Network()),
        data=changes.get("data", Line()),
        training=Training(loss=loss, **{"learning_rate": _RATES.get(loss, 0.01), **changes.get("training", {})}),
        penalty=penalties[kind](),
        strength=0.0 if kind == "none" else 0.3,
        step=step,
        recording=Recording.ENDS_ONLY,
        init_seed=seed,
        order_seed=seed,
    )


_WAYS: list[tuple[str, Step]] = [
    (kind, step) for kind in penalties_in_page() for step in get_args(Step) if kind != "none" or step == "subgradient"
]
CASES = {
    **{f"{kind} {step} {loss}": _case(kind, step, loss) for (kind, step), loss in itertools.product(_WAYS, _RATES)},
    **{f"{kind} {step}, another run": _case(kind, step, "absolute", 1) for kind, step in _WAYS},
    **{a: _case("l1", "proximal", "absolute", network=Network(activation=a)) for a in ("relu", "tanh", "sigmoid")},
    "other widths": _case("group_lasso", "proximal", "huber", network=Network(hidden=(7, 3))),
    "no hidden layer": _case("l1", "subgradient", "absolute", network=Network(hidden=())),
    "a falling rate": _case("l1", "subgradient", "absolute", training={"schedule": "cosine"}),
    "a rate that falls to zero": _case("l1", "proximal", "absolute", training={"schedule": "linear"}),
    "a new order in every epoch": _case("l1", "subgradient", "absolute", training={"order": "reshuffled"}),
    **{
        f"momentum, {kind} {step}": _case(
            kind, step, "huber", training={"optimizer": "momentum", "learning_rate": 0.001}
        )
        for kind, step in [("l1", "proximal"), ("elastic_net", "subgradient")]
    },
    # Adam's steps may be rounded otherwise in the last bit, which many steps near a kink would enlarge.
    **{
        f"adam, {kind} proximal": _case(kind, "proximal", "huber", training={"optimizer": "adam", "epochs": 4})
        for kind in ("l1", "l2", "elastic_net", "group_lasso")
    },
    # The order in which a batch is summed differs in the last bit, too.
    **{
        f"{optimizer}, batches with a smaller last one, {kind} {step}": _case(
            kind, step, "absolute", training={"optimizer": optimizer, "batch_size": 7, "epochs": 4}
        )
        for optimizer in ("sgd", "momentum", "adam")
        for kind, step in [("l1", "subgradient"), ("elastic_net", "proximal"), ("group_lasso", "proximal")]
    },
    "one batch": _case("l1", "proximal", "squared", training={"batch_size": 40}),
    **{
        f"steps on all samples at the end, {optimizer} {size}": _case(
            "l1",
            "proximal",
            "absolute",
            training={"full_batch_steps": 100, "optimizer": optimizer, "batch_size": size, "epochs": 2},
        )
        for optimizer, size in [("sgd", 1), ("momentum", 1), ("adam", 7)]
    },
    # Two inputs are summed in another order, too.
    **{
        f"classes in a plane, {optimizer} {kind}": _case(
            kind,
            step,
            "logistic",
            data=Moons(samples=80, test_samples=40),
            network=Network(hidden=(8, 8), activation="tanh"),
            training={"optimizer": optimizer, "batch_size": size, "epochs": 8, "learning_rate": 0.02},
        )
        for optimizer, size, kind, step in [
            ("sgd", 1, "l1", "proximal"),
            ("momentum", 1, "l2", "subgradient"),
            ("adam", 8, "group_lasso", "proximal"),
        ]
    },
    "a training that runs away": _case("none", "subgradient", "squared", training={"learning_rate": 0.01}),
}


def _flat(parts: Any) -> Any:
    return np.concatenate([part.ravel() for layer in zip(*parts, strict=True) for part in layer])


def _task(run: Run) -> dict[str, Any]:
    data, penalty = run.draw(), settings_to_json(run.penalty)
    return {
        "widths": [run.data.shape[0], *run.network.hidden, 1],
        "activation": run.network.activation,
        "x": (data.x_train if data.x_train.shape[1] > 1 else data.x_train[:, 0]).tolist(),
        "y": data.y_train[:, 0].tolist(),
        "weights": _flat(run.initial_weights()).tolist(),
        "order": [[sample for sample in batch if sample >= 0] for batch in run.order().tolist()],
        "steps": run.steps,
        "fullBatchSteps": run.training.full_batch_steps,
        "optimizer": run.training.optimizer,
        "momentum": run.training.momentum,
        "every": 20,
        "loss": run.training.loss,
        "rate": run.training.learning_rate,
        "schedule": run.training.schedule,
        "penalty": penalty["kind"],
        "mix": penalty.get("mix"),
        "strength": run.strength,
        "step": run.step,
    }


def test_the_page_trains_as_python_does(browser: Browser) -> None:
    """After 4,000 steps the same weights to 1e-4 relative, from the same samples, order and start."""
    by_python = dict(zip(CASES, reportgen.train(CASES.values()), strict=True))
    page = browser.new_page()
    page.add_script_tag(content=(template_folder() / "static" / "train.js").read_text("utf-8"))
    train = (
        "task => { const t = trainer.train(task); return { steps: t.steps, first: Array.from(t.records[0]),"
        " end: Array.from(t.records.at(-1)), diverged: t.diverged } }"
    )
    for case, run in CASES.items():
        found = page.evaluate(train, _task(run))

        expected = _flat(by_python[case].at(-1))
        assert found["diverged"] == by_python[case].diverged, case
        assert np.linalg.norm(found["end"] - expected) <= 1e-4 * np.linalg.norm(expected), case
        assert np.array_equal(np.equal(found["end"], 0), expected == 0), case

    task = _task(CASES["l1 proximal absolute"]) | {"steps": 50}
    found = page.evaluate(train, task)
    assert (found["steps"], found["first"]) == ([0, 20, 40, 50], task["weights"])
    page.close()


_SHIPPED = parse(shipped())
EXPERIMENT = dataclasses.replace(
    _SHIPPED,
    sections=("live",),
    reading=(),
    training=dataclasses.replace(_SHIPPED.training, schedule="linear"),
)
"""The experiment of the article with a learning rate that falls to zero, and this section alone."""


def test_the_areas_of_two_classes_train_in_the_page(tmp_path: Path, cache: Path, visit: Open) -> None:
    watch = Watch()
    experiment = Experiment(
        title="Moons",
        data=Moons(samples=160, test_samples=100),
        network=Network(hidden=(8, 8), activation="tanh"),
        training=Training(optimizer="adam", learning_rate=0.02, batch_size=10, epochs=60, loss="logistic"),
        arms=(Arm(name="l1", label="L1", penalty=L1(), strength=0.001, step="proximal"),),
        runs=Runs(count=1),
        sections=("live",),
    )
    reportgen.build(experiment, tmp_path, cache=cache)
    page = visit(tmp_path / "report.html", watch)
    reading = {name: page.locator(f"[data-reading={name}]").inner_text for name in ("wrong", "error", "zero")}
    canvas = page.locator("#figure-live .fit canvas")

    page.wait_for_function("document.getElementById('figure-live').dataset.trained")
    assert int(reading["wrong"]().removesuffix("%")) < 20
    assert page.locator("#live-loss option").all_inner_texts() == ["logistic"]
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.locator("#live-strength").evaluate("e => { e.value = e.max; e.dispatchEvent(new Event('input')) }")
    page.wait_for_function("document.querySelector('[data-reading=zero]').textContent === '100%'")
    assert int(reading["wrong"]().removesuffix("%")) > 30
    assert canvas.evaluate("canvas => canvas.toDataURL()") != before
    assert watch.quiet(page)


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The report of an experiment that has this section alone."""
    folder = tmp_path_factory.mktemp("live")
    reportgen.build(EXPERIMENT, folder, cache=cache)
    return folder / "report.html"


@pytest.fixture
def lively(article: Path, visit: Open) -> Iterator[Page]:
    """The page, which must get by without an error."""
    errors: list[Any] = []
    yield visit(article, lambda page: page.on("pageerror", lambda error: errors.append(error)))
    assert errors == []


@pytest.fixture
def still(lively: Page) -> Page:
    """The page of a reader who wants no movement, so that what it shows is the end of the training."""
    lively.emulate_media(reduced_motion="reduce")
    until(lively, "document.querySelector('[data-reading=loss]').textContent")
    return lively


def reading(page: Page, name: str) -> str:
    return page.locator(f"[data-reading={name}]").inner_text()


def readings(page: Page) -> dict[str, str]:
    script = "all => Object.fromEntries(all.map(e => [e.dataset.reading, e.textContent]))"
    found: dict[str, str] = page.eval_on_selector_all("[data-reading]", script)
    return found


def settle(page: Page, trained: int) -> None:
    """Wait until the network was trained so often, and has been drawn."""
    until(page, "n => document.getElementById('figure-live').dataset.trained >= n", arg=trained)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def trained(page: Page) -> int:
    return int(page.get_attribute("#figure-live", "data-trained") or 0)


def choose(page: Page, name: str, value: str) -> None:
    """Set a control as a reader does, and wait for the training that follows."""
    before = trained(page)
    control = page.locator(f"#live-{name}")
    if control.evaluate("e => e.tagName") == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)
    settle(page, before + 1)


def test_it_shows_the_run_of_the_article_and_what_the_text_promises(still: Page) -> None:
    arm = own_arm(EXPERIMENT, L1, "proximal")
    assert arm
    run = dataclasses.replace(EXPERIMENT.arm_runs(arm)[0], recording=Recording.ENDS_ONLY)
    (trajectory,) = reportgen.train([run])
    kernels = np.concatenate([np.abs(w).ravel() for w in trajectory.at(-1)[0]])
    data = run.draw()
    loss = np.abs(trajectory.predict(data.x_train) - data.y_train).mean()
    assert readings(still) | {"furthest": ""} == {
        "loss": f"{loss:.3g}",
        "error": f"{total_error(trajectory):.3g}",
        "furthest": "",
        "zero": f"{(kernels == 0).mean():.0%}",
        "below": f"{(kernels <= 0.003).mean():.0%}",
        "size": f"{kernels.sum():.3g}",
    }

    # The numbers of the list are those that the figure shows when a button is pressed.
    item = still.locator(".tries > li", has_text="Nearly zero")
    assert item.get_by_role("button").count() == 2
    for button in item.get_by_role("button").all():
        press(still, button)
        assert reading(still, "zero") in item.locator("p").inner_text()
        assert reading(still, "below") in item.locator("p").inner_text()


def press(page: Page, button: Locator) -> None:
    """Press a button of the text, and wait for the training that follows."""
    before = trained(page)
    button.click()
    settle(page, before + 1)


def test_every_control_trains_another_network_and_reset_the_first_again(still: Page) -> None:
    before, picture = readings(still), still.locator(".views").screenshot()
    controls = {"penalty": "l2", "step": "subgradient", "loss": "huber", "strength": "3", "rate": "3", "size": "30"}
    for name, value in controls.items():
        choose(still, name, value)
        assert readings(still) != before, name
        assert still.locator(".views").screenshot() != picture, name

        times = trained(still)
        still.get_by_role("button", name="Reset").click()
        settle(still, times + 1)
        assert readings(still) == before, name


def test_it_can_be_used_with_the_keyboard_alone(still: Page) -> None:
    still.locator("#live-penalty").focus()
    for _ in range(3):
        still.keyboard.press("Tab")
    assert still.evaluate("document.activeElement.id") == "live-strength"
    before, value = trained(still), still.locator("#live-strength").get_attribute("aria-valuetext")

    still.keyboard.press("ArrowRight")
    settle(still, before + 1)

    assert (value, still.locator("#live-strength").get_attribute("aria-valuetext")) == ("0.3", "0.5")
    assert still.locator("output[for=live-strength]").inner_text() == "0.5"


def test_it_moves_once_after_a_change_and_never_where_nothing_shall_move(lively: Page) -> None:
    assert not lively.locator(".live.playing").count()
    choose(lively, "strength", "3")
    lively.wait_for_selector(".live.playing")
    assert lively.get_by_role("button", name="Pause").count() == 1
    lively.wait_for_selector(".live:not(.playing)")
    assert lively.locator(".movie .step").inner_text() == "step 4,000"

    lively.emulate_media(reduced_motion="reduce")
    choose(lively, "strength", "2")
    lively.wait_for_timeout(900)
    assert not lively.locator(".live.playing").count()
    assert lively.locator(".movie .step").inner_text() == "step 4,000"


TELEPHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
STILL = {"reduced_motion": "reduce"}


@pytest.mark.parametrize("size", [{"viewport": {"width": 1280, "height": 900}}, TELEPHONE], ids=["desk", "telephone"])
def test_settings_pictures_and_readings_are_in_view_together(article: Path, visit: Open, size: dict[str, Any]) -> None:
    page = visit(article, **size, **STILL)
    until(page, "document.querySelector('[data-reading=loss]').textContent")
    page.evaluate("document.querySelector('.settings').scrollIntoView({ behavior: 'instant' })")

    inside = (
        "all => all.map(e => [e.className, e.getBoundingClientRect()])"
        ".filter(([, r]) => r.top < -1 || r.bottom > innerHeight || r.right > innerWidth || !r.height).map(([n]) => n)"
    )
    parts = ".settings, .views canvas, .movie .transport, .readings"
    assert page.eval_on_selector_all(parts, inside) == []
    assert page.locator(parts).count() == 5
    # No label is cut off.
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.eval_on_selector_all(".setting label, .readings dt", cut) == []


def drag(page: Page, start: tuple[float, float], pixels: int) -> Callable[[], None]:
    """Touch a place and move the finger down by so many pixels; the function that is returned lifts it."""
    session = page.context.new_cdp_session(page)
    x, y = start

    def touch(kind: str, *points: dict[str, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for i in range(1, 11):
        touch("touchMove", {"x": x, "y": y + pixels * i / 10})
        page.wait_for_timeout(20)
    return lambda: touch("touchEnd")


def test_an_outlier_can_be_dragged_by_touch_and_elsewhere_touch_scrolls(article: Path, visit: Open) -> None:
    page = visit(article, **TELEPHONE, **STILL)
    until(page, "document.querySelectorAll('.handles span').length")
    page.evaluate("document.querySelector('.settings').scrollIntoView({ behavior: 'instant' })")
    page.wait_for_timeout(100)
    scrolled = page.evaluate("scrollY")
    box = page.locator(".handles span").nth(3).bounding_box()
    assert box

    lift = drag(page, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), -120)
    size = float(page.locator("output[for=live-size]").inner_text())
    assert size > 20
    assert page.evaluate("scrollY") == scrolled
    # The axes hold all points while it is held.
    outside = (
        "all => { const box = document.querySelector('.fit canvas').getBoundingClientRect(); return all.filter(e => {"
        " const r = e.getBoundingClientRect(); const y = (r.top + r.bottom) / 2; return y < box.top || y > box.bottom"
        " }).length }"
    )
    page.wait_for_timeout(100)
    assert page.eval_on_selector_all(".handles span", outside) == 0
    lift()
    page.wait_for_timeout(700)
    assert float(page.locator("output[for=live-size]").inner_text()) == size

    canvas = page.locator(".fit canvas").bounding_box()
    assert canvas
    drag(page, (canvas["x"] + 0.8 * canvas["width"], canvas["y"] + 0.9 * canvas["height"]), -120)()
    until(page, "before => scrollY > before + 50", arg=scrolled)


def test_a_button_of_the_text_shows_what_it_set_and_leads_back(article: Path, visit: Open) -> None:
    page = visit(article, **TELEPHONE, **STILL)
    button = page.locator(".tries > li", has_text="Nearly zero").get_by_role("button", name="gradient")
    press(page, button)

    told = page.locator(".was-set")
    assert told.locator("span").inner_text() == "Set: Penalty step gradient (was proximal)."
    assert page.locator(".setting.flash label").all_inner_texts() == ["Penalty step"]
    in_view = "e => { const r = e.getBoundingClientRect(); return r.top >= -1 && r.bottom <= innerHeight }"
    until(page, f"({in_view})(document.querySelector('.settings'))")
    assert page.evaluate("document.activeElement.textContent") == "Back to the text"

    page.keyboard.press("Enter")
    assert told.is_hidden()
    assert button.evaluate("e => e === document.activeElement")
    until(page, f"({in_view})(document.activeElement)")


def test_the_status_names_the_end_while_readings_show_the_step_on_view(still: Page) -> None:
    said = still.locator(".said").inner_text()
    assert said.startswith(
        f"At the end: {reading(still, 'furthest')} from the truth, test error {reading(still, 'error')}, "
    )
    still.locator(".position").fill("20")
    until(still, "document.querySelector('.movie .step').textContent === 'step 400'")

    assert still.locator(".said").inner_text() == said
    assert f"test error {reading(still, 'error')}," not in said


def test_the_settings_are_in_the_address_which_leads_to_the_figure(article: Path, visit: Open, still: Page) -> None:
    choose(still, "penalty", "l2")
    until(still, "location.hash.startsWith('#live?')")
    state = still.evaluate("location.hash")

    page = visit(article.as_uri() + state, **STILL)
    until(page, "document.querySelector('[data-reading=loss]').textContent")
    assert readings(page) == readings(still)
    until(page, "document.querySelector('.settings').getBoundingClientRect().bottom <= innerHeight")

    odd = "#live?penalty=none&step=sideways&rate=0.0101&size=1e9&strength=&loss=absolute"
    before = trained(page)
    page.evaluate("odd => { location.hash = odd }", odd)
    settle(page, before + 1)
    assert page.locator("#live-penalty").input_value() == "none"
    assert page.locator("#live-step").input_value() == "proximal"
    assert page.locator("output[for=live-rate]").inner_text() == "0.01"
    assert page.locator("output[for=live-size]").inner_text() == "40"

    # Without a clipboard the link is there to be copied by hand.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy link").click()
    selected = page.evaluate("getSelection().toString() || document.activeElement.value")
    assert selected.startswith(article.as_uri() + "#live?")
    assert "penalty=none" in selected


def test_the_training_can_be_saved_as_a_gif(lively: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    lively.on("request", lambda request: asked.append(request.url))
    with lively.expect_download() as download:
        lively.get_by_role("button", name="Save as GIF").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    assert file.name == "l1-0.3.gif"
    with Image.open(file) as film:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    assert len(frames) > 30
    assert {frame.shape for frame in frames} == {(400, 720, 3)}
    assert all((a != b).any() for a, b in itertools.pairwise(frames))
    # Colors are those of the page: paper, and the ink of the headings.
    assert {tuple(frames[-1][0, 0]), tuple(frames[0][-1, -1])} == {(255, 255, 255)}
    assert [url for url in asked if not url.startswith("blob:")] == []


def test_the_figure_alone_is_a_page_for_a_frame(article: Path, visit: Open, faults: Callable[..., list[str]]) -> None:
    watch = Watch()
    page = visit(article.parent / "embed" / "live.html", watch, **STILL)
    until(page, "document.querySelector('[data-reading=loss]').textContent")

    assert watch.quiet(page)
    assert page.locator("h1, h2, .chips").count() == 0
    assert faults(page, frame=True) == []
    told = CliRunner().invoke(program, ["embed", "live", "-o", str(article.parent), "--base", "https://example.org/r"])
    assert 'src="https://example.org/r/embed/live.html"' in told.stdout
    listed = CliRunner().invoke(program, ["embed", "-o", str(article.parent)])
    assert listed.stdout.startswith("live ")
    assert 'src="embed/live.html"' in (article.parent / "embed" / "index.html").read_text("utf-8").replace("&#34;", '"')
