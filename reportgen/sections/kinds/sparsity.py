"""Counts of zero weights and dead units, and how they depend on the threshold."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Arm, Comparison, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, bound_outcome, difference_outcome
from reportgen.sections.helpers import (
    NUDGES,
    against_bound,
    arm_styles,
    as_findings,
    at_rest,
    kinds_by_name,
    mean,
    nudged_runs,
    own_arm,
    rate_findings,
    threshold,
    trained_arm,
    vary,
)
from reportgen.sections.wording import why_undecided
from reportgen.statistics.comparison import Values, compare
from reportgen.statistics.sparsity import HISTOGRAM_EDGES, below_share, histogram, unit_sizes, zero_share, zeros_at_rest
from reportgen.text import plural
from reportgen.training.network import Weights
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

THRESHOLDS = np.logspace(-5, 0, 41)
"""Thresholds of the curves; each arm's η·λ is added, so that the curves pass through the table's values."""
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Multiples of an arm's η·λ at which the table counts its dead units."""
_QUARTER, _AT, _MOST = 0, 2, 4
SMALL = 0.1
"""A weight below this is small, in the claims about L2."""
FULL_BATCH_STEPS = 1000
"""Steps on all samples with which runs come to rest, after epochs with a rate that falls to zero."""
_MOST_RESTING = 100
_LAYERS = 5
"""The most hidden layers with a panel; more would not be legible."""

_INTERVAL = (
    "{%% if f.%(arm)s.%(of)s.low is number and f.%(arm)s.%(of)s.high is number %%} (interval "
    "{{ f.%(arm)s.%(of)s.low|num('.1%%') }} to {{ f.%(arm)s.%(of)s.high|num('.1%%') }}){%% endif %%}"
)
_ZERO = (
    "{{ f.l1.label }} leaves {{ f.l1.below|num('.1%') }} of the weights within η·λ = {{ f.l1.threshold|num('.3g') }} "
    f"of zero{_INTERVAL % {'arm': 'l1', 'of': 'mostly_zero'}}, averaged over {{{{ f.l1.runs }}}} "
    "{{ 'run' if f.l1.runs == 1 else 'runs' }}, and {{ f.l1.zero|num('.1%') }} exactly there"
)
_SMALL = (
    "{{ f.l2.label }} leaves {{ f.l2.small|num('.0%') }} of the weights within {{ f.small|num('g') }} of zero"
    f"{_INTERVAL % {'arm': 'l2', 'of': 'mostly_small'}}{{% if f.l2_against_free %}}, against "
    "{{ f.free.small|num('.0%') }} without a penalty{% endif %}"
)
_COUNTS = (
    "{{ f.%(arm)s.dead[0]|map('num', '.1f')|join(', ') }} at a quarter of η·λ, "
    "{{ f.%(arm)s.dead[2]|map('num', '.1f')|join(', ') }} at η·λ and "
    "{{ f.%(arm)s.dead[4]|map('num', '.1f')|join(', ') }} at four times η·λ"
)
_EXACT = (
    "{{ f.l1_exact.dead_exactly|map('num', '.1f')|join(', ') }} exactly, and "
    "{{ f.l1_exact.dead[4]|map('num', '.1f')|join(', ') }} at four times η·λ"
)


def _l2_makes_small(f: Findings) -> Outcome | None:
    """Supported if most weights are small, and more of them than without a penalty, where there is such an arm."""
    if f["l2"] is None:
        return None
    against = f["l2_against_free"]
    return all_outcomes(
        bound_outcome(f["l2"]["mostly_small"]), *([difference_outcome(against, "worse")] if against else [])
    )


def _has_knee(f: Findings) -> Outcome | None:
    """Supported if in every layer most units die between a quarter of η·λ and η·λ, and in most runs few beyond."""
    if f["l1"] is None or f["l1"]["step"] != "subgradient" or not f["l1"]["dead"]:
        return None
    rises = [bound_outcome(layer) for layer in f["l1"]["rise"]]
    return all_outcomes(*rises, *(bound_outcome(layer) for layer in f["l1"]["beyond"]))


