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

import reportgen
from reportgen.analysis.errors import total_error
from reportgen.article.sections.live import LOSSES, PENALTIES, SLOW
from reportgen.network import Network
from reportgen.penalties import penalties
from reportgen.run import Loss, Run, Step, Training, describe
from reportgen.sources import template_folder
from reportgen.stacking import ENDS_ONLY
from reportgen.trajectory import Trajectory

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from reportgen.experiment import Experiment

Open = Callable[..., "Page"]

# Arithmetic

_RATES: dict[Loss, float] = {"absolute": 0.01, "huber": 0.01, "squared": SLOW}


def _case(kind: str, step: Step, loss: Loss, seed: int = 0, **changes: Any) -> Run:
    return Run(
        network=changes.get("network", Network()),
        training=Training(loss=loss, **{"learning_rate": _RATES[loss], **changes.get("training", {})}),
        penalty=penalties[kind](),
        strength=0.0 if kind == "none" else 0.3,
        step=step,
        recording=ENDS_ONLY,
        init_seed=seed,
        order_seed=seed,
    )


_WAYS: list[tuple[str, Step]] = [
    (kind, step) for kind in PENALTIES for step in get_args(Step) if kind != "none" or step == "subgradient"
]

CASES = {
    **{f"{kind} {step} {loss}": _case(kind, step, loss) for (kind, step), loss in itertools.product(_WAYS, _RATES)},
    **{
        f"{kind} {step}, run {seed + 1}": _case(kind, step, "absolute", seed)
        for (kind, step), seed in itertools.product(_WAYS, [1, 2])
    },
    **{
        f"{kind} {step} {activation}": _case(kind, step, "absolute", network=Network(activation=activation))
        for (kind, step), activation in itertools.product(_WAYS, ["relu", "tanh", "sigmoid"])
    },
    "other widths": _case("group_lasso", "proximal", "huber", network=Network(hidden=(7, 3))),
    "no hidden layer": _case("l1", "subgradient", "absolute", network=Network(hidden=())),
    "a falling rate": _case("l1", "subgradient", "absolute", training={"schedule": "cosine"}),
    "a rate that falls to zero": _case("l1", "proximal", "absolute", training={"schedule": "linear"}),
    "a new order in every epoch": _case("l1", "subgradient", "absolute", training={"order": "reshuffled"}),
    "a training that runs away": _case("none", "subgradient", "squared", training={"learning_rate": 0.01}),
}


@pytest.fixture(scope="module")
def by_python() -> dict[str, Trajectory]:
    """Every case, trained by the trainer in one call."""
    return dict(zip(CASES, reportgen.train(CASES.values()), strict=True))


@pytest.fixture(scope="module")
def scripted(browser: Browser) -> Iterator[Page]:
    """An empty page with nothing but the arithmetic."""
    page = browser.new_page()
    page.add_script_tag(content=(template_folder() / "static" / "train.js").read_text("utf-8"))
    yield page
    page.close()


def _flat(parts: Any) -> Any:
    return np.concatenate([part.ravel() for layer in zip(*parts, strict=True) for part in layer])


def _task(run: Run) -> dict[str, Any]:
    data, penalty = run.draw(), describe(run.penalty)
    return {
        "widths": [1, *run.network.hidden, 1],
        "activation": run.network.activation,
        "x": data.x_train[:, 0].tolist(),
        "y": data.y_train[:, 0].tolist(),
        "weights": _flat(run.initial_weights()).tolist(),
        "order": run.order()[:, 0].tolist(),
        "steps": run.steps,
        "every": 20,
        "loss": run.training.loss,
        "rate": run.training.learning_rate,
        "schedule": run.training.schedule,
        "penalty": penalty["kind"],
        "mix": penalty.get("mix"),
        "strength": run.strength,
        "step": run.step,
    }


@pytest.mark.parametrize("case", CASES)
def test_the_page_trains_as_python_does(case: str, by_python: dict[str, Trajectory], scripted: Page) -> None:
    """After 4,000 steps the same weights to 1e-4 relative, from the same samples, order and start."""
    found = scripted.evaluate(
        "task => { const t = trainer.train(task); return { end: Array.from(t.records.at(-1)), diverged: t.diverged } }",
        _task(CASES[case]),
    )

    expected = _flat(by_python[case].at(-1))
    assert found["diverged"] == by_python[case].diverged
    assert np.linalg.norm(found["end"] - expected) <= 1e-4 * np.linalg.norm(expected)
    assert np.array_equal(np.equal(found["end"], 0), expected == 0)


