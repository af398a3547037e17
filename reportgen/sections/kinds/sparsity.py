"""Counts of zero weights and dead units, and how they depend on the threshold."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Arm, Comparison, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, bound_outcome, difference_outcome
from reportgen.sections.helpers import (
    NUDGES,
    against_bound,
    arm_styles,
    arm_threshold,
    at_rest,
    describe_other_networks,
    free_arm,
    mean,
    nudged_runs,
    own_arm,
    rate_findings,
    same_network_arms,
    table,
    trained_arm,
    vary,
)
from reportgen.sections.wording import join_words, why_undecided
from reportgen.statistics.comparison import Difference, Values, compare
from reportgen.statistics.sparsity import (
    HISTOGRAM_EDGES,
    below_share,
    histogram,
    mean_dead_counts,
    unit_sizes,
    zero_share,
    zeros_at_rest,
)
from reportgen.text import number, plural
from reportgen.training.network import Weights
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

THRESHOLDS = np.logspace(-5, 0, 41)
"""Thresholds of the curves; each arm's η·λ is added, so that the curves pass through the table's values."""
FACTORS = {"exactly": 0.0, "quarter": 0.25, "band": 1.0, "four": 4.0}
"""Multiples of an arm's η·λ at which dead units are counted; of an arm without a penalty only at zero."""
SMALL = 0.1
"""A weight below this is small, in the claims about L2."""
FULL_BATCH_STEPS = 1000
"""Steps on all samples with which runs come to rest, after epochs with a rate that falls to zero."""
_MOST_RESTING = 100
_LAYERS = 5
"""The most hidden layers with a panel; more would not be legible."""

Bound = dict[str, Any]
"""A mean or a rate and on which side of a bound it lies: findings of `against_bound`."""


@dataclass(frozen=True)
class DeadUnits:
    """Dead units of a hidden layer within a threshold; means over the runs of an arm."""

    label: str
    layer: int
    units: int
    exactly: float | None = None
    quarter: float | None = None
    band: float | None = None
    four: float | None = None


@dataclass(frozen=True)
class Knee:
    """How the share of dead units of each hidden layer changes with the threshold, against the bounds of the claims."""

    rise: list[Bound]
    """The mean change from a quarter of η·λ to η·λ."""
    beyond: list[Bound]
    """The rate of runs in which the change from η·λ to four times η·λ is a tenth or less."""
    change: list[Bound]
    """The rate of runs in which the change from exactly zero to four times η·λ is a twentieth or less."""


@dataclass(frozen=True)
class Rest:
    """Exact zeros at rest, and in how many runs they are those of half of the steps on all samples before."""

    runs: int
    zero: float
    still: int


@dataclass(frozen=True)
class ArmSparsity:
    """Small weights of an arm; shares are means over the runs that came to their end."""

    name: str
    label: str
    step: str
    strength: float
    threshold: float | None
    """η·λ; None without a penalty."""
    runs: int
    zero: float
    below: float
    """Share of weights within η·λ of zero."""
    small: float
    median: float
    mostly_zero: Bound
    """The rate of runs in which most weights are within η·λ of zero."""
    mostly_small: Bound
    """The mean share of small weights."""
    layers: list[DeadUnits]
    dead: dict[str, str]
    """Their counts in words, by `FACTORS`: "8.9, 9.0 and 8.9"."""
    knee: Knee | None
    rest: Rest | None
    """None for steps that make no exact zeros."""


@dataclass(frozen=True)
class Curves:
    """What pictures of an arm show; lists over thresholds, or over bins of the histogram."""

    name: str
    below: list[float]
    dead: list[list[float]]
    histogram: list[int]


@dataclass(frozen=True)
class SparsityFindings:
    """What the section found."""

    small: float
    full_batch_steps: int
    trembling: bool
    """True if the learning rate is constant, so that weights need not come to rest."""
    thresholds: list[float]
    arms: list[ArmSparsity]
    curves: list[Curves]
    """Of the arms with runs that came to their end."""
    l1: ArmSparsity | None
    """The arm with L1, by proximal steps if there is one."""
    l1_exact: ArmSparsity | None
    l1_gradient: ArmSparsity | None
    """The arms with L1 by proximal and by subgradient steps."""
    l2: ArmSparsity | None
    free: ArmSparsity | None
    l2_against_free: Difference | None
    left_out: str = ""
    """A sentence about arms that the section leaves out, because their networks have another size."""


