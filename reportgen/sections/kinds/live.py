"""A network that trains in the page: the data for its script, and suggested settings.

`templates/static/train.js` computes as the trainer does, and `templates/static/live.js` is the figure around it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets import task_of
from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.losses import fitting, losses
from reportgen.penalties import Penalty, penalties
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.none import NoPenalty
from reportgen.sections import Section, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    default_penalty,
    is_curve,
    kinds_by_name,
    l1_arm,
    own_arm,
    plain_arms,
    vary,
)
from reportgen.sections.page_training import WORK, start_weights
from reportgen.sections.wording import join_words
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.tables import Task
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

_PARAMETERS = 4096
_RECORDS = 200

_MANTISSAS = ("1", "1.5", "2", "3", "5", "7")
STRENGTHS = (0.0, *(float(f"{m}e{k}") for k in range(-3, 1) for m in _MANTISSAS), 10.0)
RATES = tuple(float(f"{m}e{k}") for k in range(-4, 0) for m in _MANTISSAS if float(m) <= 2 or k < -1)
SIZES = tuple(float(size) for size in range(41))
FAR, SLOW = 30.0, 0.0003
"""A size of outliers at which the losses differ, and a learning rate that is stable for all three."""

Settings = dict[str, Any]
"""Values of the figure's controls: penalty, strength, step, loss, rate, and size (of the outliers; None without)."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The result of a training: its sparsity and its distance from the true function."""

    settings: Settings
    diverged: int | None
    zero: float
    below: float
    """Share of the weights within η·λ of zero."""
    furthest: float | None
    """The largest distance from the truth; None if the data have none, or if the training diverged."""
    answer: float | None
    """The output at the smallest input, or None as `furthest`."""


@dataclass(frozen=True, kw_only=True)
class LiveFindings:
    """What the figure and its text need. If the page cannot train the network, only `possible` has a meaning."""

    possible: bool
    task: dict[str, Any] = field(default_factory=dict)
    """The part of the training that the reader cannot set; train.js documents its keys."""
    data: dict[str, Any] = field(default_factory=dict)
    """The samples for any size of outliers: target = clean + lift · size. If the targets are two classes, their names
    too; each x is then a list of two inputs."""
    start: Settings = field(default_factory=dict)
    stops: dict[str, list[float]] = field(default_factory=dict)
    penalties: dict[str, str] = field(default_factory=dict)
    losses: dict[str, str] = field(default_factory=dict)
    differences: str = ""
    """How the page trains otherwise than the experiment, in words; empty if it does not."""
    arm: str = ""
    """The label of the arm whose settings the figure starts with."""
    same: bool = False
    """True if the figure starts as the first run of that arm."""
    function: str = ""
    tried: dict[str, Ended] = field(default_factory=dict)
    """The results of the settings that the text suggests."""
    emptied: str | None = None
    """The weakest penalty of `tried` such that it and every stronger one leave no weight."""


def _has_numbers(f: Any, number: str, *names: str) -> bool:
    """True if the results of all settings in `names` have a value for `number`."""
    return all(name in f.tried and f.tried[name][number] is not None for name in names)


def _has_ended(f: Any, *names: str) -> bool:
    """True if there are results of all settings in `names`, and none diverged."""
    return all(name in f.tried and f.tried[name].diverged is None for name in names)


def _compare_sizes(first: float, second: float) -> bool | Outcome:
    """True if the first is more than twice the second, False if it is no larger, else undecided."""
    return True if first > 2 * second else False if first <= second else "undecided"


def _differs_in_count(f: Any) -> bool | Outcome:
    """True if most weights that the gradient leaves near zero are exactly zero by a proximal step, and few without."""
    base, proximal = f.tried.base, f.tried.proximal
    if proximal.zero <= base.zero:
        return False
    return True if base.zero < 0.01 and proximal.zero > base.below / 2 > 0.25 else "undecided"


