"""One run under L1 and L2, step by step: a figure that the text moves, or stills where scripts are off.

`templates/static/watch.js` repeats the training in the page. The run is the median one by total test error, see
`shown_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation
from reportgen.sections import Section, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import (
    arm_threshold,
    as_findings,
    compare_arms,
    is_curve,
    l1_and_l2,
    own_arm,
    trained_arm,
)
from reportgen.sections.page_training import (
    Snapshot,
    arm_task,
    common_task,
    drawn_samples,
    is_repeatable,
    snapshot,
    start_task,
)
from reportgen.sections.run_animations import run_animations
from reportgen.sections.shown_runs import RankedRun, median_run, ranked_runs, shown_runs
from reportgen.sections.shrinking import dead_band
from reportgen.statistics.compression import compress
from reportgen.statistics.rank import second_share
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.statistics.total_error import total_errors
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

EARLY = 0.05
"""The share of all steps at which the second step of the text stops."""
STRIPES = 0.05
"""A matrix whose second singular value is at most this share of the first looks like stripes."""
MOST = 0.8
"""The share of weights that "most" stands for in the headline."""
SAME = 0.001
"""Outputs that change by at most this share of the range of the targets look the same."""
TREMBLING = 10
"""Records before the middle of the training over which weights near zero are watched."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The end of the run under one arm."""

    label: str
    name: str
    strength: float
    task: dict[str, Any]
    """What train.js needs of the arm."""
    total: float
    zeros: int
    """Weights that are exactly zero, of `weights`."""
    weights: int
    units: list[int]
    """For each hidden layer, its units that are alive at the end."""
    parameters: int
    """Weights and biases of the network without its other units."""
    change: float
    """The largest change of the outputs at the training inputs when those units are removed, as a share of the range
    of the targets."""
    second_share: float
    """The second singular value as a share of the first, largest of the matrices between hidden layers."""
    start: Snapshot
    early: Snapshot
    end: Snapshot
    line: list[list[float]]
    """Inputs and outputs of the fitted function at the end."""


@dataclass(frozen=True, kw_only=True)
class Zoom:
    """L1 by plain gradient beside L1 by proximal steps, in the same run."""

    label: str
    task: dict[str, Any]
    band: float
    """η·λ, the range of the colors."""
    zero: float
    """Share of weights that are exactly zero at the end by plain gradient."""
    near: float
    """Share of its weights within `band` of zero."""
    proximal_zero: float
    trembling: float
    """The median change between two records, just before the middle of the training, of its weights near zero."""
    middle: Snapshot
    proximal_middle: Snapshot


@dataclass(frozen=True, kw_only=True)
class RunToChoose:
    """A run that a reader can choose."""

    label: str
    task: dict[str, Any]
    """What train.js needs of its seeds."""


@dataclass(frozen=True, kw_only=True)
class WatchFindings:
    """The run that the figure shows, and what is to be seen in it."""

    possible: bool
    """False without an arm of L1 and one of L2 that have come to an end in the same run."""
    run: int = 0
    """Its number, from 1."""
    rank: int = 0
    ranked: int = 0
    rests: bool = False
    """True if the learning rate falls to zero, so that runs come to rest."""
    curve: bool = False
    parameters: int = 0
    steps: int = 0
    task: dict[str, Any] | None = None
    """What train.js needs for all arms; None if the page cannot repeat the training."""
    choices: list[RunToChoose] | None = None
    samples: dict[str, Any] | None = None
    l1: Shown | None = None
    l2: Shown | None = None
    zoom: Zoom | None = None
    limit: float = 0.0
    """The largest weight of all snapshots."""
    gap: float = 0.0
    """Sum over the test samples of the distance between both predictions."""
    margin: float = 0.0
    zeros: list[float] | None = None
    """The least share of weights that are exactly zero in any run of L1, and the largest in any of L2."""
    better: dict[str, Any] | None = None
    """L1 against L2 over all runs, by total test error."""


def _one_path(f: Any) -> bool | Outcome | None:
    if not f.possible or not f.l1.units:
        return None
    return all(count == 1 for count in f.l1.units)


def _stripes(f: Any) -> bool | Outcome | None:
    return bool(f.l2.second_share <= STRIPES) if f.possible and f.l2.second_share is not None else None


def _same_line(f: Any) -> bool | Outcome | None:
    return bool(f.gap <= f.margin) if f.possible and f.curve and f.margin > 0 else None


def _trembles(f: Any) -> bool | Outcome | None:
    if not f.possible or not f.zoom:
        return None
    z = f.zoom
    return bool(z.zero < 0.01 and z.proximal_zero > 0.5 and z.near > 0.5 and z.trembling > 0)


def _can_be_cut(f: Any) -> bool | Outcome | None:
    if not f.possible or not f.l1.units:
        return None
    return bool(f.l1.parameters < f.parameters / 2 and f.l1.change <= SAME)


def _better(f: Any) -> bool | Outcome | None:
    if not f.possible:
        return None
    outcomes: dict[str, bool | Outcome] = {"undecided": "undecided", "practically equal": False}
    return outcomes.get(f.better.verdict, True)