def _is_flat(f: Findings) -> Outcome | None:
    """Supported if the count of exact zeros is, to a twentieth of a layer, that at the largest threshold."""
    if f["l1_exact"] is None or not f["l1_exact"]["dead"]:
        return None
    return all_outcomes(*(bound_outcome(layer, "below") for layer in f["l1_exact"]["change"]))


@sections.register("sparsity")
class Sparsity(Section):
    """Counts with their threshold, the distribution of weights, and the sensitivity of the counts."""

    title = "Zero, nearly zero, small"
    claims = (
        Claim(
            name="l1-leaves-weights-at-zero",
            post="L1 makes weights sparse: it leaves many of them at zero.",
            test=lambda f: None if f["l1"] is None else bound_outcome(f["l1"]["mostly_zero"]),
            supported="If zero means nearly zero, most weights end there: "
            + _ZERO
            + ".{% if f.l1_exact and f.l1_exact.name != f.l1.name %} By proximal steps ({{ f.l1_exact.label }}) "
            "{{ f.l1_exact.zero|num('.1%') }} are exactly zero.{% endif %}",
            refuted=_ZERO + ": not most of them.",
            undecided="{% if f.l1.runs %}"
            + _ZERO
            + ". Whether that is most of them is undecided: {{ f.l1.mostly_zero.why }}.{% else %}No run under "
            "{{ f.l1.label }} came to its end, so there are no weights to count.{% endif %}",
        ),
        Claim(
            name="l2-makes-weights-small",
            post="L2 shrinks all weights in balance: it makes most of them small.",
            test=_l2_makes_small,
            supported="L2 makes most weights small. "
            + _SMALL
            + "; {{ f.l2.zero|num('.1%') }} are exactly zero. The median size is "
            "{{ f.l2.median|num('.2g') }}.",
            refuted=_SMALL + ": it does not make most of them small. The median size is {{ f.l2.median|num('.2g') }}.",
            undecided="{% if f.l2.runs %}" + _SMALL + ". Whether it makes most of them small is undecided"
            "{% if f.l2.mostly_small.why %}: {{ f.l2.mostly_small.why }}"
            "{% elif f.l2_against_free and (f.l2_against_free|why) %}: in the comparison with no penalty, "
            "{{ f.l2_against_free|why }}{% endif %}.{% else %}No run under {{ f.l2.label }} came to its end, so there "
            "are no weights to measure.{% endif %}",
        ),
        Claim(
            name="dead-units-jump-at-the-band",
            test=_has_knee,
            supported=f"Under {{{{ f.l1.label }}}} the count has a knee at η·λ. Layer by layer, the dead units number "
            f"{_COUNTS % {'arm': 'l1'}}: most die between the first two, and beyond these a tenth of a layer or less "
            "in {% set least = f.l1.beyond|map(attribute='events')|min %}{{ least }} of {{ f.l1.runs }} runs"
            "{{ ' or more' if least < f.l1.runs }}.",
            refuted=f"Under {{{{ f.l1.label }}}} the count has no knee at η·λ. Layer by layer, the dead units number "
            f"{_COUNTS % {'arm': 'l1'}}.",
            undecided=f"Under {{{{ f.l1.label }}}} the dead units number, layer by layer, {_COUNTS % {'arm': 'l1'}}. "
            "Whether the count has a knee at η·λ is undecided: "
            "{{ (f.l1.rise + f.l1.beyond)|map(attribute='why')|select|first }}.",
        ),
        Claim(
            name="exact-zeros-need-no-threshold",
            test=_is_flat,
            supported="With exact zeros there is no threshold to choose. Under {{ f.l1_exact.label }} the dead units "
            f"number, layer by layer, {_EXACT}: the same to a twentieth of a layer.",
            refuted=f"Exact zeros do not settle it here: under {{{{ f.l1_exact.label }}}} the dead units number, layer "
            f"by layer, {_EXACT}.",
            undecided=f"Under {{{{ f.l1_exact.label }}}} the dead units number, layer by layer, {_EXACT}. Whether the "
            "two are the same to a twentieth of a layer is undecided: "
            "{{ f.l1_exact.change|map(attribute='why')|select|first }}.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for arm in e.arms for run in e.arm_runs(arm))
        yield from (run for arm in _with_zeros(e) for run in _resting_runs(e, arm))
        yield from (run for arm in _with_knee(e) for nudge in NUDGES for run in nudged_runs(e, arm, nudge))

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        bands = [threshold(e, arm.strength) for arm in e.arms if arm.strength]
        thresholds = np.unique([*THRESHOLDS, *bands])
        measured = [_measure_arm(e, arm, trained, thresholds) for arm in e.arms]
        arms = [found for found, _ in measured]
        for arm in _with_zeros(e):
            arms[e.arms.index(arm)]["rest"] = _measure_rest([trained[run] for run in _resting_runs(e, arm)])
        for arm in _with_knee(e):
            own = arms[e.arms.index(arm)]
            twins = [_twin_changes(e, arm, [trained[run] for run in nudged_runs(e, arm, nudge)]) for nudge in NUDGES]
            own |= {key: _steady(own[key], [twin[key] for twin in twins if twin]) for key in _KNEE if key in own}
        small = {found["name"]: values for found, values in measured}
        l2, free = (
            _first_arm(e, arms, L2),
            next((a for a, arm in zip(arms, e.arms, strict=True) if not arm.strength), None),
        )
        return {
            "small": SMALL,
            "full_batch_steps": FULL_BATCH_STEPS,
            "hidden": list(e.network.hidden),
            "edges": HISTOGRAM_EDGES.tolist(),
            "thresholds": thresholds.tolist(),
            "factors": list(FACTORS),
            "arms": arms,
            **{name: _first_arm(e, arms, kind) for name, kind in kinds_by_name(L1, L2).items()},
            "l1_exact": _first_arm(e, arms, L1, "proximal"),
            "free": free,
            "l2_against_free": as_findings(compare(small[l2["name"]], small[free["name"]], 0.0, e.comparison))
            if l2 and free
            else None,
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
                        "threshold": arm["threshold"],
                    }
                    for arm in arms
                ],
            },
            alt="Distribution of weight sizes after training, one panel for each arm. "
            + "; ".join(
                f"{a['label']}: {a['zero']:.0%} exactly zero"
                + (f", {a['below']:.0%} within η·λ = {a['threshold']:.2g}" if a["threshold"] else "")
                for a in arms
            )
            + ".",
        )
        bands = sorted({arm["threshold"] for arm in arms if arm["threshold"]})
        marks = [{"x": band, "label": "η·λ" if len(bands) == 1 else f"{band:.2g}"} for band in bands]

        def panel(title: str, ylabel: str, values: str, layer: int | None = None) -> dict[str, Any]:
            return {
                "title": title,
                "xlabel": "threshold on |w|",
                "ylabel": ylabel,
                "xscale": "log",
                "series": [
                    {
                        "label": arm["label"],
                        "arm": look[arm["name"]],
                        "x": findings["thresholds"],
                        "y": arm[values] if layer is None else [counts[layer] for counts in arm[values]],
                    }
                    for arm in arms
                ],
                "marks": marks,
            }

        yield Picture(
            name="zeros-by-threshold",
            figure="curves",
            inputs={
                "panels": [
                    panel("All weights", "share within the threshold", "below_by_threshold"),
                    *(
                        panel(
                            f"Hidden layer {layer + 1}, {plural(width, 'unit')}",
                            "dead units, mean over runs",
                            "dead_by_threshold",
                            layer,
                        )
                        for layer, width in enumerate(findings["hidden"][:_LAYERS])
                    ),
                ]
            },
            alt="Share of weights within a threshold on |w|"
            + (", and number of dead units in each hidden layer" if e.network.hidden else "")
            + ", against the threshold, one line for each arm. Exactly zero, and within a tenth: "
            + "; ".join(f"{a['label']} {a['zero']:.0%} and {a['small']:.0%} of the weights" for a in arms)
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="sparsity",
            columns=(
                Column(label="arm"),
                Column(label="λ", format="g"),
                Column(label="η·λ", format=".3g"),
                Column(label="exactly zero", format=".1%"),
                Column(label="exactly zero, at rest", format=".1%"),
                Column(label="|w| ≤ η·λ", format=".1%"),
                Column(label=f"|w| ≤ {findings['small']:g}", format=".1%"),
                Column(label="median |w|", format=".2g"),
            ),
            rows=tuple(
                (
                    *(a[key] for key in ("label", "strength", "threshold", "zero")),
                    a["rest"]["zero"] if a["rest"] else None,
                    *(a[key] for key in ("below", "small", "median")),
                )
                for a in findings["arms"]
            ),
        )
        if not findings["hidden"]:
            return
        yield Table(
            name="dead-units",
            columns=(
                Column(label="arm"),
                Column(label="hidden layer", format="d"),
                Column(label="units", format="d"),
                Column(label="dead, exactly", format=".1f"),
                *(
                    Column(label="dead at η·λ" if factor == 1 else f"at {factor:g}·ηλ", format=".1f")
                    for factor in FACTORS
                ),
            ),
            rows=tuple(
                (
                    a["label"],
                    layer + 1,
                    width,
                    a["dead_exactly"][layer] if a["dead_exactly"] else None,
                    *(a["dead"][i][layer] if a["dead"] else None for i in range(len(FACTORS))),
                )
                for a in findings["arms"]
                for layer, width in enumerate(findings["hidden"])
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        told = [
            f"{a['label']} {a['zero']:.0%} ({a['below']:.0%})"
            for a in findings["arms"]
            if a["threshold"] and a["histogram"]
        ]
        if not told:
            return None
        return f"Weights that end exactly at zero (in brackets, within the arm's η·λ of it): {'; '.join(told)}."


def _measure_arm(e: Experiment, arm: Arm, trained: Trained, thresholds: Weights) -> tuple[Findings, Values]:
    """Findings of an arm, and the share of small weights in each run [runs], NaN where it diverged."""
    trajectories = trained_arm(e, arm, trained)
    ended = [t.at(-1)[0] for t in trajectories if t.diverged is None]
    sizes = np.abs(np.concatenate([w.ravel() for k in ended for w in k])) if ended else np.array([math.nan])
    band = threshold(e, arm.strength)
    small = np.array([math.nan if t.diverged is not None else below_share(t.at(-1)[0], SMALL) for t in trajectories])
    below = np.array([below_share(k, band) for k in ended]) if band else np.array([])
    found: Findings = {
        "name": arm.name,
        "label": arm.label,
        "step": arm.step,
        "strength": arm.strength,
        "threshold": band or None,
        "runs": len(ended),
        "rest": None,
        "zero": mean([zero_share(k) for k in ended]),
        "below": mean(below.tolist()),
        "small": mean([below_share(k, SMALL) for k in ended]),
        "median": float(np.median(sizes)),
        "mostly_zero": against_bound(below, 0.5, e.comparison),
        "mostly_small": against_bound(small, 0.5, e.comparison),
        "dead": [],
        "dead_exactly": [],
        "dead_by_threshold": [],
        "below_by_threshold": [mean([below_share(k, at) for k in ended]) for at in thresholds] if ended else [],
        "histogram": histogram(ended).tolist() if ended else [],
    }
    if ended and e.network.hidden:
        layers = [np.stack(sizes) for sizes in zip(*map(unit_sizes, ended), strict=True)]
        found["dead_exactly"] = _mean_counts(layers, 0.0)
        found["dead_by_threshold"] = [_mean_counts(layers, at) for at in thresholds]
        if band:
            found["dead"] = [_mean_counts(layers, band * factor) for factor in FACTORS]
            found |= _changes(layers, band, e.comparison)
    return found, small


def _mean_counts(layers: list[Weights], threshold: float) -> list[float]:
    """Number of dead units in each hidden layer, means over runs; `layers` hold the sizes [runs, units]."""
    return [float((sizes <= threshold).sum(axis=1).mean()) for sizes in layers]


def _changes(layers: list[Weights], band: float, rule: Comparison) -> Findings:
    """How the share of dead units of each hidden layer changes with the threshold, against the bounds of the claims.

    "rise" is from a quarter of η·λ to η·λ, "change" from exactly zero to four times η·λ. "beyond" is a rate, of runs
    in which the change from η·λ to four times η·λ is a tenth or less: most have none, so its mean has no interval.
    """

    def shares(threshold: float) -> list[Values]:
        return [(sizes <= threshold).mean(axis=1) for sizes in layers]

    def against(bound: float, larger: list[Values], smaller: list[Values]) -> list[Findings]:
        return [against_bound(a - b, bound, rule) for a, b in zip(larger, smaller, strict=True)]

    before, at, most = (shares(band * FACTORS[i]) for i in (_QUARTER, _AT, _MOST))
    return {
        "rise": against(0.5, at, before),
        "beyond": [_most_runs(a - b <= 0.1 + 1e-9, rule) for a, b in zip(most, at, strict=True)],
        "change": against(0.05, most, shares(0.0)),
    }


def _most_runs(events: NDArray[np.bool_], rule: Comparison) -> Findings:
    """The rate of an event in runs [runs], and whether it is "above" or "below" one half."""
    rate = rate_findings(events, rule)
    verdict = "above" if rate["low"] > 0.5 else "below" if rate["high"] < 0.5 else "undecided"
    why = "the interval of the share of runs in which no more than a tenth of a layer dies beyond contains 50%"
    return {**rate, "verdict": verdict, "why": why if verdict == "undecided" else ""}


def _with_zeros(e: Experiment) -> list[Arm]:
    """The arms whose steps can make exact zeros."""
    return [arm for arm in e.arms if arm.strength and arm.step == "proximal"]


def _resting_runs(e: Experiment, arm: Arm) -> list[Run]:
    """Runs of an arm that come to rest, recorded at their ends and in the middle of the steps on all samples."""
    training = {"schedule": at_rest(e), "full_batch_steps": FULL_BATCH_STEPS}
    runs = [vary(run, training=training) for run in e.arm_runs(arm)[:_MOST_RESTING]]
    recording = Recording(every=None, at=(runs[0].steps - FULL_BATCH_STEPS // 2,), loss=False)
    return [vary(run, recording=recording) for run in runs]


def _measure_rest(trajectories: list[Trajectory]) -> Findings:
    """Share of exact zeros at rest, and in how many runs they are those of half of the steps on all samples before."""
    ended = [t for t in trajectories if t.diverged is None]
    return {
        "runs": len(ended),
        "zero": mean([zero_share(t.at(-1)[0]) for t in ended]),
        "still": sum(zeros_at_rest(t, FULL_BATCH_STEPS // 2) for t in ended),
    }


_KNEE = ("rise", "beyond")
"""The changes on which the claim of a knee rests."""


def _with_knee(e: Experiment) -> list[Arm]:
    """The arm that the claim of a knee is about, if its weights never rest: then rounding might decide the claim."""
    arm = own_arm(e, L1, "subgradient")
    return [arm] if arm and e.network.hidden and e.training.schedule == "constant" else []


def _twin_changes(e: Experiment, arm: Arm, trajectories: list[Trajectory]) -> Findings:
    ended = [t.at(-1)[0] for t in trajectories if t.diverged is None]
    if not ended:
        return {}
    layers = [np.stack(sizes) for sizes in zip(*map(unit_sizes, ended), strict=True)]
    return _changes(layers, threshold(e, arm.strength), e.comparison)


def _steady(own: list[Findings], twins: list[list[Findings]]) -> list[Findings]:
    """`own`, layer by layer, undecided where nudged twins come to another verdict."""
    return [
        layer
        if all(twin[i]["verdict"] == layer["verdict"] for twin in twins)
        else layer | {"verdict": "undecided", "why": why_undecided({"reason": "rounding"})}
        for i, layer in enumerate(own)
    ]


def _first_arm(e: Experiment, arms: list[Findings], kind: type[Penalty], step: str = "") -> Findings | None:
    """The first arm with a kind of penalty, if there is one; for L1 the one with subgradient steps, as in the post,
    unless `step` asks for another."""
    found = [
        {key: value for key, value in found.items() if not key.endswith(("_by_threshold", "histogram"))}
        for found, arm in zip(arms, e.arms, strict=True)
        if isinstance(arm.penalty, kind) and arm.strength and step in ("", arm.step)
    ]
    return min(found, key=lambda arm: arm["step"] != "subgradient") if found and not step else next(iter(found), None)
