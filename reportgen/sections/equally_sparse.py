"""Penalties that make zeros, compared where they make equally many."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Comparison
from reportgen.sections.helpers import mean
from reportgen.sections.questions import SCOPES, ByScope
from reportgen.statistics.comparison import Difference, Values, compare_family
from reportgen.statistics.sparsity import kept_units, zero_share
from reportgen.statistics.total_error import summarize
from reportgen.statistics.tuning import find_share
from reportgen.training.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class MatchedPenalty:
    """One penalty at the λ where a share of its weights is zero, on one draw."""

    share: float
    label: str
    strength: float
    live: float
    """Mean number of hidden units with an incoming and an outgoing weight."""
    error: dict[str, float]
    """From `summarize`."""


@dataclass(frozen=True)
class Matched:
    """Penalties matched at those shares of zeros that all of them pass within the grid."""

    penalties: list[MatchedPenalty]
    errors: dict[str, dict[str, Values]]
    """Total errors [runs] by scope and by kind and share, as "l1 50%"."""
    pairs: list[tuple[str, str]]
    """The names in `errors` to compare: those of one share."""
    freed: dict[str, Difference]
    """By share: the units that the last of the kinds keeps alive, minus those of the first."""


def match_shares(
    ended: Mapping[str, Mapping[str, list[list[Trajectory]]]],
    errors: ByScope,
    grid: Sequence[float],
    titles: Mapping[str, str],
    shares: Sequence[float],
    rule: Comparison,
) -> Matched:
    """Interpolate runs [strengths][runs], by scope and kind, between strengths of `grid`; `titles` has the kinds."""
    zeros = {s: {k: np.array(list(map(mean_zeros, by[k]))) for k in titles} for s, by in ended.items()}
    live = {k: np.array([list(map(_live_units, ts)) for ts in ended["one"][k]]) for k in titles}
    penalties: list[MatchedPenalty] = []
    interpolated: dict[str, dict[str, Values]] = {scope: {} for scope in SCOPES}
    pairs: list[tuple[str, str]] = []
    alive: dict[str, list[Values]] = {}
    for share in shares:
        places = {(s, k): find_share(by[k], share) for s, by in zeros.items() for k in titles}
        found = {key: place for key, place in places.items() if place}
        if len(found) < len(places):
            continue
        for (scope, kind), place in found.items():
            interpolated[scope][f"{kind} {share:.0%}"] = place.interpolate(errors[scope][kind])
        pairs += itertools.combinations([f"{kind} {share:.0%}" for kind in titles], 2)
        alive[f"{share:.0%}"] = units = [found["one", kind].interpolate(live[kind]) for kind in titles]
        penalties += [
            MatchedPenalty(
                share=share,
                label=titles[kind],
                strength=found["one", kind].strength(grid),
                live=mean(own[np.isfinite(own)].tolist()),
                error=summarize(interpolated["one"][f"{kind} {share:.0%}"]),
            )
            for kind, own in zip(titles, units, strict=True)
        ]
    # A count of units needs no margin.
    freed = compare_family([(units[-1], units[0]) for units in alive.values()], 0.0, rule)
    return Matched(penalties, interpolated, pairs, dict(zip(alive, freed, strict=True)))


def mean_zeros(trajectories: Iterable[Trajectory]) -> float:
    """Mean share of weights that end at exactly zero, over runs that came to their end."""
    return mean([zero_share(t.at(-1)[0]) for t in trajectories if t.diverged is None])


def _live_units(t: Trajectory) -> float:
    """Number of hidden units with incoming and outgoing weights; NaN for a run that diverged."""
    return float(sum(kept.sum() for kept in kept_units(t.at(-1)[0]))) if t.diverged is None else math.nan
