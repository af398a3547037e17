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
from reportgen.experiment.file import parse, shipped
from reportgen.penalties import penalties
from reportgen.sections.kinds.live import SLOW, penalties_in_page
from reportgen.statistics.total_error import total_error
from reportgen.store.keys import template_folder
from reportgen.training.network import Network
from reportgen.training.run import Loss, Run, Step, Training, settings_to_json
from reportgen.training.stacking import ENDS_ONLY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]

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
    "a training that runs away": _case("none", "subgradient", "squared", training={"learning_rate": 0.01}),
}


def _flat(parts: Any) -> Any:
    return np.concatenate([part.ravel() for layer in zip(*parts, strict=True) for part in layer])


def _task(run: Run) -> dict[str, Any]:
    data, penalty = run.draw(), settings_to_json(run.penalty)
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


EXPERIMENT = dataclasses.replace(parse(shipped()), sections=("live",), reading=())


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
    run = dataclasses.replace(EXPERIMENT.arm_runs(EXPERIMENT.arms[1])[0], recording=ENDS_ONLY)
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

    # Every number of the list is the one that the figure shows when its button is pressed.
    items = still.locator(".tries > li", has_text="zero")
    assert items.count()
    for item in items.all():
        for button in item.get_by_role("button").all():
            before = trained(still)
            button.click()
            settle(still, before + 1)
            assert reading(still, "zero") in item.locator("p").inner_text()
            assert reading(still, "below") in item.locator("p").inner_text()


def test_every_control_trains_another_network_and_reset_the_first_again(still: Page) -> None:
    before, picture = readings(still), still.locator(".live .weights").screenshot()
    controls = {"penalty": "l2", "step": "proximal", "loss": "huber", "strength": "3", "rate": "3", "size": "30"}
    for name, value in controls.items():
        choose(still, name, value)
        assert readings(still)["size"] != before["size"], name
        assert still.locator(".live .weights").screenshot() != picture, name

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
