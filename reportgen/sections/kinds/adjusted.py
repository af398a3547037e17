"""A smaller network: dead units removed from each arm, and the network that the post of 2018 made smaller by eye."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Panel
from reportgen.sections import Column, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    article_animation,
    as_findings,
    at_rest,
    collapsed_runs,
    describe_other_networks,
    errors_without_collapses,
    finite_median,
    is_curve,
    kinds_by_name,
    l1_arm,
    rate_findings,
    same_network_arms,
    table,
    trained_arm,
    vary,
)
from reportgen.sections.shrinking import compress_run, dead_band
from reportgen.sections.wording import is_post
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.rates import compare_rates
from reportgen.statistics.total_error import total_errors
from reportgen.training.run import Run

HIDDEN = (10, 10, 1)
"""Units of the network that the author chose by eye, instead of three layers of ten."""
PUBLISHED = {
    "before": (22.68515524, 41.64545712, 4.77383674, 24.04390211, 7.25596004),
    "after": (7.61984439, 13.85177842, 11.95983347, 16.95491162, 25.17294774),
}
"""Total errors that the post printed for the network before and after, five runs each."""
KINDS: dict[str, type[Penalty]] = kinds_by_name(L1, L2)
"""Penalties under which the adjustment is repeated: the post's totals are L1's, its published script has L2."""
STRENGTH = 0.3
"""λ of the post."""
HARMLESS = 0.01
"""The largest change of an output that counts as none, as a share of what the outputs of the network span."""

Rate = Literal["constant", "rest"]


@dataclass(frozen=True)
class CompressedArm:
    """The networks of one arm without their dead units."""

    name: str
    label: str
    band: float
    """The largest weight that counts as zero: η·λ after gradient steps, 0 after proximal ones."""
    runs: int
    collapsed: int
    parameters: float
    """The median over the runs; NaN without any."""
    fewest: int | None
    most: int | None
    hidden: str
    """Median number of units left in each hidden layer."""
    change: float
    """The certificate: the largest change of an output over a dense grid of inputs and all runs."""
    unharmed: dict[str, Any]
    """In how many runs parameters were removed and no output moved by `HARMLESS` of their span."""


@dataclass(frozen=True)
class AdjustedKind:
    """Networks before and after the adjustment by eye, under one penalty."""

    label: str
    before: list[float]
    """Total errors of the runs at the constant learning rate of the post."""
    after: list[float]
    rest_before: float
    """Median total error of the runs at a learning rate that falls to zero."""
    rest_after: float
    collapsed_before: int
    collapsed_after: int
    collapses: dict[str, Any]
    difference: dict[str, Any]
    """After against before, at a learning rate that falls to zero."""


@dataclass(frozen=True)
class Adjustment:
    """The adjustment of the post, repeated."""

    kinds: dict[str, AdjustedKind]
    published: dict[str, list[float]]
    permutation_share: float
    """Share of all splits of the ten published totals into two fives whose means differ at least as much."""
    improved: bool
    """True if the mean of the published totals fell."""
    hidden: list[int]
    parameters: int
    strength: float
    fewer: dict[str, Any] | None
    """In how many runs of the studied arm fewer parameters are left than the author kept; None without that arm."""
    run: int
    """Number of the run that the animations show, from 1: the median of the adjusted ones under L1."""


@dataclass(frozen=True)
class AdjustedFindings:
    """What the section found."""

    hidden: list[int]
    parameters: int
    arms: list[CompressedArm]
    studied: CompressedArm | None
    """The arm with L1, with proximal steps if there is one."""
    harmless: float
    margin: float
    post: Adjustment | None
    left_out: str = ""
    """A sentence about arms that the section leaves out, because their networks have another size."""


@sections.register("adjusted")
class Adjusted(Section[AdjustedFindings]):
    """Networks without their dead units, and the adjusted network of the post of 2018."""

    title = "A smaller network"
    claims = (
        Claim(
            name="dead-units-can-go",
            test=lambda f: majority_outcome(f.studied.unharmed) if f.studied else None,
        ),
        Claim(
            name="published-totals-tell",
            post="Five runs before the adjustment and five after it show that it helped.",
            test=lambda f: _published_outcome(f),
        ),
        Claim(
            name="adjusting-helps",
            post="The network made smaller by what L1 had shown predicts better than before.",
            test=lambda f: difference_outcome(f.post.kinds.l1.difference) if f.post else None,
        ),
        Claim(
            name="adjusting-helps-l2",
            test=lambda f: difference_outcome(f.post.kinds.l2.difference) if f.post else None,
        ),
        Claim(
            name="fewer-than-by-eye",
            test=lambda f: majority_outcome(f.post.fewer) if f.post else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        if not e.network.hidden:
            return
        yield from (run for arm in same_network_arms(e) for run in e.arm_runs(arm))
        if is_post(e):
            for kind in KINDS:
                for hidden in (e.network.hidden, HIDDEN):
                    yield from _replicas(e, kind, hidden, "constant")
                    yield from _replicas(e, kind, hidden, "rest")

    def findings(self, e: Experiment, trained: Trained, study: object) -> AdjustedFindings:
        arms = [_compress_arm(e, arm, trained) for arm in same_network_arms(e)] if e.network.hidden else []
        studied = l1_arm(e)
        return AdjustedFindings(
            left_out=describe_other_networks(e),
            hidden=list(e.network.hidden),
            parameters=e.network.parameters(*e.data.shape),
            arms=arms,
            studied=next((arm for arm in arms if studied and arm.name == studied.name), None),
            harmless=HARMLESS,
            margin=e.margin,
            post=_repeat_post(e, trained, studied) if is_post(e) else None,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: AdjustedFindings) -> Iterable[Animation]:
        if not findings.post:
            return
        for kind, told in findings.post.kinds.items():
            panels = [
                Panel(title=when, trajectory=trained[_replicas(e, kind, hidden, "rest")[findings.post.run - 1]])
                for when, hidden in (("before", e.network.hidden), ("after", HIDDEN))
            ]
            before, after = ("-".join(map(str, hidden)) for hidden in (e.network.hidden, HIDDEN))
            yield article_animation(
                f"weights-adjusted-{kind}",
                ["weights"],
                panels,
                alt=f"Weight matrices before and after the adjustment, in step, both with {told.label}: hidden layers "
                f"{before} before and {after} after. The last square of the smaller network is a single weight.",
                keep=True,
                one_run=True,
            )
            if is_curve(e):
                yield article_animation(
                    f"fit-adjusted-{kind}",
                    ["fit"],
                    panels,
                    alt=f"The lines that the two networks fit meanwhile, both with {told.label}.",
                    keep=True,
                    one_run=True,
                )

    def tables(self, e: Experiment, findings: AdjustedFindings) -> Iterable[Table]:
        if findings.post:
            yield _totals_table(e, findings.post)
            columns = {
                "label": ("penalty", ""),
                "rest_before": ("median error before", ".2f"),
                "rest_after": ("after", ".2f"),
                "collapsed_before": ("collapsed before", "d"),
                "collapsed_after": ("after", "d"),
                "difference.estimate": ("mean difference", ".2f"),
                "difference.low": ("from", ".2f"),
                "difference.high": ("to", ".2f"),
                "difference.verdict": ("verdict", ""),
            }
            yield table("adjustment", findings.post.kinds.values(), columns)
        if findings.arms:
            columns = {
                "label": ("arm", ""),
                "parameters": ("parameters left, median", ".0f"),
                "fewest": ("fewest", "d"),
                "most": ("most", "d"),
                "hidden": ("hidden units left", ""),
                "change": ("largest change of an output", ".1e"),
                "band": ("counts as zero up to", ".2g"),
                "collapsed": ("collapsed", "d"),
                "runs": ("runs", "d"),
            }
            yield table("compression", findings.arms, columns)


def _published_outcome(f: Any) -> bool | Outcome | None:
    """Whether the ten published totals show an improvement, by an exact permutation test."""
    if not f.post:
        return None
    return "undecided" if f.post.permutation_share > 0.05 else bool(f.post.improved)


def _replicas(e: Experiment, kind: str, hidden: tuple[int, ...], rate: Rate) -> list[Run]:
    """Runs as in the post, at its λ, with its constant learning rate or with one that falls to zero."""
    schedule = "constant" if rate == "constant" else at_rest(e)
    how = {"penalty": KINDS[kind](), "strength": STRENGTH, "step": "subgradient"}
    return [
        vary(e.run(i), network={"hidden": hidden}, training={"schedule": schedule}, **how) for i in range(e.runs.count)
    ]


def _repeat_post(e: Experiment, trained: Trained, studied: Arm | None) -> Adjustment:
    """Totals at the constant rate as the post published them, verdicts at a rate that falls to zero.

    At a constant rate the last steps decide, so differences there get no verdict.
    """
    # Two tests of collapses answer one question, so each has half of the level.
    halved = dataclasses.replace(e.comparison, confidence=1 - (1 - e.comparison.confidence) / len(KINDS))
    sides = {
        kind: [[trained[run] for run in _replicas(e, kind, hidden, "rest")] for hidden in (e.network.hidden, HIDDEN)]
        for kind in KINDS
    }
    pairs = [(errors_without_collapses(after), errors_without_collapses(before)) for before, after in sides.values()]
    kinds = {}
    for kind, difference in zip(KINDS, compare_family(pairs, e.margin, e.comparison), strict=True):
        before, after = sides[kind]
        collapsed = [collapsed_runs(side) for side in (before, after)]
        constant = [
            total_errors([trained[run] for run in _replicas(e, kind, hidden, "constant")]).tolist()
            for hidden in (e.network.hidden, HIDDEN)
        ]
        kinds[kind] = AdjustedKind(
            label=KINDS[kind].look().title,
            before=constant[0],
            after=constant[1],
            rest_before=finite_median(total_errors(before)),
            rest_after=finite_median(total_errors(after)),
            collapsed_before=int(collapsed[0].sum()),
            collapsed_after=int(collapsed[1].sum()),
            collapses=as_findings(compare_rates(collapsed[1], collapsed[0], halved)),
            difference=as_findings(difference),
        )
    published = {when: np.array(totals) for when, totals in PUBLISHED.items()}
    by_eye = dataclasses.replace(e.network, hidden=HIDDEN).parameters(*e.data.shape)
    ended = [t for t in trained_arm(e, studied, trained) if t.diverged is None] if studied else []
    totals = total_errors(sides["l1"][1])
    return Adjustment(
        kinds=kinds,
        published={when: list(totals) for when, totals in PUBLISHED.items()},
        permutation_share=_permutation_share(published["before"], published["after"]),
        improved=bool(published["after"].mean() < published["before"].mean()),
        hidden=list(HIDDEN),
        parameters=by_eye,
        strength=STRENGTH,
        fewer=rate_findings(np.array([compress_run(e, t)[0].parameters < by_eye for t in ended], bool), e.comparison)
        if studied
        else None,
        run=1 + int(np.argsort(np.where(np.isfinite(totals), totals, np.inf), kind="stable")[(len(totals) - 1) // 2]),
    )


def _totals_table(e: Experiment, post: Adjustment) -> Table:
    """Every total at the constant rate, beside the published ones."""
    sides = [(kind.label, when, getattr(kind, when)) for kind in post.kinds.values() for when in ("before", "after")]
    sides += [("published", when, totals) for when, totals in post.published.items()]
    return Table(
        name="adjusted",
        columns=(
            Column(label="run", format="d"),
            *(Column(label=f"{label}, {when}", format=".2f") for label, when, _ in sides),
        ),
        rows=tuple(
            (i + 1, *(totals[i] if i < len(totals) else None for _, _, totals in sides))
            for i in range(max(e.runs.count, 5))
        ),
        shown=5,
    )


def _compress_arm(e: Experiment, arm: Arm, trained: Trained) -> CompressedArm:
    ended = [t for t in trained_arm(e, arm, trained) if t.diverged is None]
    done = [compress_run(e, t) for t in ended]
    sizes = [small.parameters for small, _ in done]
    full = e.network.parameters(*e.data.shape)
    spans = [float(np.ptp(t.predict(t.run.draw().x_train))) for t in ended]
    unharmed = [
        small.parameters < full and change <= HARMLESS * span for (small, change), span in zip(done, spans, strict=True)
    ]
    return CompressedArm(
        name=arm.name,
        label=arm.label,
        band=dead_band(e, arm),
        runs=len(done),
        collapsed=int(collapsed_runs(ended).sum()),
        parameters=float(np.median(sizes)) if done else math.nan,
        fewest=min(sizes, default=None),
        most=max(sizes, default=None),
        hidden=", ".join(f"{width:g}" for width in np.median([c.hidden for c, _ in done], axis=0)) if done else "",
        change=max((change for _, change in done), default=math.nan),
        unharmed=rate_findings(np.array(unharmed, bool), e.comparison),
    )


def _permutation_share(before: Values, after: Values) -> float:
    """The share of all splits of the ten totals into two fives whose means differ at least as much."""
    both, size = np.concatenate([before, after]), len(before)
    seen = abs(before.mean() - after.mean())
    deals: Sequence[Any] = [np.array(rows) for rows in combinations(range(len(both)), size)]
    gaps = [abs(both[rows].mean() - np.delete(both, rows).mean()) for rows in deals]
    return float(np.mean(np.array(gaps) >= seen - 1e-12))
