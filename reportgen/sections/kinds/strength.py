"""Results over a grid of strengths, from no penalty to collapse."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome
from reportgen.sections.helpers import (
    as_findings,
    collapsed_runs,
    errors_without_collapses,
    is_curve,
    kinds_by_name,
    mean,
    penalty_arms,
    varied_runs,
)
from reportgen.sections.wording import join_words
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.rates import compare_rates, rate_interval
from reportgen.statistics.sparsity import zero_share
from reportgen.statistics.total_error import fitted_line, total_errors
from reportgen.text import number, plural
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

GRID = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0)
"""Strengths in even steps of the logarithm, with more of them near the collapse."""
SUMS = dict(zip(kinds_by_name(L1, L2), ("sum_abs", "sum_squares"), strict=True))
"""The key of the sum that each of these penalties minimizes; for them the least sum of a given slope is known."""
_POWERS = dict(zip(SUMS, (1, 2), strict=True))
_FRAMES = tuple(float(f"{λ:.2g}") for λ in np.geomspace(0.01, 3.0, 39))
"""The strengths of the animation's frames after zero."""
_CHEAP = 0.02
"""A penalty at most this share above the least possible counts as the least."""


@sections.register("strength")
class Strength(Section[Findings]):
    """Results of every penalty of the arms at strengths from zero to collapse."""

    title = "Turning the dial: λ from nothing to collapse"
    claims = (
        Claim(
            name="larger-strengths-leave-less",
            test=lambda f: all_outcomes(*map(difference_outcome, f["counted"])),
        ),
        Claim(
            name="moderate-strengths-cost-no-error",
            test=lambda f: all_outcomes(*(difference_outcome(d, "better", "practically equal") for d in f["costs"])),
        ),
        Claim(
            name="arms-keep-a-fit",
            test=lambda f: _rates_below_half(f["kept"]) if f["kept"] and f["has_fit"] else None,
        ),
        Claim(
            name="every-penalty-can-collapse-the-fit",
            test=lambda f: _rates_above_half(f["ends"]) if f["has_fit"] else None,
        ),
        Claim(
            name="l1-collapses-before-l2",
            test=lambda f: _collapses_earlier(f["sooner"]) if f["has_fit"] and f["sooner"] else None,
        ),
        Claim(
            name="networks-as-cheap-as-can-be",
            test=lambda f: max(t["most"] for t in f["theory"].values()) < 1 + f["cheap"] if f["theory"] else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        arms = _swept_arms(e)
        yield from (run for arm in arms.values() for λ in _grid(arms) for run in self._runs_at(e, arm, λ))
        yield from (run for runs in self._scene_runs(e, arms).values() for run in runs)

    def _runs_at(self, e: Experiment, arm: Arm, λ: float) -> list[Run]:
        # The learning rate decreases to zero, so that jitter does not hide the effect of λ.
        changes: dict[str, Any] = {"penalty": arm.penalty, "step": arm.step} if λ else {}
        return varied_runs(e, e.runs.count, strength=λ, training={"schedule": "linear"}, **changes)

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        arms, layers, confidence = _swept_arms(e), len(e.run(0).shapes), e.comparison.confidence
        grid = _grid(arms)
        ended = {kind: [[trained[run] for run in self._runs_at(e, arm, λ)] for λ in grid] for kind, arm in arms.items()}
        labels = {kind: arm.penalty.title for kind, arm in arms.items()}
        costs = _compare_worst_errors(e, ended, range(2, len(grid)))
        collapsed = {kind: np.array([collapsed_runs(runs) for runs in by_λ]) for kind, by_λ in ended.items()}
        sweeps: dict[str, Any] = {}
        for kind, arm in arms.items():
            points = [
                {**_grid_point(runs, λ, e), "difference": costs.get((kind, i))}
                for i, (λ, runs) in enumerate(zip(grid, ended[kind], strict=True))
            ]
            sweeps[kind] = {
                "label": labels[kind],
                "arm": arm.label if arm in e.arms else None,
                "formula": arm.penalty.formula,
                "step": arm.step,
                "strength": arm.strength,
                "points": points,
            }
        own = {kind: grid.index(arm.strength) for kind, arm in arms.items() if arm.strength}

        def rate(kind: str, i: int) -> Findings:
            point = sweeps[kind]["points"][i]
            count, of = point["collapsed"], point["ended"]
            low, high = rate_interval(count, of, confidence)
            label = labels[kind]
            return {"label": label, "strength": grid[i], "count": count, "of": of, "low": low, "high": high}

        collapses = [{"label": labels[kind], **_collapse_range(sweeps[kind]["points"])} for kind in arms]
        without = next(iter(sweeps.values()))["points"][0]
        found: Findings = {
            "grid": grid,
            "runs": e.runs.count,
            "networks": plural(e.runs.count, "network"),
            "pairs": plural(e.runs.count, "pair of runs", "pairs of runs"),
            "on": "each on its own draw of the data" if e.fresh_data else "on one draw of the data",
            "sweeps": sweeps,
            "from_arms": any(arm in e.arms for arm in arms.values()),
            "penalties": join_words(list(labels.values())),
            "counted": _compare_counted(e, arms, labels, ended),
            "layers": layers,
            "cheap": _CHEAP,
            "equivalence": e.margin,
            "costs": [
                {"label": labels[kind], "strength": grid[i], **costs[kind, i]}
                for kind, i in own.items()
                if (kind, i) in costs
            ],
            "calm": [
                {"label": labels[kind], "until": calm} for kind in arms if (calm := _calm_until(sweeps[kind]["points"]))
            ],
            "without": {"collapsed": without["collapsed"], "of": without["ended"]},
            "has_fit": without["ended"] > 2 * without["collapsed"],
            "kept": [rate(kind, i) for kind, i in own.items()],
            "ends": [rate(kind, len(grid) - 1) for kind in arms],
            "collapses": collapses,
            "first": [c for c in collapses if c["first"] and (c["by"] is None or c["first"] < c["by"])],
            "sooner": _compare_collapses(e, collapsed),
            "frames": len(_FRAMES) + 1,
            "theory": {},
        }
        if is_curve(e) and e.network.activation == "linear" and e.network.hidden:
            found["theory"] = {
                kind: {"label": labels[kind], "strength": grid[i], **_compare_with_least(ended[kind][i], kind, layers)}
                for kind, i in own.items()
                if kind in SUMS and sweeps[kind]["points"][i]["ended"]
            }
            if isinstance(e.data, Line):
                found["exactly"] = {"slope": e.data.slope, **_least_sums(np.array([e.data.slope]), layers)}
        return found

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        sweeps, arms = findings["sweeps"], _swept_arms(e)
        looks = {kind: arm.penalty.look(arm.step).arm for kind, arm in arms.items()}

        def series(key: str, kinds: Iterable[str] = tuple(sweeps), **band: str) -> list[dict[str, Any]]:
            """A line for each penalty; `band` names the keys of its lower and upper edge."""
            return [
                {
                    "arm": looks[kind],
                    "label": sweeps[kind]["label"],
                    "x": [p["strength"] for p in sweeps[kind]["points"]],
                    **{axis: [p[of] for p in sweeps[kind]["points"]] for axis, of in {"y": key, **band}.items()},
                }
                for kind in kinds
            ]

        panels = [
            {"title": "Error", "ylabel": "total error", "series": series("error", low="low", high="high")},
            {"title": "Zeros", "ylabel": "weights exactly zero", "series": series("zero")},
        ]
        if is_curve(e):
            panels.append({"title": "Slope", "ylabel": "slope between x = 0 and 1", "series": series("slope")})
        yield Picture(
            name="strength",
            figure="curves",
            # Logarithmic with a linear part around zero, so that λ = 0 is on the axis.
            inputs={"panels": [panel | {"xlabel": "λ", "xscale": "symlog"} for panel in panels]},
            alt=f"Total error and share of exact zeros against λ from 0 to {findings['grid'][-1]:g}"
            + "".join(
                f"; {sweep['label']} at λ = {p['strength']:g}: error {p['error']:.1f}, {p['zero']:.0%} exact zeros"
                for sweep in sweeps.values()
                for p in (sweep["points"][0], sweep["points"][-1])
                if p["ended"]
            )
            + ".",
        )
        if findings["theory"]:
            yield self._sums_picture(findings, series)
        yield self._strength_animation(arms, trained, self._scene_runs(e, arms))

    @staticmethod
    def _sums_picture(findings: Findings, series: Any) -> Picture:
        """The picture of each penalty's sum, and the least possible sum for the fitted slopes."""
        panels, signs = [], dict(zip(SUMS, ("Σ|w|", "Σw²"), strict=True))
        for kind, theory in findings["theory"].items():
            (measured,), (least,) = (series(which, [kind]) for which in (SUMS[kind], f"least_{SUMS[kind]}"))
            panels.append(
                {
                    "title": f"{signs[kind]} under {theory['label']}",
                    "xlabel": "λ",
                    "ylabel": signs[kind],
                    "xscale": "symlog",
                    "series": [measured, {**least, "label": "least for the slope", "arm": NoPenalty.look().arm}],
                }
            )
        return Picture(
            name="sums",
            figure="curves",
            inputs={"panels": panels},
            alt="The penalty against λ, and the least that it could be for the slopes fitted there. "
            + "; ".join(
                f"{signs[kind]} under {t['label']} at λ = {t['strength']:g} is {number(t['measured'], '.3f')} and "
                f"could be {number(t['least'], '.3f')}"
                for kind, t in findings["theory"].items()
            )
            + ".",
        )

    def _scene_runs(self, e: Experiment, arms: Mapping[str, Arm]) -> dict[str, list[Run]]:
        """The runs of the animation's frames, for each penalty that it shows."""
        shown = _shown_arms(arms)
        return {kind: [self._runs_at(e, arm, λ)[0] for λ in (0.0, *_FRAMES)] for kind, arm in shown.items()}

    @staticmethod
    def _strength_animation(arms: Mapping[str, Arm], trained: Trained, runs: Mapping[str, list[Run]]) -> Animation:
        """The animation of final weights over λ, all from one start."""
        strengths = (0.0, *_FRAMES)
        looks = {kind: arms[kind].penalty.look(arms[kind].step) for kind in runs}
        panels = [
            Panel(title=looks[kind].title, trajectory=_final_records([trained[r] for r in mine]), arm=looks[kind].arm)
            for kind, mine in runs.items()
        ]
        shares = [
            f"{panel.title}: {zero_share([w[0] for w in panel.trajectory.kernels]):.0%} of the weights exactly zero at "
            f"λ = 0, {zero_share([w[-1] for w in panel.trajectory.kernels]):.0%} at λ = {strengths[-1]:g}"
            for panel in panels
        ]
        return Animation(
            name="weights-strength",
            scenes=("weights",),
            inputs={"panels": tuple(panels), "dial": ("λ =", tuple(f"{λ:.3f}" for λ in strengths))},
            alt=f"The weight matrices that one start ends in, trained anew at each of {len(strengths)} values of λ. "
            f"{'; '.join(shares)}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        headings = {"sum_abs": "Σ|w|", "sum_squares": "Σw²"}
        if is_curve(e):
            headings = {"slope": "slope", **headings, "least_sum_abs": "least Σ|w|", "least_sum_squares": "least Σw²"}
        yield Table(
            name="strength",
            columns=(
                Column(label="penalty"),
                Column(label="λ", format="g"),
                Column(label="median total error", format=".2f"),
                Column(label="worst up to here − none, mean", format=".2f"),
                Column(label="from", format=".2f"),
                Column(label="to", format=".2f"),
                Column(label="verdict"),
                Column(label="collapsed", format="d"),
                Column(label="exactly zero, mean", format=".1%"),
                *(Column(label=label, format=".2f") for label in headings.values()),
            ),
            rows=tuple(
                (
                    sweep["label"],
                    p["strength"],
                    p["error"],
                    *((p["difference"] or {}).get(key) for key in ("estimate", "low", "high")),
                    (p["difference"] or {"verdict": "–"})["verdict"],
                    p["collapsed"],
                    p["zero"],
                    *(p[key] for key in headings),
                )
                for sweep in findings["sweeps"].values()
                for p in sweep["points"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        def by_strength(found: Iterable[Findings], key: str) -> str:
            """The strengths, each with the penalties that it belongs to."""
            labels: dict[float, list[str]] = {}
            for one in found:
                labels.setdefault(one[key], []).append(one["label"])
            return join_words([f"λ = {λ:g} ({', '.join(names)})" for λ, names in labels.items()])

        gone = [c for c in findings["collapses"] if c["by"]]
        parts = [
            *(
                [f"the total error stays within the margin up to {by_strength(findings['calm'], 'until')}"]
                * bool(findings["calm"])
            ),
            *([f"at least half of the networks collapse from {by_strength(gone, 'by')} on"] * bool(gone)),
        ]
        return f"As λ grows from zero, {', and '.join(parts)}." if parts else None


def _swept_arms(e: Experiment) -> dict[str, Arm]:
    """The arms whose penalties are swept, by kind of penalty: L1 and L2 if no arm has a penalty."""
    return penalty_arms(e) or penalty_arms(e, L1, L2)


def _shown_arms(arms: Mapping[str, Arm]) -> dict[str, Arm]:
    """The two of them that the animation shows, L1 and L2 if they are there."""
    return dict(sorted(arms.items(), key=lambda item: item[0] not in SUMS)[:2])


def _grid(arms: Mapping[str, Arm]) -> list[float]:
    return sorted({*GRID, *(arm.strength for arm in arms.values())})


def _compare_worst_errors(
    e: Experiment, ended: Mapping[str, list[list[Trajectory]]], places: Iterable[int]
) -> dict[tuple[str, int], Findings]:
    """For each kind and place, a run's largest error over all strengths up to there against that at zero; one family.

    No strength up to there costs more than this does, and no other section compares the same values.
    """
    errors = {kind: np.array([errors_without_collapses(runs) for runs in by_λ]) for kind, by_λ in ended.items()}
    asked = [(kind, i) for kind in ended for i in places]
    pairs = [(errors[kind][1 : i + 1].max(axis=0), errors[kind][0]) for kind, i in asked]
    differences = compare_family(pairs, e.margin, e.comparison)
    return {place: as_findings(difference) for place, difference in zip(asked, differences, strict=True)}


def _compare_counted(
    e: Experiment, arms: Mapping[str, Arm], labels: Mapping[str, str], ended: Mapping[str, list[list[Trajectory]]]
) -> list[Findings]:
    """What each penalty counts at the largest strength against what it counts at zero."""

    def counted(arm: Arm, runs: Sequence[Trajectory]) -> Values:
        kernels = [[w.astype(np.float64) for w in t.at(-1)[0]] if t.diverged is None else None for t in runs]
        return np.array([sum(float(arm.penalty.cost(w, np)) for w in k) if k else math.nan for k in kernels])

    pairs = [(counted(arm, ended[kind][-1]), counted(arm, ended[kind][0])) for kind, arm in arms.items()]
    return [
        {
            "label": labels[kind],
            "after": _median(last[np.isfinite(last)]),
            "before": _median(first[np.isfinite(first)]),
            **as_findings(difference),
        }
        for kind, (last, first), difference in zip(arms, pairs, compare_family(pairs, 0.0, e.comparison), strict=True)
    ]


def _grid_point(trajectories: list[Trajectory], λ: float, e: Experiment) -> Findings:
    ended = [t for t in trajectories if t.diverged is None]
    kernels = [t.at(-1)[0] for t in ended]
    sums = {"sum_abs": _kernel_sums(kernels, np.abs), "sum_squares": _kernel_sums(kernels, np.square)}
    errors = total_errors(ended)
    point: Findings = {
        "strength": λ,
        "error": _median(errors),
        "low": float(errors.min()) if len(errors) else math.nan,
        "high": float(errors.max()) if len(errors) else math.nan,
        "zero": mean([zero_share(k) for k in kernels]),
        **{key: _median(values) for key, values in sums.items()},
        "ended": len(ended),
        "collapsed": int(collapsed_runs(trajectories).sum()),
    }
    if is_curve(e):
        slopes = np.array([fitted_line(t)[0] for t in ended])
        point |= {"slope": _median(slopes), **_least_sums(slopes, len(e.run(0).shapes))}
    return point


def _least_sums(slopes: Values, layers: int) -> dict[str, float]:
    """The smallest Σ|w| and Σw² of networks of this depth with such slopes, medians; see the section's text."""
    return {f"least_{SUMS[kind]}": _median(layers * np.abs(slopes) ** (_POWERS[kind] / layers)) for kind in SUMS}


def _kernel_sums(kernels: list[Any], size: Any) -> Values:
    return np.array([sum(float(size(w.astype(np.float64)).sum()) for w in k) for k in kernels])


def _median(values: Values) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _compare_with_least(trajectories: list[Trajectory], kind: str, layers: int) -> Findings:
    """Compare each run's penalty at one strength with the least for its slope."""
    finished = [t for t in trajectories if t.diverged is None]
    slopes = np.abs([fitted_line(t)[0] for t in finished]) if finished else np.array([math.nan])
    least = layers * slopes ** (_POWERS[kind] / layers)
    size = {"sum_abs": np.abs, "sum_squares": np.square}[SUMS[kind]]
    measured = _kernel_sums([t.at(-1)[0] for t in finished], size) if finished else np.array([math.nan])
    ratio = np.divide(measured, least, out=np.full_like(least, np.nan), where=least > 1e-6)
    most = float(ratio.max())
    return {
        "slope": float(np.median(slopes)),
        "least": float(np.median(least)),
        "measured": float(np.median(measured)),
        "most": most,
        # Rounded up, since the sentence says "by no more than".
        "excess": most if math.isnan(most) else max(math.ceil((most - 1) * 1000) / 1000, 0.0),
    }


def _calm_until(points: list[Findings]) -> float | None:
    """The largest strength up to which the penalty costs no error beyond the margin; None if none is shown to."""
    calm = None
    for point in points[2:]:
        if point["difference"]["verdict"] not in ("better", "practically equal"):
            break
        calm = point["strength"]
    return calm


def _collapse_range(points: list[Findings]) -> Findings:
    """The strengths between which half of the networks or more collapse for good, and the first with any collapse."""
    gone = [p["ended"] > 0 and 2 * p["collapsed"] >= p["ended"] for p in points]
    from_here = next((i for i in range(len(points)) if all(gone[i:])), len(points))
    return {
        "after": points[from_here - 1]["strength"] if from_here else None,
        "by": points[from_here]["strength"] if from_here < len(points) else None,
        "first": next((p["strength"] for p in points if p["collapsed"]), None),
    }


def _collapse_indices(collapsed: NDArray[np.bool_]) -> Values:
    """For each run the index of the strength from which on it is collapsed; one beyond the last if it never is."""
    return np.array([np.flatnonzero(np.r_[True, ~run])[-1] for run in collapsed.T], np.float64)


def _compare_collapses(e: Experiment, collapsed: Mapping[str, NDArray[np.bool_]]) -> Findings | None:
    """How often L1 collapses at a smaller strength than L2, and at a larger one; None unless both are swept."""
    if not {*SUMS} <= {*collapsed}:
        return None
    l1, l2 = (_collapse_indices(collapsed[kind]) for kind in SUMS)
    neither = np.minimum(l1, l2) == max(map(len, collapsed.values()))
    return {
        **as_findings(compare_rates(l1 < l2, l2 < l1, e.comparison)),
        "same": int(np.sum((l1 == l2) & ~neither)),
        "neither": int(neither.sum()),
    }


def _collapses_earlier(sooner: Findings) -> Outcome:
    outcomes: dict[str, Outcome] = {"more often": "supported", "less often": "not supported"}
    return outcomes.get(sooner["verdict"], "undecided")


def _rates_below_half(rates: Sequence[Findings]) -> bool | Outcome:
    """True if each rate is below one half, False if one is above, by their intervals."""
    if any(rate["low"] > 0.5 for rate in rates):
        return False
    return True if all(rate["high"] < 0.5 for rate in rates) else "undecided"


def _rates_above_half(rates: Sequence[Findings]) -> bool | Outcome:
    """True if each rate is above one half, False if one is below, by their intervals."""
    if any(rate["high"] < 0.5 for rate in rates):
        return False
    return True if all(rate["low"] > 0.5 for rate in rates) else "undecided"


def _final_records(trajectories: list[Trajectory]) -> Trajectory:
    """A trajectory whose records are the final weights of several trainings."""
    first = trajectories[0]
    return Trajectory(
        source=first.source,
        steps=np.arange(len(trajectories), dtype=np.int32),
        kernels=tuple(np.stack([t.kernels[i][-1] for t in trajectories]) for i in range(len(first.kernels))),
        biases=tuple(np.stack([t.biases[i][-1] for t in trajectories]) for i in range(len(first.biases))),
        loss=None,
        penalty=None,
    )