def _l2_makes_small(f: Any) -> Outcome | None:
    """Supported if most weights are small, and more of them than without a penalty, where there is such an arm."""
    if f.l2 is None:
        return None
    against = [difference_outcome(f.l2_against_free, "worse")] if f.l2_against_free else []
    return all_outcomes(bound_outcome(f.l2.mostly_small), *against)


def _has_knee(f: Any) -> Outcome | None:
    """Supported if in every layer most units die between a quarter of η·λ and η·λ, and in most runs few beyond."""
    knee = f.trembling and f.l1_gradient and f.l1_gradient.knee
    return all_outcomes(*map(bound_outcome, knee.rise), *map(bound_outcome, knee.beyond)) if knee else None


def _is_flat(f: Any) -> Outcome | None:
    """Supported if in most runs the exactly dead units are, to a twentieth of a layer, those at four times η·λ."""
    knee = f.l1_exact and f.l1_exact.knee
    return all_outcomes(*map(bound_outcome, knee.change)) if knee else None


@sections.register("sparsity")
class Sparsity(Section[SparsityFindings]):
    """Counts with their threshold, the distribution of weights, and the sensitivity of the counts."""

    title = "Zero, nearly zero, small"
    claims = (
        Claim(
            name="l1-leaves-weights-at-zero",
            post="L1 makes weights sparse: it leaves many of them at zero.",
            test=lambda f: f.l1 and bound_outcome(f.l1.mostly_zero),
        ),
        Claim(
            name="l2-makes-weights-small",
            post="L2 shrinks all weights in balance: it makes most of them small.",
            test=_l2_makes_small,
        ),
        Claim(name="dead-units-jump-at-the-band", test=_has_knee),
        Claim(name="exact-zeros-need-no-threshold", test=_is_flat),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for arm in same_network_arms(e) for run in e.arm_runs(arm))
        yield from (run for arm in same_network_arms(e) if _rests(e, arm) for run in _resting_runs(e, arm))
        yield from (
            run
            for arm in same_network_arms(e)
            if _needs_twins(e, arm)
            for i in NUDGES
            for run in nudged_runs(e, arm, i)
        )

    def findings(self, e: Experiment, trained: Trained, study: object) -> SparsityFindings:
        thresholds = np.unique([*THRESHOLDS, *(arm_threshold(e, arm) for arm in same_network_arms(e) if arm.strength)])
        arms = {arm.name: _measure_arm(e, arm, trained) for arm in same_network_arms(e)}

        def first(arm: Arm | None) -> ArmSparsity | None:
            return arms[arm.name] if arm else None

        l2, free = own_arm(e, L2), free_arm(e)
        exact, gradient = own_arm(e, L1, "proximal"), own_arm(e, L1, "subgradient")
        return SparsityFindings(
            left_out=describe_other_networks(e),
            small=SMALL,
            full_batch_steps=FULL_BATCH_STEPS,
            trembling=e.training.schedule == "constant" and not e.training.full_batch_steps,
            thresholds=thresholds.tolist(),
            arms=list(arms.values()),
            curves=[_curves(e, arm, trained, thresholds) for arm in same_network_arms(e) if arms[arm.name].runs],
            l1=first(exact or gradient),
            l1_exact=first(exact),
            l1_gradient=first(gradient),
            l2=first(l2),
            free=first(free),
            l2_against_free=compare(_small_shares(e, l2, trained), _small_shares(e, free, trained), 0.0, e.comparison)
            if l2 and free
            else None,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: SparsityFindings) -> Iterable[Picture]:
        look, arms = arm_styles(e), {arm.name: arm for arm in findings.arms}
        shown = [(arms[c.name], c) for c in findings.curves]
        if not shown:
            return
        groups = [
            {
                "label": arm.label,
                "arm": look[arm.name],
                "zero_share": arm.zero,
                "edges": np.log10(HISTOGRAM_EDGES),
                "counts": np.array(curves.histogram),
                "threshold": arm.threshold,
            }
            for arm, curves in shown
        ]
        yield Picture(name="histogram", figure="weight_histogram", inputs={"groups": groups})
        bands = sorted({arm.threshold for arm, _ in shown if arm.threshold})
        marks = [{"x": band, "label": "η·λ" if len(bands) == 1 else f"{band:.2g}"} for band in bands]

        def panel(title: str, ylabel: str, values: Sequence[list[float]]) -> dict[str, Any]:
            lines = [
                {"label": arm.label, "arm": look[arm.name], "x": findings.thresholds, "y": y}
                for (arm, _), y in zip(shown, values, strict=True)
            ]
            axes = {"xlabel": "threshold on |w|", "ylabel": ylabel, "xscale": "log"}
            return {"title": title, **axes, "series": lines, "marks": marks}

        panels = [panel("All weights", "share within the threshold", [c.below for _, c in shown])]
        for layer, width in enumerate(e.network.hidden[:_LAYERS]):
            counts = [[dead[layer] for dead in c.dead] for _, c in shown]
            title = f"Hidden layer {layer + 1}, {plural(width, 'unit')}"
            panels.append(panel(title, "dead units, mean over runs", counts))
        yield Picture(name="zeros-by-threshold", figure="curves", inputs={"panels": panels})

    def tables(self, e: Experiment, findings: SparsityFindings) -> Iterable[Table]:
        columns = {
            "label": ("arm", ""),
            "strength": ("λ", "g"),
            "threshold": ("η·λ", ".3g"),
            "zero": ("exactly zero", ".1%"),
            "resting": ("exactly zero, at rest", ".1%"),
            "below": ("|w| ≤ η·λ", ".1%"),
            "small": (f"|w| ≤ {SMALL:g}", ".1%"),
            "median": ("median |w|", ".2g"),
        }
        rows = [{**vars(arm), "resting": arm.rest.zero if arm.rest else None} for arm in findings.arms]
        yield table("sparsity", rows, columns)
        if e.network.hidden:
            labels = ("exactly", "at η·λ / 4", "at η·λ", "at 4 η·λ")
            dead = {name: (f"dead {label}", ".1f") for name, label in zip(FACTORS, labels, strict=True)}
            layers = [layer for arm in findings.arms for layer in arm.layers]
            columns = {"label": ("arm", ""), "layer": ("hidden layer", "d"), "units": ("units", "d"), **dead}
            yield table("dead-units", layers, columns)

    def headline(self, e: Experiment, findings: SparsityFindings) -> str | None:
        told = [f"{arm.label} {arm.zero:.0%}" for arm in findings.arms if arm.threshold and arm.runs]
        return f"Weights that end exactly at zero: {', '.join(told)}." if told else None