@sections.register("live")
class Live(Section[LiveFindings]):
    """A figure that trains the first run's network again, with the reader's settings."""

    title = "Train it yourself"
    scripts = ("plots.js", "train.js", "gif.js", "live.js")
    claims = (
        Claim(
            name="smaller-steps-settle",
            test=lambda f: (
                _compare_sizes(f.tried.base.furthest, f.tried.slower.furthest)
                if _has_numbers(f, "furthest", "base", "slower")
                and f.start.loss == "absolute"
                and f.task.schedule == "constant"
                else None
            ),
        ),
        Claim(
            name="colors-hide-what-a-count-shows",
            test=lambda f: _differs_in_count(f) if _has_ended(f, "base", "proximal") else None,
        ),
        Claim(
            name="the-loss-shows-in-one-network",
            test=lambda f: (
                _compare_sizes(f.tried.squared.furthest, f.tried.absolute.furthest)
                if _has_numbers(f, "furthest", "absolute", "huber", "squared")
                else None
            ),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        if _passes(e)[0] == 0:
            return []
        tried = [_run(e, settings) for settings in _suggested_settings(e).values()]
        return list(dict.fromkeys([_run(e, _start_settings(e)), *tried]))

    def findings(self, e: Experiment, trained: Trained, study: object) -> LiveFindings:
        if _passes(e)[0] == 0:
            return LiveFindings(possible=False)
        start = _start_settings(e)
        run = _run(e, start)
        suggested = _suggested_settings(e)
        tried = {name: _ended(trained[_run(e, settings)], settings) for name, settings in suggested.items()}
        return LiveFindings(
            possible=True,
            task=_task(run, _mix(e)),
            data=_data(run),
            start=start,
            stops=_slider_stops([start, *suggested.values()]),
            penalties={name: name if kind is NoPenalty else kind.title for name, kind in penalties_in_page().items()},
            losses=losses_in_page(task_of(e.data)),
            differences=_differences(e, run),
            arm=_arm(e).label,
            same=_arm(e) in e.arms and dataclasses.replace(run, recording=e.recording) in e.arm_runs(_arm(e)),
            function=_function(e),
            tried=tried,
            emptied=_weakest_emptying(tried),
        )


def losses_in_page(task: Task) -> dict[str, str]:
    """The losses of train.js for a task, and their names in the figure, in the order of the menu."""
    return {name: losses[name].short for name in fitting(task) if losses[name].in_page}


def _function(e: Experiment) -> str:
    """What the figure draws of the network, in a word."""
    if _is_plane(e):
        return "boundary"
    return "line" if e.network.activation == "linear" or not e.network.hidden else "function"


def _is_plane(e: Experiment) -> bool:
    """True for two inputs and two classes, whose areas the figure draws."""
    return e.data.shape == (2, 1) and task_of(e.data) == "binary"


def penalties_in_page() -> dict[str, type[Penalty]]:
    """The penalties of train.js, in the order of the menu."""
    kinds = (penalties[name] for name in penalties.names())
    return kinds_by_name(*sorted((kind for kind in kinds if kind.in_page), key=lambda kind: (kind.place, kind.title)))


def _arm(e: Experiment) -> Arm:
    """The arm whose settings the figure starts with: that of L1, else the first with a penalty that it can train."""
    known = [arm for arm in plain_arms(e) if arm.penalty.in_page]
    penalized = next((arm for arm in known if arm.strength > 0), known[0] if known else Arm(name="none"))
    return l1_arm(e) or penalized


def _passes(e: Experiment) -> tuple[int, int]:
    """Epochs and steps on all samples that the page can train; no epochs if it cannot draw the data or is too slow."""
    parameters = e.network.parameters(*e.data.shape)
    is_drawn = _is_plane(e) or (is_curve(e) and task_of(e.data) == "regression")
    if not is_drawn or parameters > _PARAMETERS:
        return 0, 0
    most = WORK // (parameters * e.data.training_samples)
    full = min(e.training.full_batch_steps, most // 2)
    return min(e.training.epochs, most - full), full


def _start_settings(e: Experiment) -> Settings:
    arm, size = _arm(e), e.data.outlier_size if isinstance(e.data, Line) and e.data.outliers else None
    return {
        "penalty": penalties.name_of(arm.penalty),
        "strength": arm.strength,
        "step": arm.step,
        "loss": e.training.loss,
        "rate": e.training.learning_rate,
        "size": size,
    }


def _slider_stops(settings: list[Settings]) -> dict[str, list[float]]:
    """The stops of the sliders: round values, and those of the suggested settings."""
    values: dict[str, tuple[float, ...]] = {"strength": STRENGTHS, "rate": RATES}
    if settings[0]["size"] is not None:
        values["size"] = SIZES
    return {name: sorted({*round_ones, *(one[name] for one in settings)}) for name, round_ones in values.items()}


def _suggested_settings(e: Experiment) -> dict[str, Settings]:
    """The settings that the text suggests, by name; all vary L1 in the gradient, at the λ of the experiment's L1."""
    l1 = own_arm(e, L1)
    λ = l1.strength if l1 else DEFAULT_STRENGTH
    base = {**_start_settings(e), "penalty": "l1", "strength": λ, "step": "subgradient"}
    rate = e.training.learning_rate
    tried: dict[str, Settings] = {
        "base": base,
        "slower": {**base, "rate": float(f"{rate / 10:.6g}")},
        "proximal": {**base, "step": "proximal"},
    }
    for stop in STRENGTHS:
        if stop > λ:
            tried[f"λ {stop:g}"] = {**base, "step": "proximal", "strength": stop}
    if base["size"] is not None:
        for loss in losses_in_page("regression"):
            tried[loss] = {**base, "size": FAR, "rate": SLOW, "loss": loss}
    return tried


def _run(e: Experiment, settings: Settings) -> Run:
    """The first run with other settings, as the page trains it: without dropout, and no longer than it can."""
    kind = default_penalty(settings["penalty"])
    epochs, full_batch_steps = _passes(e)
    data = e.data
    if isinstance(data, Line) and settings["size"] is not None:
        data = dataclasses.replace(data, outlier_size=settings["size"])
    return vary(
        e.run(0),
        data=data,
        training={
            "loss": settings["loss"],
            "learning_rate": settings["rate"],
            "epochs": epochs,
            "full_batch_steps": full_batch_steps,
            "optimizer": "adam" if e.training.is_adaptive else e.training.optimizer,
            "weight_decay": 0.0,
            "early_stopping": 0,
        },
        network={"dropout": 0.0},
        penalty=dataclasses.replace(kind, mix=_mix(e)) if isinstance(kind, ElasticNet) else kind,
        strength=settings["strength"] if settings["penalty"] != "none" else 0.0,
        step=settings["step"],
        recording=Recording.ENDS_ONLY,
    )


def _differences(e: Experiment, run: Run) -> str:
    """How the page trains otherwise than the experiment, in words; empty if it does not."""
    own = e.training
    return join_words(
        [
            *(["without dropout"] * (run.network != e.network)),
            *(["without weight decay"] * (own.weight_decay > 0)),
            *(["without early stopping"] * (own.early_stopping > 0)),
            *(
                [f"with {run.training.epochs:,} of {own.epochs:,} passes over the data"]
                * (run.training.epochs < own.epochs)
            ),
            *(
                [f"with {run.training.full_batch_steps:,} of {own.full_batch_steps:,} steps on all samples"]
                * (run.training.full_batch_steps < own.full_batch_steps)
            ),
        ]
    )


def _mix(e: Experiment) -> float:
    """L1's share in the elastic net of the experiment, or its default."""
    return next((arm.penalty.mix for arm in e.arms if isinstance(arm.penalty, ElasticNet)), ElasticNet().mix)


def _task(run: Run, mix: float) -> dict[str, Any]:
    """The part of the training that the reader cannot set; train.js documents its keys."""
    order = [[sample for sample in batch if sample >= 0] for batch in run.order().tolist()]
    epoch = run.training.batches(run.training_samples)
    return {
        "widths": [run.shapes[0][0], *(outputs for _, outputs in run.shapes)],
        "activation": run.network.activation,
        "weights": start_weights(run),
        "order": order[: epoch if run.training.order == "fixed" else None],
        "steps": run.steps,
        "fullBatchSteps": run.training.full_batch_steps,
        "optimizer": run.training.optimizer,
        "momentum": run.training.momentum,
        "every": -(-run.steps // _RECORDS),
        "schedule": run.training.schedule,
        "mix": mix,
    }


def _data(run: Run) -> dict[str, Any]:
    """The samples for any size of outliers: target = clean + lift · size."""
    drawn = run.draw()
    clean, lift = drawn, None
    if isinstance(run.data, Line) and run.data.outliers:
        clean = dataclasses.replace(run.data, outlier_size=0.0).draw(run.data_seed)
        # Without slope and noise the targets are the outliers' share alone.
        lift = dataclasses.replace(run.data, slope=0.0, noise=0.0, outlier_size=1.0).draw(run.data_seed)
    truth = None
    if drawn.truth is not None:
        x, y = _truth(run)
        truth = {"x": x.tolist(), "y": y.tolist()}
    return {
        "classes": list(drawn.classes) or None,
        "train": {
            "x": _inputs(drawn.x_train),
            "clean": clean.y_train[:, 0].tolist(),
            "lift": lift.y_train[:, 0].tolist() if lift else None,
            "outlier": drawn.outlier_train.tolist(),
        },
        "test": {
            "x": _inputs(drawn.x_test),
            "clean": clean.y_test[:, 0].tolist(),
            "lift": lift.y_test[:, 0].tolist() if lift else None,
        },
        "truth": truth,
    }


def _inputs(x: NDArray[np.float64]) -> list[Any]:
    """The inputs of samples, as numbers if there is one each."""
    inputs: list[Any] = (x[:, 0] if x.shape[1] == 1 else x).tolist()
    return inputs


def _truth(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The noiseless function at evenly spaced inputs."""
    x, y = (array[:, 0] for array in run.draw().truth or (np.zeros((2, 1)), np.zeros((2, 1))))
    grid = np.linspace(x.min(), x.max(), 41)
    return grid, np.interp(grid, x, y)


def _ended(t: Trajectory, settings: Settings) -> Ended:
    kernels, _ = t.at(-1)
    known = t.run.draw().truth is not None and t.diverged is None
    x, y = _truth(t.run) if known else (np.zeros(0), np.zeros(0))
    outputs = t.predict(x[:, None])[:, 0] if known else x
    return Ended(
        settings=settings,
        diverged=t.diverged,
        zero=zero_share(kernels),
        below=below_share(kernels, t.run.training.learning_rate * t.run.strength),
        furthest=float(np.abs(outputs - y).max()) if known else None,
        answer=float(outputs[0]) if known else None,
    )


def _weakest_emptying(tried: dict[str, Ended]) -> str | None:
    """The name of the weakest penalty such that it and every stronger one leave no weight."""
    strongest_first = [name for name in reversed(tried) if name.startswith("λ")]
    weakest = None
    for name in strongest_first:
        if tried[name].zero < 1:
            break
        weakest = name
    return weakest