def test_a_training_is_recorded_from_its_first_step_to_its_last(scripted: Page) -> None:
    task = _task(CASES["l1 proximal absolute"]) | {"steps": 50}

    steps, first = scripted.evaluate(
        "task => { const t = trainer.train(task); return [t.steps, Array.from(t.records[0])] }", task
    )

    assert steps == [0, 20, 40, 50]
    assert first == task["weights"]


def test_a_training_takes_no_longer_than_a_movement_of_the_hand(scripted: Page) -> None:
    """A tenth of a second on a machine that is busy with other tests; ten milliseconds on one that is not."""
    took = scripted.evaluate(
        """task => Array.from({ length: 15 }, () => {
            const begun = performance.now();
            trainer.train(task);
            return performance.now() - begun;
        })""",
        _task(CASES["l1 subgradient absolute"]),
    )

    assert min(took) < 100


# The figure


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    from reportgen.experiment.file import parse, shipped

    return dataclasses.replace(parse(shipped()), sections=("live",), reading=())


@pytest.fixture(scope="module")
def article(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The report of an experiment that has this section alone."""
    folder = tmp_path_factory.mktemp("live")
    reportgen.build(experiment, folder, cache=cache)
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
    found: dict[str, str] = page.eval_on_selector_all(
        "[data-reading]", "all => Object.fromEntries(all.map(e => [e.dataset.reading, e.textContent]))"
    )
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


def test_what_it_shows_first_is_the_run_of_the_article(still: Page, experiment: Experiment) -> None:
    run = dataclasses.replace(experiment.arm_runs(experiment.arms[1])[0], recording=ENDS_ONLY)
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


@pytest.mark.parametrize(
    ("name", "value"),
    [("penalty", "l2"), ("step", "proximal"), ("loss", "huber"), ("strength", "3"), ("rate", "3"), ("size", "30")],
)
def test_every_control_trains_another_network_and_reset_the_first_again(still: Page, name: str, value: str) -> None:
    before, picture = readings(still), still.locator(".live .weights").screenshot()

    choose(still, name, value)

    assert readings(still)["size"] != before["size"]
    assert still.locator(".live .weights").screenshot() != picture

    again = trained(still) + 1
    still.get_by_role("button", name="Reset").click()
    settle(still, again)

    assert readings(still) == before


def test_without_a_penalty_its_strength_cannot_be_set(still: Page) -> None:
    choose(still, "penalty", "none")

    assert still.locator("#live-strength").is_disabled()
    assert still.locator("#live-step").is_disabled()


def test_many_changes_before_a_frame_are_one_training(still: Page) -> None:
    before = trained(still)

    still.evaluate(
        """() => { const slider = document.getElementById('live-strength');
        for (let i = 0; i < 20; i += 1) { slider.value = i; slider.dispatchEvent(new Event('input')); } }"""
    )
    settle(still, before + 1)

    assert trained(still) == before + 1


def test_what_the_text_promises_happens(still: Page) -> None:
    """Every number of the list is the one that the figure shows when its button is pressed."""
    items = still.locator(".tries > li")
    assert items.count() == 4
    for item in items.all():
        text = item.locator("p").inner_text()
        for button in item.get_by_role("button").all():
            before = trained(still)
            button.click()
            settle(still, before + 1)
            if "zero" in text:
                assert reading(still, "zero") in text
                assert reading(still, "below") in text
            elif "no weight is left" in text:
                assert button.inner_text() == "λ = 0.3" or reading(still, "zero") == "100%"
            else:
                assert f"{float(reading(still, 'furthest')):.1f}" in text


@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_that_runs_away_is_told_in_words(still: Page, loss: str) -> None:
    choose(still, "loss", loss)
    choose(still, "rate", still.get_attribute("#live-rate", "max") or "")
    until(still, "document.querySelector('.said').textContent.includes('run away')")

    said = still.locator(".said").inner_text()

    assert "Try a learning rate below 0.2" in said
    assert not {"NaN", "–", "∞", "Infinity"} & set(" ".join(readings(still).values()).split())

    again = trained(still) + 1
    still.get_by_role("button", name="Reset").click()
    settle(still, again)
    until(still, "document.querySelector('.said').textContent.startsWith('4,000 steps')")


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

    for _ in range(4):
        still.keyboard.press("Tab")
    assert still.evaluate("document.activeElement.getAttribute('aria-label')") == "Step"

    still.keyboard.press("Home")
    until(still, "document.querySelector('.movie .step').textContent === 'step 0'")


def test_scrubbing_shows_the_weights_of_that_step(still: Page) -> None:
    still.locator(".movie .position").fill("0")
    until(still, "document.querySelector('.movie .step').textContent === 'step 0'")

    run = CASES["l1 subgradient absolute"]
    assert reading(still, "size") == f"{sum(np.abs(w).sum() for w in run.initial_weights()[0]):.3g}"


def test_nothing_moves_by_itself_for_readers_who_want_no_movement(still: Page) -> None:
    choose(still, "strength", "3")
    still.wait_for_timeout(900)

    assert not still.locator(".live.playing").count()
    assert still.locator(".movie .step").inner_text() == "step 4,000"


def test_after_a_change_it_moves_once_for_less_than_five_seconds(lively: Page) -> None:
    assert not lively.locator(".live.playing").count()

    choose(lively, "strength", "3")
    lively.wait_for_selector(".live.playing")
    assert lively.get_by_role("button", name="Pause").count() == 1
    lively.wait_for_selector(".live:not(.playing)", timeout=5000)

    assert lively.locator(".movie .step").inner_text() == "step 4,000"


def test_movement_can_be_stopped_where_it_is(lively: Page) -> None:
    page = lively
    page.locator(".movie .toggle").click()
    until(page, "document.querySelector('.movie .position').valueAsNumber > 3")

    page.locator(".movie .toggle").click()
    page.wait_for_selector(".live:not(.playing)")

    step = page.locator(".movie .step").inner_text()
    assert step != "step 4,000"
    page.wait_for_timeout(200)
    assert page.locator(".movie .step").inner_text() == step


def test_an_outlier_can_be_pulled(still: Page) -> None:
    canvas = still.locator(".live .fit")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    spots = [(box["x"] + x, box["y"] + y) for x in range(40, int(box["width"]), 6) for y in range(30, 250, 6)]
    for x, y in spots:
        still.mouse.move(x, y)
        if canvas.evaluate("e => e.classList.contains('hand')"):
            break
    before = trained(still)

    still.mouse.down()
    still.mouse.move(x, y - 20)
    settle(still, before + 1)
    still.mouse.up()

    assert float(still.locator("output[for=live-size]").inner_text()) > 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(article: Path, visit: Open, axe: str, scheme: str, width: int) -> None:
    page = visit(article, color_scheme=scheme, viewport={"width": width, "height": 740})
    page.evaluate(axe)

    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_dark_page_has_a_dark_figure(article: Path, visit: Open) -> None:
    dark, light = (visit(article, color_scheme=scheme) for scheme in ("dark", "light"))
    for page in (dark, light):
        settle(page, 1)
    pictures = [page.locator(".live .weights").screenshot() for page in (dark, light)]
    assert pictures[0] != pictures[1]

    dark.emulate_media(color_scheme="light")
    settle(dark, 1)

    assert dark.locator(".live .weights").screenshot() == pictures[1]


def test_markup_is_valid(article: Path, html_mistakes: Callable[[Path], list[str]]) -> None:
    assert html_mistakes(article) == []


def test_without_scripts_a_sentence_says_so(article: Path, visit: Open) -> None:
    page = visit(article, java_script_enabled=False)

    assert "It needs scripts" in page.inner_text("#figure-live")
    assert not page.locator("#live button, #live input, #live select, #live canvas").locator("visible=true").count()


def test_paper_has_no_controls(still: Page) -> None:
    still.emulate_media(media="print")

    assert not still.locator("#live button, #live input, #live select").locator("visible=true").count()
    assert still.locator(".live .fit").is_visible()
