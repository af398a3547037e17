"""Results over a grid of strengths, from no penalty to collapse."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Section, Table, Trained, sections, strengths
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome
from reportgen.sections.helpers import (
    collapsed_runs,
    difference_columns,
    errors_without_collapses,
    is_curve,
    mean,
    rate_columns,
    rate_findings,
    table,
    varied_runs,
)
from reportgen.sections.strengths import SUMS
from reportgen.sections.wording import join_words
from reportgen.statistics.collapses import CollapseOrder, compare_collapses
from reportgen.statistics.comparison import Difference, Values, compare_family
from reportgen.statistics.sparsity import zero_share
from reportgen.statistics.total_error import fitted_line, summarize, total_errors
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

GRID = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0)
"""Strengths in even steps of the logarithm, with more of them near the collapse."""
_FRAMES = (0.0, *(float(f"{λ:.2g}") for λ in np.geomspace(0.01, 3.0, 39)))
"""The strengths of the animation's frames."""
_CHEAP = 0.02
"""A penalty at most this share above the least possible counts as the least."""
_EARLIER: dict[str, Outcome] = {"more often": "supported", "less often": "not supported"}


@dataclass(frozen=True, kw_only=True)
class StrengthPoint:
    """Results of one penalty at one strength: medians over the runs that came to their end, for zeros the mean."""

    label: str
    strength: float
    error: dict[str, float]
    """From `summarize`."""
    zero: float
    ended: int
    collapsed: int
    difference: Difference | None
    """The largest error of a run over all strengths up to this one, against its error without a penalty."""
    slope: float
    sums: dict[str, float]
    """Σ|w| and Σw², and for functions of one input the least that they can be for the slope."""


@dataclass(frozen=True, kw_only=True)
class SweptPenalty:
    """One penalty at all strengths."""

    label: str
    arm: str | None
    """The label of its arm; None for a penalty of this section's own."""
    formula: str
    step: str
    strength: float
    """λ of its arm; 0 if it has none."""
    points: list[StrengthPoint]
    before: float
    """Median of what the penalty counts at λ = 0."""
    after: float
    """The same at the largest λ."""
    counted: Difference
    cost: Difference | None
    """`StrengthPoint.difference` at the λ of its arm."""
    calm: float | None
    """The largest λ up to which it costs no error beyond the margin."""
    kept: dict[str, Any] | None
    """How many networks collapsed at the λ of its arm, from `rate_findings`."""
    end: dict[str, Any]
    """How many collapsed at the largest λ."""
    collapse: dict[str, float | None]
    """See `collapse_range`."""


@dataclass(frozen=True, kw_only=True)
class StrengthFindings:
    """Results over λ."""

    grid: list[float]
    runs: int
    sweeps: dict[str, SweptPenalty]
    without: StrengthPoint
    has_fit: bool
    """True if most runs without a penalty did not collapse."""
    sooner: CollapseOrder | None
    frames: int
    equivalence: float
    layers: int
    theory: list[dict[str, Any]]
    """What a penalty counts at the λ of its arm and the least for the slope of each run, from `compare_with_least`."""
    exactly: dict[str, float] | None
    """The least sums for the slope of the data."""