def _ended(trajectories: Iterable[Trajectory]) -> list[list[Weights]]:
    """The last kernels of the runs that came to their end."""
    return [t.at(-1)[0] for t in trajectories if t.diverged is None]


def _unit_sizes(ended: Sequence[Sequence[Weights]]) -> list[Weights]:
    """The sizes of the units [runs, units] of each hidden layer."""
    return [np.stack(sizes) for sizes in zip(*map(unit_sizes, ended), strict=True)]


def _measure_arm(e: Experiment, arm: Arm, trained: Trained) -> ArmSparsity:
    ended = _ended(trained_arm(e, arm, trained))
    layers, band = _unit_sizes(ended), arm_threshold(e, arm)
    sizes = np.abs(np.concatenate([w.ravel() for k in ended for w in k])) if ended else np.array([math.nan])
    below = np.array([below_share(k, band) for k in ended]) if band else np.array([])
    knee = _measure_knee(layers, band, e.comparison) if layers and band else None
    if knee and _needs_twins(e, arm):
        twins = [_ended(trained[run] for run in nudged_runs(e, arm, i)) for i in NUDGES]
        others = [_measure_knee(_unit_sizes(kernels), band, e.comparison) for kernels in twins if kernels]
        rise = _steady(knee.rise, [twin.rise for twin in others])
        knee = replace(knee, rise=rise, beyond=_steady(knee.beyond, [twin.beyond for twin in others]))
    exact = _rests(e, arm)
    resting = [trained[run] for run in _resting_runs(e, arm)] if exact else []
    counts = {name: mean_dead_counts(layers, band * by) for name, by in FACTORS.items() if layers and (band or not by)}
    return ArmSparsity(
        name=arm.name,
        label=arm.label,
        step=arm.step,
        strength=arm.strength,
        threshold=band or None,
        runs=len(ended),
        zero=mean([zero_share(k) for k in ended]),
        below=mean(below.tolist()),
        small=mean([below_share(k, SMALL) for k in ended]),
        median=float(np.median(sizes)),
        mostly_zero=_most_runs(below > 0.5, e.comparison),
        mostly_small=against_bound(_small_shares(e, arm, trained), 0.5, e.comparison),
        layers=[
            DeadUnits(arm.label, i + 1, width, **{name: count[i] for name, count in counts.items()})
            for i, width in enumerate(e.network.hidden)
        ],
        dead={name: join_words([number(units, ".1f") for units in count]) for name, count in counts.items()},
        knee=knee,
        rest=_measure_rest(resting) if resting else None,
    )


