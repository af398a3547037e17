"""Zero or nearly zero: L1 by proximal steps beside L1 as part of the gradient, over the same runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    as_findings,
    at_rest,
    compare_arms,
    errors_without_collapses,
    mean,
    own_arm,
    rate_findings,
    table,
    threshold,
    vary,
)
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.training.run import Run, Schedule, Step
from reportgen.training.trajectory import Trajectory

THRESHOLDS = np.logspace(-6, 1, 57)
"""Sizes up to which a weight may count as zero, eight in a decade."""
FEW, MOST = 0.01, 0.5
"""Shares of the weights: below the first only a few are exactly zero, above the second most are."""


@dataclass(frozen=True)
class WeightsOfArm:
    """The weights of all runs of one arm that came to their end."""

    label: str
    step: Step
    runs: int
    zero: float
    """Mean share of weights that are exactly zero."""
    near: float
    """Mean share of weights within `ZerosFindings.band` of zero."""
    error: float
    """Mean total error on the test samples."""
    counts: list[float]
    """Mean share of weights within each of `THRESHOLDS`."""


@dataclass(frozen=True)
class ZerosFindings:
    """What the section found."""

    strength: float
    own: bool
    """True if the experiment has an arm with L1; else λ is the section's own."""
    rate: float
    band: float
    """η·λ: the distance that one gradient step moves a weight which only the penalty acts on."""
    gradient: WeightsOfArm
    proximal: WeightsOfArm
    l2: WeightsOfArm | None
    without: dict[str, Any]
    """In how many runs by the gradient only a few weights are exactly zero."""
    most: dict[str, Any]
    """In how many runs by proximal steps most weights are exactly zero."""
    dense: dict[str, Any] | None
    """In how many runs under L2 only a few weights are exactly zero; None without L2."""
    small: dict[str, Any] | None
    """In how many pairs of runs the largest weight under L2 is smaller than that under L1; None without L2."""
    difference: dict[str, Any]
    """Total error by proximal steps against that by the gradient, at a learning rate that falls to zero."""
    resting: float
    """Mean share of weights exactly zero by the gradient when the learning rate falls to zero."""
    margin: float


