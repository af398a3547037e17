"""One slider for λ, from nothing to collapse, under all penalties of the arms at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Arm, Experiment
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome
from reportgen.sections.helpers import (
    as_findings,
    at_rest,
    collapsed_runs,
    errors_without_collapses,
    mean,
    rate_findings,
    table,
    varied_runs,
)
from reportgen.sections.player import pack_trajectory
from reportgen.sections.strengths import (
    SUMS,
    collapse_range,
    final_records,
    least_sums_of_arms,
    median,
    rates_above_half,
    swept_arms,
)
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.sparsity import zero_share
from reportgen.statistics.total_error import total_errors
from reportgen.text import plural
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

GRID = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Strengths above zero, closer together where fits collapse."""
RUNS = 10
"""Runs at each strength: enough for a verdict on each penalty, with their number taken into account."""
MOST_DRAWN = 4096
"""The most weights of a network that is drawn."""


@dataclass(frozen=True, kw_only=True)
class DialPoint:
    """Results of one penalty at one strength, over the runs that came to their end."""

    penalty: str
    strength: float
    error: float
    """Median of the total test errors."""
    low: float
    high: float
    """The smallest and the largest of them."""
    zero: float
    """Mean share of weights that are exactly zero."""
    ended: int
    collapsed: int


@dataclass(frozen=True, kw_only=True)
class DialPenalty:
    """One penalty at all strengths."""

    label: str
    color: str
    strength: float
    """λ of its arm; 0 if it has none."""
    step: str
    points: list[DialPoint]
    collapse: dict[str, float | None]
    """The strengths "after" which and "by" which at least half of the runs collapse for good, and the "first" with a
    collapse; None where there is none."""
    drawn: dict[str, Any] | None
    """The weights of the run in the drawings, at each strength; see `sections/player.py`."""
    run_zeros: list[int]
    run_errors: list[float | None]
    """Of that run, at each strength."""


@dataclass(frozen=True, kw_only=True)
class DialFindings:
    """Results over λ."""

    grid: list[float]
    runs: int
    counted: str
    """Their number in words: "10 runs"."""
    weights: int
    """Of one network."""
    sweeps: dict[str, DialPenalty]
    place: int
    """The place in the grid where the slider begins."""
    shown: int | None
    """The run in the drawings, from 1; None if no run came to its end everywhere."""
    schedule_changed: bool
    """True if the experiment's learning rate does not fall to zero, as that of this section does."""
    has_fit: bool
    """True if most runs without a penalty did not collapse."""
    zeros: dict[str, float]
    """Share of exact zeros at the largest strength before the collapse, under L1 and L2 if both are here."""
    costs: list[dict[str, Any]]
    """Total test error at the λ of an arm, minus that of the same runs without a penalty."""
    equivalence: float
    ends: list[dict[str, Any]]
    """How many runs collapsed at the largest strength."""
    theory: list[dict[str, Any]]
    """The sum that a penalty counts, at the λ of its arm, and the least for the slope of each run."""
    layers: int
    near: float = 0.02
    """A sum at most this share above the least one is near it."""