@sections.register("strength")
class Strength(Section[StrengthFindings]):
    """Results of every penalty of the arms at strengths from zero to collapse."""

    title = "λ from nothing to collapse"
    claims = (
        Claim(
            name="larger-strengths-leave-less",
            test=lambda f: all_outcomes(*(difference_outcome(s.counted) for s in f.sweeps.values())),
        ),
        Claim(
            name="moderate-strengths-cost-no-error",
            test=lambda f: all_outcomes(
                *(difference_outcome(s.cost, "better", "practically equal") for s in f.sweeps.values() if s.cost)
            ),
        ),
        Claim(
            name="arms-keep-a-fit",
            test=lambda f: (
                strengths.rates_below_half(kept)
                if (kept := [s.kept for s in f.sweeps.values() if s.kept]) and f.has_fit
                else None
            ),
        ),
        Claim(
            name="every-penalty-can-collapse-the-fit",
            test=lambda f: strengths.rates_above_half([s.end for s in f.sweeps.values()]) if f.has_fit else None,
        ),
        Claim(
            name="l1-collapses-before-l2",
            test=lambda f: _EARLIER.get(f.sooner.rates.verdict, "undecided") if f.has_fit and f.sooner else None,
        ),
        Claim(
            name="networks-as-cheap-as-can-be",
            test=lambda f: max(t.most for t in f.theory) < 1 + _CHEAP if f.theory else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        arms = strengths.swept_arms(e)
        yield from (run for arm in arms.values() for λ in _grid(arms) for run in _runs_at(e, arm, λ))
        yield from (run for runs in _frame_runs(e, arms).values() for run in runs)

    def findings(self, e: Experiment, trained: Trained, study: object) -> StrengthFindings:
        arms = strengths.swept_arms(e)
        grid = _grid(arms)
        ended = {kind: [[trained[run] for run in _runs_at(e, arm, λ)] for λ in grid] for kind, arm in arms.items()}
        costs, counted = _compare_worst_errors(e, ended), _compare_counted(e, arms, ended)
        sweeps = {kind: _sweep(e, arm, grid, ended[kind], costs[kind], counted[kind]) for kind, arm in arms.items()}
        without = next(iter(sweeps.values())).points[0]
        deep_line = is_curve(e) and e.network.activation == "linear" and bool(e.network.hidden)
        layers = len(e.run(0).shapes)
        both = [np.array(list(map(collapsed_runs, ended[kind]))) for kind in SUMS if kind in ended]
        slope = e.data.slope if deep_line and isinstance(e.data, Line) else None
        return StrengthFindings(
            grid=grid,
            runs=e.runs.count,
            sweeps=sweeps,
            without=without,
            has_fit=without.ended > 2 * without.collapsed,
            sooner=compare_collapses(both[0], both[1], e.comparison) if len(both) == 2 else None,
            frames=len(_FRAMES),
            equivalence=e.margin,
            layers=layers,
            theory=strengths.least_sums_of_arms(
                e, arms, {kind: ended[kind][grid.index(arm.strength)] for kind, arm in arms.items() if arm.strength}
            ),
            exactly=None if slope is None else {"slope": slope, **strengths.least_sums(np.array([slope]), layers)},
        )

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: StrengthFindings
    ) -> Iterable[Picture | Animation]:
        arms = strengths.swept_arms(e)
        styles = {kind: arm.penalty.look(arm.step).arm for kind, arm in arms.items()}

        def lines(**axes: Callable[[StrengthPoint], float]) -> list[dict[str, Any]]:
            """A line for each penalty; `axes` are its values and the edges of its band."""
            return [
                {"arm": styles[kind], "label": sweep.label, "x": findings.grid}
                | {axis: [value(point) for point in sweep.points] for axis, value in axes.items()}
                for kind, sweep in findings.sweeps.items()
            ]

        errors = lines(y=lambda p: p.error["median"], low=lambda p: p.error["min"], high=lambda p: p.error["max"])
        panels = [
            {"title": "Error", "ylabel": "total error", "series": errors},
            {"title": "Zeros", "ylabel": "weights exactly zero", "series": lines(y=lambda p: p.zero)},
            {"title": "Slope", "ylabel": "slope between x = 0 and 1", "series": lines(y=lambda p: p.slope)},
        ]
        panels = panels if is_curve(e) else panels[:2]
        yield _curves("strength", panels)
        if findings.theory:
            panels = [
                _sums_panel(findings.sweeps[kind], SUMS[kind], sign, styles[kind])
                for kind, sign in strengths.SIGNS.items()
                if any(t["sum"] == sign for t in findings.theory)
            ]
            yield _curves("sums", panels)
        yield _strength_animation(arms, trained, _frame_runs(e, arms))

    def tables(self, e: Experiment, findings: StrengthFindings) -> Iterable[Table]:
        points = [point for sweep in findings.sweeps.values() for point in sweep.points]
        at = {"label": ("penalty", ""), "strength": ("λ", "g")}
        counts = {"error.median": ("median total error", ".2f"), "zero": ("exactly zero, mean", ".1%")}
        counts |= {"collapsed": ("collapsed", "d")}
        yield table("strength", points, at | counts | difference_columns("difference", "cost, mean"))
        least = {f"sums.least_{SUMS[kind]}": (f"least {sign}", ".2f") for kind, sign in strengths.SIGNS.items()}
        lines = {"slope": ("slope", ".2f")} | least if is_curve(e) else {}
        signs = {f"sums.{SUMS[kind]}": (sign, ".2f") for kind, sign in strengths.SIGNS.items()}
        yield table("strength-sums", points, at | signs | lines)
        end = f"at {findings.grid[-1]:g}"
        sums = {"before": ("what it counts at 0", ".3g"), "after": (end, ".3g")}
        rates = rate_columns("kept", "collapsed at λ") | rate_columns("end", f"collapsed {end}")
        rates |= {"collapse.first": ("first collapse", "g"), "collapse.by": ("half from", "g")}
        yield table("strength-collapses", list(findings.sweeps.values()), at | sums | rates)

    def headline(self, e: Experiment, findings: StrengthFindings) -> str | None:
        def listed(found: Iterable[tuple[str, float | None]]) -> str:
            return join_words([f"λ = {λ:g} under {label}" for label, λ in found if λ])

        calm = listed((sweep.label, sweep.calm) for sweep in findings.sweeps.values())
        gone = listed((sweep.label, sweep.collapse["by"]) for sweep in findings.sweeps.values())
        parts = [f"the total error stays within the margin up to {calm}"] * bool(calm)
        parts += [f"at least half of the networks collapse from {gone} on"] * bool(gone)
        return f"As λ grows from zero, {', and '.join(parts)}." if parts else None


def _grid(arms: Mapping[str, Arm]) -> list[float]:
    return sorted({*GRID, *(arm.strength for arm in arms.values())})


def _runs_at(e: Experiment, arm: Arm, λ: float) -> list[Run]:
    # The learning rate decreases to zero, so that jitter does not hide the effect of λ.
    changes: dict[str, Any] = {"penalty": arm.penalty, "step": arm.step} if λ else {}
    return varied_runs(e, e.runs.count, strength=λ, training={"schedule": "linear"}, **changes)


def _frame_runs(e: Experiment, arms: Mapping[str, Arm]) -> dict[str, list[Run]]:
    """The runs of the animation's frames, for the two penalties that it shows: L1 and L2 if they are there."""
    shown = sorted(arms, key=lambda kind: kind not in SUMS)[:2]
    return {kind: [_runs_at(e, arms[kind], λ)[0] for λ in _FRAMES] for kind in shown}


def _sweep(
    e: Experiment,
    arm: Arm,
    grid: Sequence[float],
    ended: Sequence[list[Trajectory]],
    costs: Sequence[Difference | None],
    counted: tuple[float, float, Difference],
) -> SweptPenalty:
    points = [_point(e, arm.penalty.title, *at) for at in zip(grid, ended, costs, strict=True)]
    place = grid.index(arm.strength)

    def rate(runs: Sequence[Trajectory]) -> dict[str, Any]:
        return rate_findings(collapsed_runs([t for t in runs if t.diverged is None]), e.comparison)

    return SweptPenalty(
        label=arm.penalty.title,
        arm=arm.label if arm in e.arms else None,
        formula=arm.penalty.formula,
        step=arm.step,
        strength=arm.strength,
        points=points,
        before=counted[0],
        after=counted[1],
        counted=counted[2],
        cost=costs[place],
        calm=_calm_until(points),
        kept=rate(ended[place]) if arm.strength else None,
        end=rate(ended[-1]),
        collapse=strengths.collapse_range([vars(point) for point in points]),
    )


def _point(
    e: Experiment, label: str, λ: float, trajectories: list[Trajectory], difference: Difference | None
) -> StrengthPoint:
    ended = [t for t in trajectories if t.diverged is None]
    kernels = [t.at(-1)[0] for t in ended]
    slopes = np.array([fitted_line(t)[0] for t in ended] if is_curve(e) else [])
    sums = {"sum_abs": strengths.kernel_sums(kernels, np.abs), "sum_squares": strengths.kernel_sums(kernels, np.square)}
    return StrengthPoint(
        label=label,
        strength=λ,
        error=summarize(total_errors(ended)),
        zero=mean([zero_share(k) for k in kernels]),
        ended=len(ended),
        collapsed=int(collapsed_runs(trajectories).sum()),
        difference=difference,
        slope=strengths.median(slopes),
        sums={key: strengths.median(values) for key, values in sums.items()}
        | strengths.least_sums(slopes, len(e.run(0).shapes)),
    )


def _compare_worst_errors(
    e: Experiment, ended: Mapping[str, list[list[Trajectory]]]
) -> dict[str, list[Difference | None]]:
    """For each strength, a run's largest error over all strengths up to there against that at zero; one family.

    No strength up to there costs more than this does, and no other section compares the same values. None for the first
    two strengths.
    """
    errors = {kind: np.array([errors_without_collapses(runs) for runs in by_λ]) for kind, by_λ in ended.items()}
    pairs = [(table[1 : i + 1].max(axis=0), table[0]) for table in errors.values() for i in range(2, len(table))]
    found = iter(compare_family(pairs, e.margin, e.comparison))
    return {kind: [None, None, *(next(found) for _ in table[2:])] for kind, table in errors.items()}


def _compare_counted(
    e: Experiment, arms: Mapping[str, Arm], ended: Mapping[str, list[list[Trajectory]]]
) -> dict[str, tuple[float, float, Difference]]:
    """What each penalty counts at zero and at the largest strength, medians, and the difference; one family."""

    def counted(arm: Arm, runs: Sequence[Trajectory]) -> Values:
        kernels = [[w.astype(np.float64) for w in t.at(-1)[0]] if t.diverged is None else None for t in runs]
        return np.array([sum(float(arm.penalty.cost(w, np)) for w in k) if k else math.nan for k in kernels])

    pairs = [(counted(arm, ended[kind][-1]), counted(arm, ended[kind][0])) for kind, arm in arms.items()]
    differences = compare_family(pairs, 0.0, e.comparison)
    medians = [[strengths.median(values[np.isfinite(values)]) for values in pair] for pair in pairs]
    return {kind: (m[1], m[0], d) for kind, m, d in zip(arms, medians, differences, strict=True)}


def _calm_until(points: Sequence[StrengthPoint]) -> float | None:
    """The largest strength up to which the penalty costs no error beyond the margin; None if none is shown to."""
    calm = None
    for point in points[2:]:
        if point.difference is None or point.difference.verdict not in ("better", "practically equal"):
            break
        calm = point.strength
    return calm


def _curves(name: str, panels: Sequence[dict[str, Any]]) -> Picture:
    # Logarithmic with a linear part around zero, so that λ = 0 is on the axis.
    shown = [{"xlabel": "λ", "xscale": "symlog", **panel} for panel in panels]
    return Picture(name=name, figure="curves", inputs={"panels": shown})


def _sums_panel(sweep: SweptPenalty, key: str, sign: str, style: int | str) -> dict[str, Any]:
    """What a penalty counts and the least that it could be, against λ."""
    measured, least = ([point.sums[of] for point in sweep.points] for of in (key, f"least_{key}"))
    x = [point.strength for point in sweep.points]
    series = [
        {"arm": style, "label": sweep.label, "x": x, "y": measured},
        {"arm": NoPenalty.look().arm, "label": "least for the slope", "x": x, "y": least},
    ]
    return {"title": f"{sign} under {sweep.label}", "ylabel": sign, "series": series}


def _strength_animation(arms: Mapping[str, Arm], trained: Trained, runs: Mapping[str, list[Run]]) -> Animation:
    """The animation of final weights over λ, all from one start."""
    looks = {kind: arms[kind].penalty.look(arms[kind].step) for kind in runs}
    panels = [
        Panel(
            title=looks[kind].title, trajectory=strengths.final_records([trained[r] for r in mine]), arm=looks[kind].arm
        )
        for kind, mine in runs.items()
    ]
    shares = [
        f"{panel.title}: {zero_share([w[0] for w in panel.trajectory.kernels]):.0%} of the weights exactly zero at "
        f"λ = 0, {zero_share([w[-1] for w in panel.trajectory.kernels]):.0%} at λ = {_FRAMES[-1]:g}"
        for panel in panels
    ]
    return Animation(
        name="weights-strength",
        scenes=("weights",),
        inputs={"panels": tuple(panels), "dial": ("λ =", tuple(f"{λ:.3f}" for λ in _FRAMES))},
        alt=f"The weight matrices that one start ends in, trained anew at each of {len(_FRAMES)} values of λ. "
        f"{'; '.join(shares)}.",
    )