@sections.register("watch")
class Watch(Section[WatchFindings]):
    """The median run under L1 and L2, in a figure that the text moves."""

    title = "Watch it"
    scripts = ("plots.js", "train.js", "watch.js")
    claims = (
        Claim(name="one-path-is-left", test=_one_path),
        Claim(name="l2-makes-stripes", test=_stripes),
        Claim(name="both-fit-the-same-line", test=_same_line),
        Claim(name="gradient-trembles", test=_trembles),
        Claim(name="most-can-be-cut", test=_can_be_cut),
        Claim(name="one-of-both-predicts-better", test=_better),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in _arms(e) for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> WatchFindings:
        arms = _arms(e)
        ranked = ranked_runs(e, trained, *arms) if arms else []
        middle = median_run(ranked)
        if middle is None:
            return WatchFindings(possible=False)
        l1, l2, *more = [trained[e.arm_runs(arm)[middle.index]] for arm in arms]
        run, data = l1.run, l1.run.draw()
        shown = [_shown(e, arm, t) for arm, t in zip(arms, (l1, l2), strict=False)]
        repeatable = is_repeatable(e, *arms)
        totals = [total_errors(trained_arm(e, arm, trained)) for arm in arms[:2]]
        largest = [np.abs(w[[0, -1]]).max() for t in (l1, l2) for w in t.kernels]
        return WatchFindings(
            possible=True,
            run=middle.index + 1,
            rank=middle.rank,
            ranked=len(ranked),
            rests=e.training.schedule != "constant" or e.training.full_batch_steps > 0,
            curve=is_curve(e),
            parameters=e.network.parameters(*e.data.shape),
            steps=run.steps,
            task=common_task(run) if repeatable else None,
            choices=_choices(e, arms[0], ranked) if repeatable else None,
            samples=drawn_samples(run) if repeatable else None,
            l1=shown[0],
            l2=shown[1],
            zoom=_zoom(e, arms[2], more[0], l1) if more else None,
            limit=float(max(largest)),
            gap=float(np.abs(l1.predict(data.x_test) - l2.predict(data.x_test)).sum()),
            margin=e.margin,
            zeros=[
                min(zero_share(t.at(-1)[0]) for t in trained_arm(e, arms[0], trained)),
                max(zero_share(t.at(-1)[0]) for t in trained_arm(e, arms[1], trained)),
            ],
            better=as_findings(compare_arms(e, *totals)),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: WatchFindings) -> Iterable[Animation]:
        """The weights and the fit of the run under L1 and under L2, as files for other pages."""
        if findings.possible:
            for arm in _arms(e)[:2]:
                shown = trained[e.arm_runs(arm)[findings.run - 1]]
                yield from run_animations(e, f"watched-{arm.name}", [(arm, shown)], keep=True, one_run=True)

    def headline(self, e: Experiment, findings: WatchFindings) -> str | None:
        if findings.zeros is None or findings.zeros[0] < MOST or findings.zeros[1] > 0:
            return None
        return "L1 makes most weights exactly zero. L2 makes weights small, and none of them zero."


def _arms(e: Experiment) -> list[Arm]:
    """L1 and L2, and L1 by plain gradient if the first is by proximal steps; empty if L1 or L2 is missing."""
    pair = l1_and_l2(e)
    if pair is None:
        return []
    l1, l2 = pair
    gradient = own_arm(e, L1, "subgradient")
    beside = gradient and gradient != l1 and gradient.strength == l1.strength
    return [l1, l2, *([gradient] if gradient and beside else [])]


def _choices(e: Experiment, arm: Arm, ranked: list[RankedRun]) -> list[RunToChoose]:
    runs = e.arm_runs(arm)
    return [RunToChoose(label=one.label, task=start_task(runs[one.index])) for one in shown_runs(ranked)]


def _shown(e: Experiment, arm: Arm, t: Trajectory) -> Shown:
    kernels, biases = t.at(-1)
    band = dead_band(e, arm)
    x, y = t.run.draw().x_train, t.run.draw().y_train
    small = compress(kernels, biases, band, e.network.activation)
    early = int(np.searchsorted(t.steps, EARLY * t.steps[-1]))
    grid = np.linspace(x.min(), x.max(), 2 if e.network.activation == "linear" else 60)[:, np.newaxis]
    return Shown(
        label=arm.label,
        name=arm.name,
        strength=arm.strength,
        task=arm_task(arm),
        total=float(total_errors([t])[0]),
        zeros=sum(int((w == 0).sum()) for w in kernels),
        weights=sum(w.size for w in kernels),
        units=list(small.hidden),
        parameters=small.parameters,
        change=small.largest_change(kernels, biases, x, e.network.activation) / (float(np.ptp(y)) or 1.0),
        second_share=second_share(kernels),
        start=snapshot(t, 0, 0.0),
        early=snapshot(t, early, band),
        end=snapshot(t, -1, band),
        line=[grid[:, 0].tolist(), t.predict(grid)[:, 0].tolist()] if is_curve(e) else [],
    )


def _zoom(e: Experiment, arm: Arm, gradient: Trajectory, proximal: Trajectory) -> Zoom:
    kernels, _ = gradient.at(-1)
    band = arm_threshold(e, arm)
    middle = len(gradient.steps) // 2
    changes = []
    for w in gradient.kernels:
        part = w[max(0, middle - TREMBLING) : middle + 1]
        near = (np.abs(part) <= band).all(axis=0)
        changes.append(np.abs(np.diff(part, axis=0))[:, near].ravel())
    moved = np.concatenate(changes)
    return Zoom(
        label=arm.label,
        task=arm_task(arm),
        band=band,
        zero=zero_share(kernels),
        near=below_share(kernels, band),
        proximal_zero=zero_share(proximal.at(-1)[0]),
        trembling=float(np.median(moved)) if moved.size else 0.0,
        middle=snapshot(gradient, middle, 0.0),
        proximal_middle=snapshot(proximal, middle, 0.0),
    )
