"""Every arm compared with every other, and how often runs of an arm collapse."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from reportgen.experiment import Experiment
from reportgen.sections.helpers import (
    as_findings,
    collapsed_runs,
    compare_nudged,
    errors_without_collapses,
    plain_arms,
    rate_findings,
)
from reportgen.sections.wording import why_undecided
from reportgen.statistics.comparison import Difference, interquartile_mean, swapped
from reportgen.statistics.rates import compare_rates
from reportgen.training.trajectory import Trajectory

Group = Mapping[str, list[Trajectory]]
"""The runs of each arm, by its name."""


@dataclass(frozen=True, kw_only=True)
class ArmPair:
    """Two arms compared, with runs that come to rest."""

    first: str
    second: str
    names: list[str]
    difference: Difference
    why: str
    """Why it is undecided."""
    median: float
    iqm: float
    """Interquartile mean of the differences."""
    other: Difference
    """On fresh draws, or on one draw if the experiment's own data are fresh."""
    constant: Difference | None
    """As trained, if that is at a constant rate."""


@dataclass(frozen=True, kw_only=True)
class ArmCollapses:
    """How often runs of an arm collapsed, and whether that is more often than in the steadiest arm."""

    label: str
    condition: str
    rate: dict[str, Any]
    left_out: bool
    """True if comparisons of means leave these runs out."""
    steadiest: str
    verdict: str | None


def compare_all_arms(e: Experiment, rest: Group, elsewhere: Group, constant: list[Group]) -> list[ArmPair]:
    """Compare every arm with every other: at rest, on other data, and at a constant rate beside nudged twins."""
    labels, pairs = {arm.name: arm.label for arm in e.arms}, list(combinations(rest, 2))
    totals = {name: errors_without_collapses(runs) for name, runs in rest.items()}
    return [
        ArmPair(
            first=labels[a],
            second=labels[b],
            names=[a, b],
            difference=difference,
            why=why_undecided(as_findings(difference)),
            median=float(np.median(apart)) if len(apart) else math.nan,
            iqm=interquartile_mean(apart) if len(apart) else math.nan,
            other=other,
            constant=as_trained,
        )
        for (a, b), difference, other, as_trained in zip(
            pairs,
            _compare_family(e, pairs, rest),
            _compare_family(e, pairs, elsewhere),
            _compare_family(e, pairs, *constant) if constant else [None] * len(pairs),
            strict=True,
        )
        for apart in [(totals[a] - totals[b])[np.isfinite(totals[a] - totals[b])]]
    ]


def _compare_family(e: Experiment, pairs: list[tuple[str, str]], *groups: Group) -> list[Difference]:
    """Compare pairs of arms as one family; `groups` after the first are nudged twins of it."""
    totals = [{name: errors_without_collapses(runs) for name, runs in group.items()} for group in groups]
    found = compare_nudged([[(t[a], t[b]) for a, b in pairs] for t in totals], e.margin, e.comparison)
    unpenalized = {arm.name for arm in plain_arms(e) if not arm.strength}
    # Without a penalty two arms without settings of their own are the same runs.
    same: dict[str, Any] = {"verdict": "practically equal", "reason": None, "pairs_needed": None}
    return [
        dataclasses.replace(difference, **same) if {*pair} <= unpenalized else difference
        for pair, difference in zip(pairs, found, strict=True)
    ]


def count_collapses(e: Experiment, arms: Group, condition: str) -> list[ArmCollapses]:
    """For each arm of which a run collapsed: how many, and whether that is more often than in the steadiest arm."""
    labels = {arm.name: arm.label for arm in e.arms}
    events = {name: collapsed_runs(runs) for name, runs in arms.items()}
    steadiest = min(events, key=lambda name: int(events[name].sum()))
    compared = sum(int(c.sum()) > 0 and name != steadiest for name, c in events.items())
    # Bonferroni's correction.
    rule = dataclasses.replace(e.comparison, confidence=1 - (1 - e.comparison.confidence) / max(compared, 1))
    return [
        ArmCollapses(
            label=labels[name],
            condition=condition,
            rate=rate_findings(collapsed, e.comparison),
            left_out=bool(2 * collapsed.sum() < len(collapsed)),
            steadiest=labels[steadiest],
            verdict=compare_rates(collapsed, events[steadiest], rule).verdict if name != steadiest else None,
        )
        for name, collapsed in events.items()
        if collapsed.any()
    ]


def find_pair(pairs: Iterable[ArmPair], first: str, second: str) -> ArmPair | None:
    """The comparison of two arms, as `first` minus `second`; None if there is none."""
    for p in pairs:
        if p.names == [first, second]:
            return p
        if p.names == [second, first]:
            return dataclasses.replace(
                p,
                first=p.second,
                second=p.first,
                names=[first, second],
                difference=swapped(p.difference),
                median=-p.median,
                iqm=-p.iqm,
                other=swapped(p.other),
                constant=swapped(p.constant) if p.constant else None,
            )
    return None
