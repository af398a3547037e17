"""Ranks of trained matrices: singular values, and how outputs change if only the largest are kept."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import (
    arm_styles,
    article_animation,
    is_curve,
    kinds_by_name,
    mean,
    threshold,
    trained_arm,
)
from reportgen.statistics.rank import inner_kernels, rank_changes, second_share, singular_values
from reportgen.statistics.sparsity import below_share
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
"""A change of outputs below this share of their range counts as none."""


def _has_one_direction(arm: Findings | None) -> bool | None:
    """True if every run of an arm ended with matrices of rank one, up to negligible changes of outputs."""
    if arm is None or not arm["runs"]:
        return None
    return bool(arm["second_largest"] < NEGLIGIBLE and arm["change_largest"] < HARMLESS * arm["range"])


def _free_keeps_directions(f: Findings) -> bool | None:
    if f["free"] is None or not f["free"]["runs"]:
        return None
    return bool(f["free"]["change"] > 10 * HARMLESS * f["free"]["range"])


def _both_have_one_direction(f: Findings) -> bool | None:
    outcomes = [_has_one_direction(f["l1"]), _has_one_direction(f["l2"])]
    return None if None in outcomes else all(outcomes)


def _decays_at_rate(f: Findings) -> bool | None:
    """True if the second singular value under L2 decays at the rate of the penalty alone, to a tenth."""
    if f["decay"] is None:
        return None
    return bool(abs(f["decay"]["measured"] / f["decay"]["expected"] - 1) < 0.1)


@sections.register("rank")
class Rank(Section):
    """Singular values that the penalties remove, as L1 removes units."""

    title = "L2 compresses too"
    claims = (
        Claim(
            name="l2-leaves-one-direction",
            test=lambda f: _has_one_direction(f["l2"]),
            supported="Under {{ f.l2.label }} each matrix between hidden layers ends with one direction. Over all "
            "{{ f.l2.runs }} runs the second singular value is at most {{ f.l2.second_largest|num('.1e') }} of the "
            "first, and {{ f.l2.second|num('.1e') }} of it in the median run. Keep only the first, and no output at a "
            "training sample moves by more than {{ f.l2.change_largest|num('.1e') }}, where the outputs of a network "
            "span {{ f.l2.range|num('.0f') }}.",
            refuted="Under {{ f.l2.label }} the matrices between hidden layers keep more than one direction: the "
            "second singular value is up to {{ f.l2.second_largest|num('.2g') }} of the first "
            "({{ f.l2.second|num('.2g') }} in the median of {{ f.l2.runs }} runs). Keep only the first, and an output "
            "moves by up to {{ f.l2.change_largest|num('.2g') }}, where the outputs of a network span "
            "{{ f.l2.range|num('.2g') }}.",
            undecided="Whether L2 leaves more than one direction cannot be said from these runs.",
        ),
        Claim(
            name="without-a-penalty-directions-stay",
            test=_free_keeps_directions,
            supported="Without a penalty the same surgery is fatal. There the second singular value of the median run "
            "is {{ f.free.second|num('.0%') }} of the first, and to do without it moves an output by "
            "{{ f.free.change|num('.1f') }} in the median run, by {{ f.free.change_largest|num('.1f') }} in the worst "
            "of {{ f.free.runs }}.",
            refuted="It is not the penalty that does it: without one, to keep only the first direction moves an output "
            "by {{ f.free.change|num('.2g') }} in the median of {{ f.free.runs }} runs, where the outputs of a network "
            "span {{ f.free.range|num('.2g') }}.",
            undecided="What a network without a penalty would lose cannot be said from these runs.",
        ),
        Claim(
            name="unused-directions-fade-at-the-rate-of-the-penalty",
            test=_decays_at_rate,
            supported="The decay is that of the penalty alone. Between steps {{ f.decay.begin|num(',d') }} and "
            "{{ f.decay.end|num(',d') }} the second singular value falls by a factor of e every "
            "{{ (1 / f.decay.measured)|num('.0f') }} steps under {{ f.l2.label }}, and 1/(ηλ) is "
            "{{ (1 / f.decay.expected)|num('.0f') }}. So the share of the second direction measures how long one has "
            "trained: half-way it was {{ f.l2.second_halfway|num('.2%') }}, at the end "
            "{{ f.l2.second|num('.4%') }} (medians over runs).",
            refuted="The decay is not that of the penalty alone. Between steps {{ f.decay.begin|num(',d') }} and "
            "{{ f.decay.end|num(',d') }} the logarithm of the second singular value falls by "
            "{{ f.decay.measured|num('.2g') }} a step under {{ f.l2.label }}, where ηλ is "
            "{{ f.decay.expected|num('.2g') }}: the loss has a part in it too.",
            undecided="Whether it does cannot be said from these runs.",
        ),
        Claim(
            name="l1-and-l2-end-with-one-direction",
            test=_both_have_one_direction,
            supported="Both penalties end with a network that does one thing, in two notations. {{ f.l1.label }} "
            "writes it into single cells: {{ f.l1.below|num('.0%') }} of its weights are within η·λ of zero. "
            "{{ f.l2.label }} spreads it over all of them, with {{ f.l2.below|num('.0%') }} that small.",
            refuted="The two penalties do not end alike here: the second singular value is up to "
            "{{ f.l1.second_largest|num('.2g') }} of the first under {{ f.l1.label }} and "
            "{{ f.l2.second_largest|num('.2g') }} under {{ f.l2.label }}.",
            undecided="Whether both penalties end with one direction cannot be said from these runs.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        shapes = inner_kernels([np.zeros(shape) for shape in e.run(0).shapes])
        if not shapes:
            return {"matrices": 0, **dict.fromkeys((*kinds_by_name(L1, L2), "free", "decay"))}
        most = min(max(min(w.shape) for w in shapes), 12)
        arms = [self._measure_arm(e, arm, trained, most) for arm in e.arms]
        first = {name: _first_arm(e, arms, kind) for name, kind in kinds_by_name(L1, L2).items()}
        l2 = first["l2"]
        linear = e.network.activation == "linear" and is_curve(e)
        return {
            "matrices": len(shapes),
            "sizes": sorted({f"{w.shape[0]}×{w.shape[1]}" for w in shapes}),
            "runs": e.runs.count,
            "threshold": threshold(e),
            "negligible": NEGLIGIBLE,
            "harmless": HARMLESS,
            "floor": _FLOOR,
            "no_change": _NO_CHANGE,
            "ranks": list(range(most + 1)),
            "parameters": e.network.parameters(*e.data.shape),
            # One weight and one bias for each layer: a linear network of rank one is a chain after rotation.
            "chain": 2 * len(e.run(0).shapes) if linear else None,
            "arms": arms,
            **first,
            "free": _first_arm(e, arms, NoPenalty),
            "decay": next((_measure_decay(e, arm) for arm in arms if l2 and arm["name"] == l2["name"]), None),
        }

    def _measure_arm(self, e: Experiment, arm: Arm, trained: Trained, most: int) -> Findings:
        ended = [t for t in trained_arm(e, arm, trained) if t.diverged is None]
        shares = np.array([second_share(t.at(-1)[0]) for t in ended])
        x = [t.run.draw().x_train for t in ended]
        changes = np.array(
            [rank_changes(*t.at(-1), at, e.network.activation, most) for t, at in zip(ended, x, strict=True)]
        )
        path = _singular_value_path(ended)
        return {
            "name": arm.name,
            "label": arm.label,
            "strength": arm.strength,
            "runs": len(ended),
            "below": mean([below_share(t.at(-1)[0], threshold(e)) for t in ended]),
            "second": _median(shares),
            "second_largest": float(shares.max()) if ended else math.nan,
            "second_halfway": _median([second_share(t.at(len(t.steps) // 2)[0]) for t in ended]),
            "change": _median(changes[:, 1]) if ended else math.nan,
            "change_largest": float(changes[:, 1].max()) if ended else math.nan,
            "range": _median([np.ptp(t.predict(at)) for t, at in zip(ended, x, strict=True)]),
            "change_by_rank": np.median(changes, axis=0).tolist() if ended else [],
            **path,
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
        shown = [arm for kind in (NoPenalty, L2) for arm in e.arms if isinstance(arm.penalty, kind)][:2] or e.arms[:1]
        first = {arm: trained_arm(e, arm, trained)[0] for arm in shown}
        yield article_animation(
            "singular-values-moving",
            ["singular_values"],
            [Panel(title=arm.label, trajectory=t) for arm, t in first.items()],
            alt="Singular values of every layer of one network in motion, as bars from the largest to the smallest: "
            + " and ".join(arm.label for arm in shown)
            + f". At the end the second is at most {second_share(first[shown[-1]].at(-1)[0]):.1g} of the first under "
            f"{shown[-1].label}.",
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
            ),
            rows=tuple(tuple(arm[key] for key in _COLUMNS) for arm in findings["arms"]),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        l2 = findings["l2"]
        if not _has_one_direction(l2):
            return None
        return (
            f"L2 compresses as well: its matrices between hidden layers end with rank one (in all {l2['runs']} runs "
            f"the second singular value is below {NEGLIGIBLE:.0%} of the first), and to keep only that moves no output "
            f"by more than {HARMLESS:.0%} of their range."
        )


_CURVES = ("change_by_rank", "steps", "values")
_COLUMNS = ("label", "second", "second_largest", "change", "change_largest", "range", "runs")


def _median(values: Any) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _first_arm(e: Experiment, arms: Sequence[Findings], kind: type[Penalty]) -> Findings | None:
    """The first arm with a kind of penalty, if there is one."""
    matches = (findings for findings, arm in zip(arms, e.arms, strict=True) if isinstance(arm.penalty, kind))
    return next(({key: value for key, value in f.items() if key not in _CURVES} for f in matches), None)


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


def _measure_decay(e: Experiment, l2: Findings) -> Findings | None:
    """The decay rate of the second singular value under L2 in the second quarter of training, and that of ηλ alone.

    None if weights do not shrink by the share ηλ at each step, or if no record lies in that quarter.
    """
    t = e.training
    plain = t.optimizer == "sgd" and t.schedule == "constant" and not t.full_batch_steps
    if not (plain and l2["strength"] and l2["runs"]) or len(l2["steps"]) < 8:
        return None
    steps, second = np.array(l2["steps"]), np.array(l2["values"]["second"])
    begin, end = len(steps) // 4, len(steps) // 2
    if second[end] <= 0 or second[begin] <= 0:
        return None
    return {
        "begin": int(steps[begin]),
        "end": int(steps[end]),
        "measured": float(np.log(second[begin] / second[end]) / (steps[end] - steps[begin])),
        "expected": e.training.learning_rate * l2["strength"],
    }