@sections.register("zeros")
class Zeros(Section[ZerosFindings]):
    """Two ways to minimize L1, one of which leaves weights at exactly zero."""

    title = "Zero, or nearly zero"
    claims = (
        Claim(
            name="gradient-steps-miss-zero",
            test=lambda f: majority_outcome(f.without),
        ),
        Claim(
            name="proximal-steps-reach-zero",
            test=lambda f: majority_outcome(f.most),
        ),
        Claim(
            name="l1-makes-zeros-and-l2-small-weights",
            post="L1 leaves many weights at zero. L2 leaves most of them small.",
            test=lambda f: all_outcomes(*map(majority_outcome, (f.most, f.dense, f.small))) if f.dense else None,
        ),
        Claim(
            name="exact-zeros-predict-as-well",
            test=lambda f: difference_outcome(f.difference, "practically equal", "better"),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        l2 = own_arm(e, L2)
        steps = _steps(e).values()
        yield from (run for arm in [*steps, *([l2] if l2 else [])] for run in _runs(e, arm, "constant"))
        yield from (run for arm in steps for run in _runs(e, arm, at_rest(e)))

    def findings(self, e: Experiment, trained: Trained, study: object) -> ZerosFindings:
        arms, l2 = _steps(e), own_arm(e, L2)
        band = threshold(e, arms["proximal"].strength)
        runs = {step: [trained[run] for run in _runs(e, arm, "constant")] for step, arm in arms.items()}
        resting = {step: [trained[run] for run in _runs(e, arm, at_rest(e))] for step, arm in arms.items()}
        under_l2 = [trained[run] for run in _runs(e, l2, "constant")] if l2 else []

        def events(of: Sequence[Trajectory], few: bool) -> dict[str, Any]:
            shares = np.array([zero_share(t.at(-1)[0]) for t in of if t.diverged is None])
            return rate_findings(shares < FEW if few else shares > MOST, e.comparison)

        return ZerosFindings(
            strength=arms["proximal"].strength,
            own=own_arm(e, L1) is not None,
            rate=e.training.learning_rate,
            band=band,
            gradient=_weights(arms["subgradient"], runs["subgradient"], band),
            proximal=_weights(arms["proximal"], runs["proximal"], band),
            l2=_weights(l2, under_l2, band) if l2 else None,
            without=events(runs["subgradient"], few=True),
            most=events(runs["proximal"], few=False),
            dense=events(under_l2, few=True) if l2 else None,
            small=rate_findings(_smaller(under_l2, runs["proximal"]), e.comparison) if l2 else None,
            difference=as_findings(
                compare_arms(
                    e, errors_without_collapses(resting["proximal"]), errors_without_collapses(resting["subgradient"])
                )
            ),
            margin=e.margin,
            resting=mean([zero_share(t.at(-1)[0]) for t in resting["subgradient"] if t.diverged is None]),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: ZerosFindings) -> Iterable[Picture]:
        arms = {arm.label: arm for arm in [*_steps(e).values(), *filter(None, [own_arm(e, L2)])]}
        shown = [w for w in (findings.proximal, findings.gradient, findings.l2) if w and w.runs]
        if shown:
            yield Picture(
                name="zeros",
                figure="curves",
                inputs={
                    "panels": [
                        {
                            "xlabel": "a weight counts as zero up to",
                            "ylabel": "share of weights",
                            "xscale": "log",
                            "series": [
                                {
                                    "label": w.label,
                                    "arm": type(arms[w.label].penalty).look(w.step).arm,
                                    "x": THRESHOLDS,
                                    "y": w.counts,
                                }
                                for w in shown
                            ],
                            "marks": [{"x": findings.band, "label": "η·λ"}],
                        }
                    ]
                },
                alt="Share of the weights that count as zero, against the size up to which they do, from a millionth "
                "to ten. "
                + "; ".join(f"{w.label}: {w.zero:.0%} are exactly zero, {w.near:.0%} are within η·λ" for w in shown)
                + ".",
            )

    def tables(self, e: Experiment, findings: ZerosFindings) -> Iterable[Table]:
        shown = [w for w in (findings.proximal, findings.gradient, findings.l2) if w]
        columns = {
            "label": ("arm", ""),
            "zero": ("exactly zero", ".1%"),
            "near": ("within η·λ", ".1%"),
            "runs": ("runs", "d"),
        }
        yield table("zeros", shown, columns)


def _steps(e: Experiment) -> dict[Step, Arm]:
    """L1 by each kind of step: the experiment's own arms, or else its arm with L1 under the other step."""
    found: dict[Step, Arm] = {}
    other = own_arm(e, L1)
    for step, label in (("proximal", "L1"), ("subgradient", "L1 by plain gradient")):
        own = own_arm(e, L1, step)  # type: ignore[arg-type]  # the two values of Step
        penalty, strength = (other.penalty, other.strength) if other else (penalties["l1"](), DEFAULT_STRENGTH)
        found[step] = own or Arm(name=f"l1-{step}", label=label, penalty=penalty, strength=strength, step=step)  # type: ignore[index,arg-type]
    return found


def _runs(e: Experiment, arm: Arm, schedule: Schedule) -> list[Run]:
    """The runs of an arm with this schedule of the learning rate: the experiment's own if it is its schedule."""
    return [vary(run, training={"schedule": schedule}) for run in e.arm_runs(arm)]


def _smaller(first: Sequence[Trajectory], second: Sequence[Trajectory]) -> NDArray[np.bool_]:
    """For each pair of runs that came to their ends, whether the largest weight of the first is the smaller one."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a.diverged is None and b.diverged is None]
    sizes = np.array([[max(float(np.abs(w).max()) for w in t.at(-1)[0]) for t in pair] for pair in pairs])
    smaller: NDArray[np.bool_] = sizes.reshape(-1, 2)[:, 0] < sizes.reshape(-1, 2)[:, 1]
    return smaller


def _weights(arm: Arm, runs: Sequence[Trajectory], band: float) -> WeightsOfArm:
    ended = [t.at(-1)[0] for t in runs if t.diverged is None]
    errors = errors_without_collapses(runs)
    return WeightsOfArm(
        label=arm.label,
        step=arm.step,
        runs=len(ended),
        zero=mean([zero_share(kernels) for kernels in ended]),
        near=mean([below_share(kernels, band) for kernels in ended]),
        error=mean(errors[np.isfinite(errors)].tolist()),
        counts=[mean([below_share(kernels, t) for kernels in ended]) for t in THRESHOLDS],
    )
