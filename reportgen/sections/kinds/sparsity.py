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
class Sparsity(Section[Findings]):
    """Counts with their threshold, the distribution of weights, and the sensitivity of the counts."""

    title = "Zero, nearly zero, small"
    claims = (
        Claim(
            name="l1-leaves-weights-at-zero",
            post="L1 makes weights sparse: it leaves many of them at zero.",
            test=lambda f: None if f["l1"] is None else bound_outcome(f["l1"]["mostly_zero"]),
        ),
        Claim(
            name="l2-makes-weights-small",
            post="L2 shrinks all weights in balance: it makes most of them small.",
            test=_l2_makes_small,
        ),
        Claim(
            name="dead-units-jump-at-the-band",
            test=_has_knee,
        ),
        Claim(
            name="exact-zeros-need-no-threshold",
            test=_is_flat,
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
