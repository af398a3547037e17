"""Ranks of trained matrices: singular values, and how outputs change if only the largest are kept."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    arm_styles,
    article_animation,
    collapsed_runs,
    describe_other_networks,
    free_arm,
    is_curve,
    l1_arm,
    mean,
    own_arm,
    rate_findings,
    same_network_arms,
    table,
    threshold,
    trained_arm,
)
from reportgen.statistics.comparison import Difference, compare
from reportgen.statistics.rank import (
    ROUNDING,
    inner_kernels,
    rank_changes,
    second_decay,
    second_share,
    singular_value_path,
)
from reportgen.statistics.sparsity import below_share
from reportgen.text import at_most
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

_RECORDS = 41
"""Number of recorded steps at which singular values are drawn."""
_NO_CHANGE = 1e-10
"""Smaller changes of outputs are rounding errors; they are drawn at this size."""
_MOST_RANKS = 12
NEGLIGIBLE = 0.05
"""A second singular value below this share of the first counts as zero."""
HARMLESS = 0.01
"""A change of outputs below this share of their span counts as none."""
HARM = 0.1
"""A change of outputs above this share of their span shows that something was needed."""


@dataclass(frozen=True)
class ArmRank:
    """Ranks of an arm's matrices, over the runs that ended and did not collapse."""

    name: str
    label: str
    runs: int
    collapsed: int
    one: dict[str, Any]
    """The rate of runs whose matrices end with one direction."""
    needs: dict[str, Any]
    """The rate of runs whose outputs change by more than `HARM` if only the first direction is kept."""
    second: float
    """The second singular value as a share of the first, in the median run."""
    second_largest: float
    change: float
    """The largest change of an output if only the first direction is kept, in the median run."""
    change_largest: float
    span: float
    """The span of the outputs in the median run."""
    below: float
    """Share of weights within η·λ of the arm with L1, if there is one."""


@dataclass(frozen=True)
class RankCurves:
    """What pictures of an arm show."""

    name: str
    label: str
    change_by_rank: list[float]
    steps: list[int]
    values: dict[str, list[float]]
    """Singular values at `steps`, medians over runs and matrices."""


@dataclass(frozen=True)
class Decay:
    """The decay of the second singular value under L2 between two steps, as a multiple of the penalty's own."""

    begin: int
    end: int
    alone: float
    """The share of a weight that the penalty alone would leave."""
    multiple: Difference


@dataclass(frozen=True)
class RankFindings:
    """What the section found; nothing if no matrix has more than one direction."""

    matrices: int
    sizes: list[str] = field(default_factory=list)
    negligible: float = NEGLIGIBLE
    harmless: float = HARMLESS
    harm: float = HARM
    rounding: float = ROUNDING
    no_change: float = _NO_CHANGE
    band: float | None = None
    parameters: int = 0
    chain: int | None = None
    """Parameters of a chain with one unit a layer, which a linear network of rank one is after rotation."""
    arms: list[ArmRank] = field(default_factory=list)
    curves: list[RankCurves] = field(default_factory=list)
    """Of the arms that have runs."""
    l1: ArmRank | None = None
    l2: ArmRank | None = None
    free: ArmRank | None = None
    """The arm without a penalty."""
    decay: Decay | None = None
    left_out: str = ""
    """A sentence about arms that the section leaves out, because their networks have another size."""


def _one_direction(arm: Any) -> Outcome | None:
    return majority_outcome(arm and arm.one)


