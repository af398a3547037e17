"""Ranks of trained matrices: singular values, and how outputs change if only the largest are kept."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    arm_styles,
    article_animation,
    as_findings,
    collapsed_runs,
    is_curve,
    kinds_by_name,
    mean,
    own_arm,
    rate_findings,
    threshold,
    trained_arm,
)
from reportgen.statistics.comparison import compare
from reportgen.statistics.rank import inner_kernels, rank_changes, second_share, singular_values
from reportgen.statistics.sparsity import below_share
from reportgen.text import at_most
from reportgen.training.network import Weights
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

_RECORDS = 41
"""Number of recorded steps at which singular values are drawn."""
_FLOOR, _NO_CHANGE = 1e-6, 1e-10
"""Smaller singular values and changes of outputs are rounding errors; they are drawn at these floors."""
NEGLIGIBLE = 0.05
"""A second singular value below this share of the first counts as zero."""
HARMLESS = 0.01
"""A change of outputs below this share of their span counts as none."""
HARM = 0.1
"""A change of outputs above this share of their span shows that something was needed."""


def _l2_outcome(f: Findings) -> Outcome | None:
    return majority_outcome(f["l2"] and f["l2"]["one"])


def _decay_outcome(f: Findings) -> Outcome | None:
    return difference_outcome(f["decay"]["difference"], "practically equal") if f["decay"] else None


@sections.register("rank")
class Rank(Section[Findings]):
    """Singular values that the penalties remove, as L1 removes units."""

    title = "The rank of the matrices"
    claims = (
        Claim(
            name="l2-leaves-one-direction",
            test=_l2_outcome,
        ),
        Claim(
            name="without-a-penalty-directions-stay",
            test=lambda f: majority_outcome(f["free"] and f["free"]["needs"]),
        ),
        Claim(
            name="unused-directions-fade-at-the-rate-of-the-penalty",
            test=_decay_outcome,
        ),
        Claim(
            name="l1-and-l2-end-with-one-direction",
            test=lambda f: all_outcomes(majority_outcome(f["l1"] and f["l1"]["one"]), _l2_outcome(f)),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        shapes = inner_kernels([np.zeros(shape) for shape in e.run(0).shapes])
        if not shapes:
            return {"matrices": 0, **dict.fromkeys((*kinds_by_name(L1, L2), "free", "decay"))}
        most = min(max(min(w.shape) for w in shapes), 12)
        arms = {arm.name: self._measure_arm(e, arm, trained, most) for arm in e.arms}
        l1, l2 = own_arm(e, L1), own_arm(e, L2)
        band = threshold(e, l1.strength) if l1 else None
        linear = e.network.activation == "linear" and is_curve(e)
        return {
            "matrices": len(shapes),
            "sizes": sorted({f"{w.shape[0]}×{w.shape[1]}" for w in shapes}),
            "runs": e.runs.count,
            "band": band,
            "negligible": NEGLIGIBLE,
            "harmless": HARMLESS,
            "harm": HARM,
            "floor": _FLOOR,
            "no_change": _NO_CHANGE,
            "ranks": list(range(most + 1)),
            "parameters": e.network.parameters(*e.data.shape),
            # One weight and one bias for each layer: a linear network of rank one is a chain after rotation.
            "chain": 2 * len(e.run(0).shapes) if linear else None,
            "arms": list(arms.values()),
            **{
                name: {**_without_curves(arms[arm.name]), "below": _mean_below(e, arm, trained, band)} if arm else None
                for name, arm in zip(kinds_by_name(L1, L2), (l1, l2), strict=True)
            },
            "free": _without_curves(arms[free.name]) if (free := _free_arm(e)) else None,
            "decay": _measure_decay(e, l2, _working(e, l2, trained)) if l2 else None,
        }

    def _measure_arm(self, e: Experiment, arm: Arm, trained: Trained, most: int) -> Findings:
        """Ranks of an arm's matrices, over the runs that ended and did not collapse."""
        kept = _working(e, arm, trained)
        shares = np.array([second_share(t.at(-1)[0]) for t in kept])
        x = [t.run.draw().x_train for t in kept]
        changes = np.array(
            [rank_changes(*t.at(-1), at, e.network.activation, most) for t, at in zip(kept, x, strict=True)]
        ).reshape(len(kept), most + 1)
        spans = np.array([np.ptp(t.predict(at)) for t, at in zip(kept, x, strict=True)])
        change = changes[:, 1]
        return {
            "name": arm.name,
            "label": arm.label,
            "strength": arm.strength,
            "runs": len(kept),
            "collapsed": int(collapsed_runs(trained_arm(e, arm, trained)).sum()),
            "one": rate_findings((shares < NEGLIGIBLE) & (change < HARMLESS * spans), e.comparison),
            "needs": rate_findings(change > HARM * spans, e.comparison),
            "second": _median(shares),
            "second_largest": float(shares.max()) if kept else math.nan,
            "second_halfway": _median([second_share(t.at(len(t.steps) // 2)[0]) for t in kept]),
            "change": _median(change),
            "change_largest": float(change.max()) if kept else math.nan,
            "range": _median(spans),
            "change_by_rank": np.median(changes, axis=0).tolist() if kept else [],
            **_singular_value_path(kept),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        finished = [arm for arm in findings.get("arms", ()) if arm["runs"]]
        if not finished:
            return
        look = arm_styles(e)
        yield Picture(
            name="singular-values",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": arm["label"],
                        "xlabel": "step",
                        "ylabel": "singular value",
                        "yscale": "log",
                        "series": [
                            {"label": label, "x": arm["steps"], "y": np.maximum(values, _FLOOR)}
                            for label, values in arm["values"].items()
                        ],
                    }
                    for arm in finished
                ],
                "share_y": True,
            },
            alt="Singular values of the matrices between hidden layers over training, one panel for each arm. At the "
            "end the second is this share of the first, in the median run: "
            + "; ".join(f"{arm['label']} {arm['second']:.1g}" for arm in finished)
            + ".",
        )
        shown = [arm for arm in (_free_arm(e), own_arm(e, L2)) if arm] or list(e.arms[:1])
        first = {arm: next(iter(_working(e, arm, trained)), None) for arm in shown}
        panels = [Panel(title=arm.label, trajectory=t) for arm, t in first.items() if t]
        if panels:
            ends = "; ".join(f"{p.title} {at_most(second_share(p.trajectory.at(-1)[0]), '.1g')}" for p in panels)
            yield article_animation(
                "singular-values-moving",
                ["singular_values"],
                panels,
                alt="Singular values of every layer of one network in motion, as bars from the largest to the "
                f"smallest. At the end the second is at most this share of the first: {ends}.",
            )
        yield Picture(
            name="rank-kept",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "xlabel": "directions that every matrix between hidden layers keeps",
                        "ylabel": "largest change of an output",
                        "yscale": "log",
                        "series": [
                            {
                                "label": arm["label"],
                                "arm": look[arm["name"]],
                                "x": findings["ranks"],
                                "y": np.maximum(arm["change_by_rank"], _NO_CHANGE),
                            }
                            for arm in finished
                        ],
                    }
                ]
            },
            alt="How far an output at a training sample moves, at most, when matrices keep only their strongest "
            "directions, median over runs. With one direction: "
            + "; ".join(f"{arm['label']} {arm['change']:.1g}" for arm in finished)
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        if not findings["matrices"]:
            return
        yield Table(
            name="rank",
            columns=(
                Column(label="arm"),
                Column(label="second / first, median", format=".2g"),
                Column(label="largest", format=".2g"),
                Column(label="change of output, median", format=".2g"),
                Column(label="largest", format=".2g"),
                Column(label="outputs span, median", format=".1f"),
                Column(label="runs", format="d"),
                Column(label="collapsed", format="d"),
            ),
            rows=tuple(tuple(arm[key] for key in _COLUMNS) for arm in findings["arms"]),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        if _l2_outcome(findings) != "supported":
            return None
        one = findings["l2"]["one"]
        return (
            f"L2 compresses as well: in {one['events']} of {one['count']} runs its matrices between hidden layers end "
            f"with rank one (the second singular value is below {NEGLIGIBLE:.0%} of the first), and to keep only that "
            f"moves no output by {HARMLESS:.0%} of their span."
        )


_CURVES = ("change_by_rank", "steps", "values")
_COLUMNS = ("label", "second", "second_largest", "change", "change_largest", "range", "runs", "collapsed")


def _median(values: Any) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _without_curves(arm: Findings) -> Findings:
    return {key: value for key, value in arm.items() if key not in _CURVES}


def _free_arm(e: Experiment) -> Arm | None:
    """The first arm that penalizes nothing."""
    return next((arm for arm in e.arms if isinstance(arm.penalty, NoPenalty) or not arm.strength), None)


def _working(e: Experiment, arm: Arm, trained: Trained) -> list[Trajectory]:
    """The runs of an arm that ended and did not collapse: a constant output needs no direction at all."""
    runs = trained_arm(e, arm, trained)
    return [t for t, lost in zip(runs, collapsed_runs(runs), strict=True) if t.diverged is None and not lost]


def _mean_below(e: Experiment, arm: Arm, trained: Trained, band: float | None) -> float | None:
    """The share of an arm's weights within `band` of zero, in the mean of its working runs."""
    return None if band is None else mean([below_share(t.at(-1)[0], band) for t in _working(e, arm, trained)])


def _singular_value_path(ended: Sequence[Trajectory]) -> Findings:
    """The three largest singular values and the smallest over training: medians over runs and matrices."""
    if not ended:
        return {"steps": [], "values": {}}
    records = np.unique(np.linspace(0, len(ended[0].steps) - 1, _RECORDS).astype(int))
    kernels = [np.stack([t.kernels[layer][records] for t in ended]) for layer in range(len(ended[0].kernels))]
    values = singular_values(kernels)
    medians: dict[str, Weights] = {}
    for place, label in enumerate(("first", "second", "third")):
        pooled = [v[..., place] for v in values if v.shape[-1] > place]
        if pooled:
            medians[label] = np.median(np.concatenate(pooled), axis=0)
    if max(v.shape[-1] for v in values) > 3:
        medians["last"] = np.median(np.concatenate([v[..., -1] for v in values]), axis=0)
    return {
        "steps": ended[0].steps[records].tolist(),
        "values": {label: at.tolist() for label, at in medians.items()},
    }


def _measure_decay(e: Experiment, l2: Arm, kept: Sequence[Trajectory]) -> Findings | None:
    """The decay rate of the second singular value in the second quarter of training, as a multiple of the penalty's.

    None if weights do not shrink by the share ηλ at each step, or if no record lies in that quarter.
    """
    t = e.training
    plain = t.optimizer == "sgd" and t.schedule == "constant" and not t.full_batch_steps
    shrink = t.learning_rate * l2.strength
    if not (plain and kept) or len(kept[0].steps) < 8 or shrink >= 1:
        return None
    begin, end = len(kept[0].steps) // 4, len(kept[0].steps) // 2
    steps = int(kept[0].steps[end] - kept[0].steps[begin])
    # A subgradient step multiplies weights by 1 − ηλ, a proximal one divides them by 1 + ηλ.
    expected = math.log1p(shrink) if l2.step == "proximal" else -math.log1p(-shrink)
    rates = np.array([_second_decay(t, begin, end) / steps for t in kept])
    if np.isnan(rates).all():
        return None
    difference = compare(rates / expected, np.ones(len(rates)), 0.1, e.comparison)
    told = as_findings(difference)
    return {
        "begin": int(kept[0].steps[begin]),
        "end": int(kept[0].steps[end]),
        "expected": expected,
        # As the multiple itself, not as its difference from one.
        "difference": {**told, **{key: told[key] + 1 for key in ("estimate", "low", "high")}},
    }


def _second_decay(t: Trajectory, begin: int, end: int) -> float:
    """The fall of the logarithm of the second singular value between two records, in the mean of the matrices.

    NaN if it has fallen to the rounding errors of the first.
    """
    falls = []
    for values in singular_values([w[[begin, end]] for w in t.kernels]):
        if values[1, 1] < _FLOOR * values[1, 0]:
            return math.nan
        falls.append(math.log(values[0, 1] / values[1, 1]))
    return mean(falls)