@sections.register("dial")
class Dial(Section[DialFindings]):
    """Networks, fits, zeros and errors at every λ between nothing and collapse."""

    title = "Turn the dial"
    scripts = ("plots.js", "dial.js")
    claims = (
        Claim(name="zeros-come-before-the-collapse", test=lambda f: _zeros_before_collapse(f.zeros, f.has_fit)),
        Claim(
            name="the-arms-strengths-cost-no-error",
            test=lambda f: (
                all_outcomes(*(difference_outcome(cost, "better", "practically equal") for cost in f.costs))
                if f.has_fit
                else None
            ),
        ),
        Claim(name="the-dial-ends-in-collapse", test=lambda f: rates_above_half(f.ends) if f.has_fit else None),
        Claim(
            name="sums-are-near-the-least",
            test=lambda f: max(part.most for part in f.theory) < 1 + f.near if f.theory else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        arms = swept_arms(e)
        return dict.fromkeys(run for arm in arms.values() for λ in _grid(arms) for run in _runs_at(e, arm, λ))

    def findings(self, e: Experiment, trained: Trained, study: object) -> DialFindings:
        arms = swept_arms(e)
        grid = _grid(arms)
        ended = {kind: [[trained[run] for run in _runs_at(e, arm, λ)] for λ in grid] for kind, arm in arms.items()}
        shown = _middle_run([total_errors(runs) for by_λ in ended.values() for runs in by_λ])
        points = {
            kind: [_point(arm.penalty.title, λ, runs) for λ, runs in zip(grid, ended[kind], strict=True)]
            for kind, arm in arms.items()
        }
        collapses = {kind: collapse_range([vars(point) for point in points[kind]]) for kind in arms}
        own = {kind: grid.index(arm.strength) for kind, arm in arms.items() if arm.strength}
        parts = {kind: _penalty(arm, points[kind], collapses[kind], shown, ended[kind]) for kind, arm in arms.items()}
        without = next(iter(points.values()))[0]
        weights = sum(i * o for i, o in e.run(0).shapes)
        count = len(_runs_at(e, next(iter(arms.values())), grid[-1]))
        return DialFindings(
            grid=grid,
            runs=count,
            counted=plural(count, "run"),
            weights=weights,
            sweeps=parts,
            place=next(iter(own.values()), len(grid) // 2),
            shown=None if shown is None else shown + 1,
            schedule_changed=at_rest(e) != e.training.schedule,
            has_fit=without.ended > 2 * without.collapsed,
            zeros=_zeros_at_last_fit(points, collapses),
            costs=_costs(e, arms, ended, own),
            equivalence=e.margin,
            ends=[_end(e, arms[kind], by_λ[-1]) for kind, by_λ in ended.items()],
            theory=least_sums_of_arms(e, arms, {kind: ended[kind][i] for kind, i in own.items()}),
            layers=len(e.run(0).shapes),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: DialFindings) -> Iterable[Picture]:
        if findings.shown is None or findings.weights > MOST_DRAWN:
            return
        arms, places = swept_arms(e), _still_places(findings)
        panels = [
            {
                "title": findings.sweeps[kind].label,
                "detail": f"λ = {findings.grid[i]:g}",
                "kernels": [
                    w.tolist() for w in trained[_runs_at(e, arm, findings.grid[i])[findings.shown - 1]].at(-1)[0]
                ],
            }
            for i in places
            for kind, arm in arms.items()
        ]
        yield Picture(
            name="dial",
            figure="matrix_grid",
            inputs={"panels": panels, "columns": len(arms)},
            alt="Weights of one run, trained anew at each λ. "
            + "; ".join(
                f"{part.label}: {part.run_zeros[i]:,} of {findings.weights:,} weights exactly zero at "
                f"λ = {findings.grid[i]:g}"
                for part in findings.sweeps.values()
                for i in places
            )
            + ".",
        )

    def tables(self, e: Experiment, findings: DialFindings) -> Iterable[Table]:
        yield table(
            "dial",
            [point for part in findings.sweeps.values() for point in part.points],
            {
                "penalty": ("penalty", ""),
                "strength": ("λ", "g"),
                "error": ("median total error", ".2f"),
                "low": ("smallest", ".2f"),
                "high": ("largest", ".2f"),
                "zero": ("exactly zero, mean", ".1%"),
                "collapsed": ("collapsed", "d"),
            },
        )
        if findings.theory:
            yield table(
                "dial-sums",
                findings.theory,
                {
                    "label": ("penalty", ""),
                    "strength": ("λ", "g"),
                    "slope": ("slope, in size", ".3f"),
                    "sum": ("sum", ""),
                    "least": ("least possible", ".3f"),
                    "measured": ("measured", ".3f"),
                    "excess": ("largest excess of a run", ".1%"),
                },
            )


def _grid(arms: Mapping[str, Arm]) -> list[float]:
    return sorted({0.0, *GRID, *(arm.strength for arm in arms.values())})


def _runs_at(e: Experiment, arm: Arm, λ: float) -> list[Run]:
    """The runs at one strength, with a learning rate that falls to zero: those of the arm itself where they do."""
    if arm in e.arms and λ == arm.strength and at_rest(e) == e.training.schedule:
        return e.arm_runs(arm)[:RUNS]
    changes: dict[str, Any] = {"penalty": arm.penalty, "step": arm.step} if λ else {}
    return varied_runs(e, RUNS, strength=λ, training={"schedule": at_rest(e)}, **changes)


def _middle_run(errors: list[Values]) -> int | None:
    """The index of the run with the middle mean rank by total test error over all settings, the lower one of two.

    Only runs that came to their end everywhere count; None if there is none.
    """
    table = np.stack(errors)
    ended = np.flatnonzero(np.isfinite(table).all(axis=0))
    if not len(ended):
        return None
    values = table[:, ended]
    # Runs that collapsed may have equal errors; each pair of them shares its ranks.
    above, equal = (sign(values[:, :, None], values[:, None, :]).sum(axis=2) for sign in (np.greater, np.equal))
    ranks = (above + equal / 2).mean(axis=0)
    return int(ended[np.argsort(ranks, kind="stable")[(len(ended) - 1) // 2]])


def _point(label: str, λ: float, runs: list[Trajectory]) -> DialPoint:
    ended = [t for t in runs if t.diverged is None]
    errors = total_errors(ended)
    return DialPoint(
        penalty=label,
        strength=λ,
        error=median(errors),
        low=float(errors.min()) if len(errors) else math.nan,
        high=float(errors.max()) if len(errors) else math.nan,
        zero=mean([zero_share(t.at(-1)[0]) for t in ended]),
        ended=len(ended),
        collapsed=int(collapsed_runs(runs).sum()),
    )


def _penalty(
    arm: Arm,
    points: list[DialPoint],
    collapse: dict[str, float | None],
    shown: int | None,
    ended: list[list[Trajectory]],
) -> DialPenalty:
    own = [] if shown is None else [runs[shown] for runs in ended]
    kernels = [t.at(-1)[0] for t in own]
    weights = sum(w.size for w in kernels[0]) if kernels else math.inf
    return DialPenalty(
        label=arm.penalty.title,
        color=arm.penalty.look(arm.step).color,
        strength=arm.strength,
        step=arm.step,
        points=points,
        collapse=collapse,
        drawn=pack_trajectory(final_records(own)) if weights <= MOST_DRAWN else None,
        run_zeros=[sum(int((w == 0).sum()) for w in k) for k in kernels],
        run_errors=total_errors(own).tolist() if own else [],
    )


def _zeros_at_last_fit(
    points: Mapping[str, list[DialPoint]], collapses: Mapping[str, dict[str, float | None]]
) -> dict[str, float]:
    """For L1 and L2, the share of exact zeros at the largest strength at which fewer than half of the runs collapse."""
    if not {*SUMS} <= {*points}:
        return {}
    last = {kind: collapses[kind]["after"] for kind in SUMS}
    return {kind: point.zero for kind in SUMS for point in points[kind] if point.strength == last[kind] and point.ended}


def _zeros_before_collapse(zeros: Mapping[str, float], has_fit: bool) -> bool | Outcome | None:
    """True if most weights are zero under the first penalty while it still fits, and none under the second."""
    if not has_fit or len(zeros) < len(SUMS):
        return None
    l1, l2 = (zeros[kind] for kind in SUMS)
    return True if l1 > 0.5 and l2 < 0.01 else False if l1 <= l2 else "undecided"


def _costs(
    e: Experiment, arms: Mapping[str, Arm], ended: Mapping[str, list[list[Trajectory]]], own: Mapping[str, int]
) -> list[dict[str, Any]]:
    pairs = [(errors_without_collapses(ended[k][i]), errors_without_collapses(ended[k][0])) for k, i in own.items()]
    return [
        {"label": arms[kind].penalty.title, "strength": arms[kind].strength, **as_findings(difference)}
        for kind, difference in zip(own, compare_family(pairs, e.margin, e.comparison), strict=True)
    ]


def _end(e: Experiment, arm: Arm, runs: list[Trajectory]) -> dict[str, Any]:
    collapsed: NDArray[np.bool_] = collapsed_runs(runs)[[t.diverged is None for t in runs]]
    return {"label": arm.penalty.title, **rate_findings(collapsed, e.comparison)}


def _still_places(f: DialFindings) -> list[int]:
    """Three places of the grid for a still: a small λ, that of the arms, and the last before the first collapse."""
    gone = [part.collapse["by"] for part in f.sweeps.values() if part.collapse["by"] is not None]
    last = f.grid.index(min(gone)) if gone else len(f.grid) - 1
    return sorted({1, f.place, last})