@sections.register("rank")
class Rank(Section[RankFindings]):
    """Singular values that the penalties remove, as L1 removes units."""

    title = "The rank of the matrices"
    claims = (
        Claim(name="l2-leaves-one-direction", test=lambda f: _one_direction(f.l2)),
        Claim(name="without-a-penalty-directions-stay", test=lambda f: majority_outcome(f.free and f.free.needs)),
        Claim(
            name="unused-directions-fade-at-the-rate-of-the-penalty",
            test=lambda f: f.decay and difference_outcome(f.decay.multiple, "practically equal"),
        ),
        Claim(
            name="l1-and-l2-end-with-one-direction",
            test=lambda f: all_outcomes(_one_direction(f.l1), _one_direction(f.l2)),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in same_network_arms(e) for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> RankFindings:
        shapes = inner_kernels([np.zeros(shape) for shape in e.run(0).shapes])
        if not shapes:
            return RankFindings(matrices=0)
        most = min(max(min(w.shape) for w in shapes), _MOST_RANKS)
        l1, l2, free = l1_arm(e), own_arm(e, L2), free_arm(e)
        band = threshold(e, l1.strength) if l1 else None
        measured = {arm.name: _measure_arm(e, arm, trained, most, band or 0.0) for arm in same_network_arms(e)}
        own_l1, own_l2, none = (measured[arm.name][0] if arm else None for arm in (l1, l2, free))
        linear = e.network.activation == "linear" and is_curve(e)
        return RankFindings(
            left_out=describe_other_networks(e),
            matrices=len(shapes),
            sizes=sorted({f"{w.shape[0]}×{w.shape[1]}" for w in shapes}),
            band=band,
            parameters=e.network.parameters(*e.data.shape),
            chain=2 * len(e.run(0).shapes) if linear else None,
            arms=[arm for arm, _ in measured.values()],
            curves=[curves for _, curves in measured.values() if curves],
            l1=own_l1,
            l2=own_l2,
            free=none,
            decay=_measure_decay(e, l2, _working(e, l2, trained)) if l2 else None,
        )

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: RankFindings
    ) -> Iterable[Picture | Animation]:
        if not findings.curves:
            return
        look = arm_styles(e)
        panels: list[dict[str, Any]] = [
            {
                "title": arm.label,
                "xlabel": "step",
                "ylabel": "singular value",
                "yscale": "log",
                "series": [
                    {"label": label, "x": arm.steps, "y": np.maximum(values, ROUNDING)}
                    for label, values in arm.values.items()
                ],
            }
            for arm in findings.curves
        ]
        yield Picture(name="singular-values", figure="curves", inputs={"panels": panels, "share_y": True})
        shown = [arm for arm in (free_arm(e), own_arm(e, L2)) if arm] or list(same_network_arms(e)[:1])
        first = {arm: next(iter(_working(e, arm, trained)), None) for arm in shown}
        moving = [Panel(title=arm.label, trajectory=t) for arm, t in first.items() if t]
        if moving:
            ends = "; ".join(f"{p.title} {at_most(second_share(p.trajectory.at(-1)[0]), '.1g')}" for p in moving)
            yield article_animation(
                "singular-values-moving",
                ["singular_values"],
                moving,
                alt="Singular values of every layer of one network in motion, as bars from the largest to the "
                f"smallest. At the end the second is at most this share of the first: {ends}.",
            )
        panel = {
            "xlabel": "directions that every matrix between hidden layers keeps",
            "ylabel": "largest change of an output",
            "yscale": "log",
            "series": [
                {
                    "label": arm.label,
                    "arm": look[arm.name],
                    "x": list(range(len(arm.change_by_rank))),
                    "y": np.maximum(arm.change_by_rank, _NO_CHANGE),
                }
                for arm in findings.curves
            ],
        }
        yield Picture(name="rank-kept", figure="curves", inputs={"panels": [panel]})

    def tables(self, e: Experiment, findings: RankFindings) -> Iterable[Table]:
        columns = {
            "label": ("arm", ""),
            "one.events": ("one direction", "d"),
            "runs": ("of runs", "d"),
            "second": ("second / first, median", ".2g"),
            "second_largest": ("largest", ".2g"),
            "change": ("change of output, median", ".2g"),
            "change_largest": ("largest", ".2g"),
            "span": ("outputs span, median", ".1f"),
            "collapsed": ("collapsed", "d"),
        }
        if findings.arms:
            yield table("rank", findings.arms, columns)

    def headline(self, e: Experiment, findings: RankFindings) -> str | None:
        if not findings.l2 or majority_outcome(findings.l2.one) != "supported":
            return None
        one = findings.l2.one
        return f"L2 compresses too: in {one['events']} of {one['count']} runs its matrices end with a single direction."


def _median(values: Any) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _working(e: Experiment, arm: Arm, trained: Trained) -> list[Trajectory]:
    """The runs of an arm that ended and did not collapse: a constant output needs no direction at all."""
    runs = trained_arm(e, arm, trained)
    return [t for t, lost in zip(runs, collapsed_runs(runs), strict=True) if t.diverged is None and not lost]


def _measure_arm(
    e: Experiment, arm: Arm, trained: Trained, most: int, band: float
) -> tuple[ArmRank, RankCurves | None]:
    kept = _working(e, arm, trained)
    shares = np.array([second_share(t.at(-1)[0]) for t in kept])
    x = [t.run.draw().x_train for t in kept]
    changes = np.array(
        [rank_changes(*t.at(-1), at, e.network.activation, most) for t, at in zip(kept, x, strict=True)]
    ).reshape(len(kept), most + 1)
    spans = np.array([np.ptp(t.predict(at)) for t, at in zip(kept, x, strict=True)])
    change = changes[:, 1]
    found = ArmRank(
        name=arm.name,
        label=arm.label,
        runs=len(kept),
        collapsed=int(collapsed_runs(trained_arm(e, arm, trained)).sum()),
        one=rate_findings((shares < NEGLIGIBLE) & (change < HARMLESS * spans), e.comparison),
        needs=rate_findings(change > HARM * spans, e.comparison),
        second=_median(shares),
        second_largest=float(shares.max()) if kept else math.nan,
        change=_median(change),
        change_largest=float(change.max()) if kept else math.nan,
        span=_median(spans),
        below=mean([below_share(t.at(-1)[0], band) for t in kept]),
    )
    if not kept:
        return found, None
    return found, RankCurves(
        arm.name, arm.label, np.median(changes, axis=0).tolist(), *singular_value_path(kept, _RECORDS)
    )


def _measure_decay(e: Experiment, l2: Arm, kept: Sequence[Trajectory]) -> Decay | None:
    """The decay in the second quarter of training.

    None if weights do not shrink by the share ηλ at each step, or if no record lies in that quarter.
    """
    t = e.training
    if t.optimizer != "sgd" or t.full_batch_steps or not kept or len(kept[0].steps) < 8:
        return None
    begin, end = len(kept[0].steps) // 4, len(kept[0].steps) // 2
    first, last = (int(kept[0].steps[record]) for record in (begin, end))
    # A subgradient step multiplies weights by 1 − ηλ, a proximal one divides them by 1 + ηλ.
    shrinks = np.asarray(t.rates(e.run(0).steps), np.float64)[first:last] * l2.strength
    if shrinks.max() >= 1:
        return None
    expected = float(np.log1p(shrinks).sum() if l2.step == "proximal" else -np.log1p(-shrinks).sum())
    falls = np.array([second_decay(t, begin, end) for t in kept])
    if np.isnan(falls).all():
        return None
    found = compare(falls / expected, np.ones(len(falls)), 0.1, e.comparison)
    # As the multiple itself, not as its difference from one.
    multiple = dataclasses.replace(found, estimate=found.estimate + 1, low=found.low + 1, high=found.high + 1)
    return Decay(begin=first, end=last, alone=math.exp(-expected), multiple=multiple)