def _small_shares(e: Experiment, arm: Arm, trained: Trained) -> Values:
    """The share of small weights in each run of an arm [runs], NaN where it diverged."""
    runs = trained_arm(e, arm, trained)
    return np.array([math.nan if t.diverged is not None else below_share(t.at(-1)[0], SMALL) for t in runs])


def _curves(e: Experiment, arm: Arm, trained: Trained, thresholds: Weights) -> Curves:
    ended = _ended(trained_arm(e, arm, trained))
    layers = _unit_sizes(ended)
    return Curves(
        name=arm.name,
        below=[mean([below_share(k, at) for k in ended]) for at in thresholds],
        dead=[mean_dead_counts(layers, at) for at in thresholds],
        histogram=histogram(ended).tolist(),
    )


def _measure_knee(layers: Sequence[Weights], band: float, rule: Comparison) -> Knee:
    """The changes of `layers` [runs, units], sizes of the units of each hidden layer."""
    zero, before, at, most = ([(sizes <= band * by).mean(axis=1) for sizes in layers] for by in FACTORS.values())
    return Knee(
        rise=[against_bound(a - b, 0.5, rule) for a, b in zip(at, before, strict=True)],
        beyond=[_most_runs(a - b <= 0.1 + 1e-9, rule) for a, b in zip(most, at, strict=True)],
        change=[_most_runs(a - b <= 0.05 + 1e-9, rule) for a, b in zip(most, zero, strict=True)],
    )


def _most_runs(events: NDArray[np.bool_], rule: Comparison) -> Bound:
    """The rate of an event in runs [runs], and whether it is "above" or "below" one half.

    Means of shares that are the same in most runs have no interval.
    """
    rate = rate_findings(events, rule)
    verdict = "above" if rate["low"] > 0.5 else "below" if rate["high"] < 0.5 else "undecided"
    return {**rate, "verdict": verdict, "why": "the share of runs in which it is so may be a half"}


def _rests(e: Experiment, arm: Arm) -> bool:
    """True for an arm with proximal steps, which also trains to rest; not for one that stops before that."""
    early = e.training.early_stopping if arm.early_stopping is None else arm.early_stopping
    return bool(arm.strength) and arm.step == "proximal" and not early


def _resting_runs(e: Experiment, arm: Arm) -> list[Run]:
    """Runs of an arm that come to rest, recorded at their ends and in the middle of the steps on all samples."""
    training = {"schedule": at_rest(e), "full_batch_steps": FULL_BATCH_STEPS}
    runs = [vary(run, training=training) for run in e.arm_runs(arm)[:_MOST_RESTING]]
    recording = Recording(every=None, at=(runs[0].steps - FULL_BATCH_STEPS // 2,), loss=False)
    return [vary(run, recording=recording) for run in runs]


def _measure_rest(trajectories: list[Trajectory]) -> Rest:
    ended = [t for t in trajectories if t.diverged is None]
    zero = mean([zero_share(t.at(-1)[0]) for t in ended])
    return Rest(len(ended), zero, sum(zeros_at_rest(t, FULL_BATCH_STEPS // 2) for t in ended))


def _needs_twins(e: Experiment, arm: Arm) -> bool:
    """True for the arm of the claim of a knee if its weights never rest: then rounding might decide the claim."""
    return arm == own_arm(e, L1, "subgradient") and bool(e.network.hidden) and e.training.schedule == "constant"


def _steady(own: list[Bound], twins: list[list[Bound]]) -> list[Bound]:
    """`own`, layer by layer, undecided where nudged twins come to another verdict."""
    return [
        layer
        if all(twin[i]["verdict"] == layer["verdict"] for twin in twins)
        else layer | {"verdict": "undecided", "why": why_undecided({"reason": "rounding"})}
        for i, layer in enumerate(own)
    ]
