"""Counts of zero weights and dead units, and how they depend on the threshold."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import arm_styles, kinds_by_name, mean, threshold, trained_arm
from reportgen.statistics.sparsity import HISTOGRAM_EDGES, below_share, histogram, unit_sizes, zero_share
from reportgen.training.network import Weights
from reportgen.training.run import Run

THRESHOLDS = np.logspace(-5, 0, 41)
"""Thresholds of the curve of dead units; η·λ is added, so that the curve passes through the table's values."""
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Multiples of η·λ at which the table counts dead units."""
_QUARTER, _AT, _MOST = 0, 2, 4
SMALL = 0.1
"""A weight below this is small, in the claims about L2."""
_LAYERS = 6
"""The most hidden layers with a panel; more would not be legible."""


def _has_knee(f: Findings) -> bool | None:
    """True if in every layer most units die between a quarter of η·λ and η·λ, and hardly any beyond."""
    if f["l1"] is None or f["l1"]["step"] != "subgradient" or not f["l1"]["dead"]:
        return None
    dead, widths = f["l1"]["dead"], f["hidden"]
    rise = min((at - before) / width for before, at, width in zip(dead[_QUARTER], dead[_AT], widths, strict=True))
    beyond = max((after - at) / width for at, after, width in zip(dead[_AT], dead[_MOST], widths, strict=True))
    return bool(rise > 0.5 and beyond < 0.1)


def _is_flat(f: Findings) -> bool | None:
    """True if the count of dead units is the same, to a twentieth of a layer, at all thresholds of the table."""
    if f["l1_exact"] is None or not f["l1_exact"]["dead"]:
        return None
    dead, widths = f["l1_exact"]["dead"], f["hidden"]
    changes = [abs(a - b) / width for a, b, width in zip(dead[_QUARTER], dead[_MOST], widths, strict=True)]
    return bool(max(changes) < 0.05)


_COUNTS = (
    "{{ f.%(arm)s.dead[0]|map('num', '.1f')|join(', ') }} at a quarter of η·λ, "
    "{{ f.%(arm)s.dead[2]|map('num', '.1f')|join(', ') }} at η·λ and "
    "{{ f.%(arm)s.dead[4]|map('num', '.1f')|join(', ') }} at four times η·λ"
)


@sections.register("sparsity")
class Sparsity(Section):
    """Counts with their threshold, the distribution of weights, and the sensitivity of the counts."""

    title = "Zero, nearly zero, small"
    claims = (
        Claim(
            name="l1-leaves-weights-at-zero",
            post="L1 leaves many weights at zero.",
            test=lambda f: None if f["l1"] is None else f["l1"]["below"] > 0.5,
            supported="{{ f.l1.label }} does leave many weights at zero, if zero means within η·λ = "
            "{{ f.threshold|num('.3g') }}: {{ f.l1.below|num('.1%') }} of them, averaged over {{ f.l1.runs }} "
            "{{ 'run' if f.l1.runs == 1 else 'runs' }}."
            "{% if f.l1.step == 'subgradient' %} The computer's zero is another matter: by subgradient steps, as the "
            "post took them, {{ 'not one weight is' if f.l1.zero == 0 else f.l1.zero|num('.2%') + ' are' }} exactly "
            "zero.{% endif %}"
            "{% if f.l1_exact %} By proximal steps {{ f.l1_exact.zero|num('.1%') }} are.{% endif %}",
            refuted="{{ f.l1.label }} leaves {{ f.l1.below|num('.1%') }} of the weights within η·λ of zero, averaged "
            "over {{ f.l1.runs }} runs, and {{ f.l1.zero|num('.1%') }} exactly there: not the many that the post saw.",
            undecided="No run under {{ f.l1.label }} came to its end, so there are no weights to count.",
        ),
        Claim(
            name="l2-makes-weights-small",
            post="L2 makes most weights small.",
            test=lambda f: None if f["l2"] is None else f["l2"]["small"] > 0.5,
            supported="{{ f.l2.label }} makes most weights small and few of them zero. "
            "{{ f.l2.small|num('.0%') }} are within {{ f.small|num('g') }} of zero"
            "{% if f.free %}, against {{ f.free.small|num('.0%') }} without a penalty{% endif %}, but only "
            "{{ f.l2.below|num('.0%') }} within η·λ; half of all weights are larger than "
            "{{ f.l2.median|num('.2g') }}.",
            refuted="{{ f.l2.label }} leaves {{ f.l2.small|num('.0%') }} of the weights within {{ f.small|num('g') }} "
            "of zero{% if f.free %}, against {{ f.free.small|num('.0%') }} without a penalty{% endif %}, which is "
            "not most of them; half are larger than {{ f.l2.median|num('.2g') }}.",
            undecided="No run under {{ f.l2.label }} came to its end, so there are no weights to measure.",
        ),
        Claim(
            name="dead-units-jump-at-the-band",
            test=_has_knee,
            supported=f"Under {{{{ f.l1.label }}}} the count has a knee, and it lies where theory puts it. Layer by "
            f"layer, the dead units number {_COUNTS % {'arm': 'l1'}}. A threshold a little too small misses most of "
            "them; beyond η·λ it hardly matters which one is taken.",
            refuted=f"Under {{{{ f.l1.label }}}} the count has no knee at η·λ. Layer by layer, the dead units number "
            f"{_COUNTS % {'arm': 'l1'}}.",
        ),
        Claim(
            name="exact-zeros-need-no-threshold",
            test=_is_flat,
            supported="With exact zeros there is nothing to choose. Under {{ f.l1_exact.label }} the dead units number "
            "{{ f.l1_exact.dead[2]|map('num', '.1f')|join(', ') }}, layer by layer, and the count is the same to a "
            "twentieth of a layer at a quarter of η·λ and at four times it.",
            refuted=f"Exact zeros do not settle it here: under {{{{ f.l1_exact.label }}}} the dead units number "
            f"{_COUNTS % {'arm': 'l1_exact'}}.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        thresholds = np.unique([*THRESHOLDS, band])
        arms = [_measure_arm(e, arm, trained, band, thresholds) for arm in e.arms]
        return {
            "threshold": band,
            "small": SMALL,
            "hidden": list(e.network.hidden),
            "edges": HISTOGRAM_EDGES.tolist(),
            "thresholds": thresholds.tolist(),
            "factors": list(FACTORS),
            "arms": arms,
            **{name: _first_arm(e, arms, kind) for name, kind in kinds_by_name(L1, L2).items()},
            "l1_exact": _first_arm(e, arms, L1, "proximal"),
            "free": next((found for found, arm in zip(arms, e.arms, strict=True) if not arm.strength), None),
            "runs": e.runs.count,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms, look = [arm for arm in findings["arms"] if arm["histogram"]], arm_styles(e)
        if not arms:
            return
        yield Picture(
            name="histogram",
            figure="weight_histogram",
            inputs={
                "groups": [
                    {
                        "label": arm["label"],
                        "arm": look[arm["name"]],
                        "zero_share": arm["zero"],
                        "edges": np.log10(HISTOGRAM_EDGES),
                        "counts": np.array(arm["histogram"]),
                    }
                    for arm in arms
                ],
                "threshold": findings["threshold"],
            },
            alt="Distribution of weight sizes after training, one panel for each arm. "
            + "; ".join(
                f"{a['label']}: {a['zero']:.0%} exactly zero, {a['below']:.0%} within the threshold" for a in arms
            )
            + ".",
        )
        told = [arm for arm in arms if arm["dead_by_threshold"]]
        if e.network.hidden and told:
            widths = findings["hidden"][:_LAYERS]
            yield Picture(
                name="dead-by-threshold",
                figure="curves",
                inputs={
                    "panels": [
                        {
                            "title": f"Hidden layer {layer + 1}, {width} {'unit' if width == 1 else 'units'}",
                            "xlabel": "threshold on |w|",
                            "ylabel": "dead units, mean over runs",
                            "xscale": "log",
                            "series": [
                                {
                                    "label": a["label"],
                                    "arm": look[a["name"]],
                                    "x": findings["thresholds"],
                                    "y": [counts[layer] for counts in a["dead_by_threshold"]],
                                }
                                for a in told
                            ],
                            "marks": [{"x": findings["threshold"], "label": "η·λ"}],
                        }
                        for layer, width in enumerate(widths)
                    ]
                },
                alt="Number of dead units in each hidden layer against the threshold on |w|, one line for each arm. "
                f"All hidden layers together, at a quarter of η·λ and at η·λ = {findings['threshold']:.2g}: "
                + "; ".join(f"{a['label']} {sum(a['dead'][_QUARTER]):.1f} and {sum(a['dead'][_AT]):.1f}" for a in told)
                + f" of {sum(findings['hidden'])}.",
            )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="sparsity",
            columns=(
                Column(label="arm"),
                Column(label="exactly zero", format=".1%"),
                Column(label=f"|w| ≤ {findings['threshold']:.3g}", format=".1%"),
                Column(label=f"|w| ≤ {findings['small']:g}", format=".1%"),
                Column(label="median |w|", format=".2g"),
            ),
            rows=tuple((a["label"], a["zero"], a["below"], a["small"], a["median"]) for a in findings["arms"]),
        )
        if not findings["hidden"]:
            return
        yield Table(
            name="dead-units",
            columns=(
                Column(label="arm"),
                Column(label="hidden layer", format="d"),
                Column(label="units", format="d"),
                *(
                    Column(label="dead at η·λ" if factor == 1 else f"at {factor:g}·ηλ", format=".1f")
                    for factor in FACTORS
                ),
            ),
            rows=tuple(
                (a["label"], layer + 1, width, *(counts[layer] for counts in a["dead"] or [[None] * (layer + 1)] * 5))
                for a in findings["arms"]
                for layer, width in enumerate(findings["hidden"])
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        penalized = {arm.name for arm in e.arms if arm.strength > 0}
        told = [
            f"{a['label']} {a['zero']:.0%} ({a['below']:.0%})"
            for a in findings["arms"]
            if a["name"] in penalized and a["histogram"]
        ]
        if not told:
            return None
        near = f"{findings['threshold']:.3g}"
        return f"Weights that end exactly at zero (in brackets, within {near} of it): {'; '.join(told)}."


def _measure_arm(e: Experiment, arm: Arm, trained: Trained, band: float, thresholds: Weights) -> Findings:
    ended = [t.at(-1)[0] for t in trained_arm(e, arm, trained) if t.diverged is None]
    sizes = np.abs(np.concatenate([w.ravel() for k in ended for w in k])) if ended else np.array([math.nan])
    return {
        "name": arm.name,
        "label": arm.label,
        "step": arm.step,
        "runs": len(ended),
        "zero": mean([zero_share(k) for k in ended]),
        "below": mean([below_share(k, band) for k in ended]),
        "small": mean([below_share(k, SMALL) for k in ended]),
        "median": float(np.median(sizes)),
        "dead": _dead_counts(ended, [band * factor for factor in FACTORS]),
        "dead_by_threshold": _dead_counts(ended, thresholds),
        "histogram": histogram(ended).tolist() if ended else [],
    }


def _dead_counts(ended: list[list[Weights]], thresholds: Any) -> list[list[float]]:
    """Number of dead units at each threshold in each hidden layer, means over runs; empty without runs."""
    if not ended or len(ended[0]) < 2:
        return []
    layers = [np.stack(sizes) for sizes in zip(*map(unit_sizes, ended), strict=True)]
    return [[float((sizes <= at).sum(axis=1).mean()) for sizes in layers] for at in thresholds]


def _first_arm(e: Experiment, arms: list[Findings], kind: type[Penalty], step: str = "") -> Findings | None:
    """The first arm with a kind of penalty, if there is one; for L1 the one with subgradient steps, as in the post,
    unless `step` asks for another."""
    found = [
        {key: value for key, value in found.items() if key not in ("dead_by_threshold", "histogram")}
        for found, arm in zip(arms, e.arms, strict=True)
        if isinstance(arm.penalty, kind) and arm.strength and step in ("", arm.step)
    ]
    return min(found, key=lambda arm: arm["step"] != "subgradient") if found and not step else next(iter(found), None)
