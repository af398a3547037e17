"""Paired comparisons: how much one arm differs from another, and whether that is known well enough to say so.

Runs are paired by their (data, order, initial weights) triple. Intervals come from a bootstrap that resamples triples,
the same ones in both arms.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Verdict = Literal["better", "worse", "practically equal", "undecided"]


@dataclass(frozen=True)
class Difference:
    """`first` minus `second`, for values of which smaller is better."""

    estimate: float
    """Mean of the paired differences."""
    low: float
    high: float
    """Percentile bootstrap interval of that mean."""
    superiority: float
    """Share of pairs in which the first is smaller, ties counted half."""
    pairs: int
    p: float
    """Twice the share of resamples that fall short of the region's nearer edge, which is never less than the chance
    that all pairs have one sign; what Holm's correction sorts by."""
    verdict: Verdict
    """What the interval says of the first arm, against the region of practical equivalence, if pairs are enough."""
    pairs_needed: int | None
    """For an undecided comparison: about how many pairs would shrink the interval enough to decide it.

    None where no number would: the estimate lies on the very edge of the region.
    """


def compare(
    first: Values, second: Values, equivalence: float, confidence: float, resamples: int, seed: int
) -> Difference:
    """Compare paired values [pairs]; pairs with a value that is not finite are left out.

    References:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
    """
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    difference = difference[np.isfinite(difference)]
    if not len(difference):
        return Difference(math.nan, math.nan, math.nan, math.nan, 0, 1.0, "undecided", None)
    rows = np.random.default_rng([seed, 6]).integers(0, len(difference), (resamples, len(difference)))
    means = difference[rows].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    estimate = float(difference.mean())
    enough = len(difference) >= _fewest(1 - confidence)
    verdict = _verdict(float(low), float(high), equivalence) if enough else "undecided"
    # One more resample than drawn, so that no p is zero.
    short = (1 + min(np.sum(means >= -equivalence), np.sum(means <= equivalence))) / (1 + resamples)
    return Difference(
        estimate=estimate,
        low=float(low),
        high=float(high),
        superiority=float(np.mean(difference < 0) + np.mean(difference == 0) / 2),
        pairs=len(difference),
        p=min(2 * max(short, 0.5 ** len(difference)), 1.0),
        verdict=verdict,
        pairs_needed=_needed(estimate, float(high - low) / 2, len(difference), equivalence, 1 - confidence)
        if verdict == "undecided"
        else None,
    )


def holm(differences: Sequence[Difference], equivalence: float, confidence: float) -> list[Difference]:
    """The same comparisons as one family: "better" and "worse" that do not survive Holm's correction are undecided.

    References:
        Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.
    """
    kept = list(differences)
    order = sorted(range(len(kept)), key=lambda i: kept[i].p)
    rejecting = True
    for rank, i in enumerate(order):
        rejecting = rejecting and kept[i].p <= (1 - confidence) / (len(kept) - rank)
        if not rejecting and kept[i].verdict in ("better", "worse"):
            # The interval that would have to clear the edge is that of the corrected level, wider by this factor.
            level = (1 - confidence) / (len(kept) - rank)
            wider = _quantile(level) / _quantile(1 - confidence)
            half_width = (kept[i].high - kept[i].low) / 2 * wider
            needed = _needed(kept[i].estimate, half_width, kept[i].pairs, equivalence, level)
            kept[i] = dataclasses.replace(kept[i], verdict="undecided", pairs_needed=needed)
    return kept


def _quantile(level: float) -> float:
    """The two-sided quantile of the normal distribution."""
    return NormalDist().inv_cdf(1 - level / 2)


def _verdict(low: float, high: float, equivalence: float) -> Verdict:
    if high < -equivalence:
        return "better"
    if low > equivalence:
        return "worse"
    return "practically equal" if -equivalence <= low and high <= equivalence else "undecided"


def _fewest(level: float) -> int:
    """Pairs below which nothing can be decided: by chance alone all of them have one sign more often than `level`.

    The bootstrap does not know this: resamples of a single pair all agree.
    """
    return math.ceil(math.log2(2 / level))


def _needed(estimate: float, half_width: float, pairs: int, equivalence: float, level: float) -> int | None:
    """Half-widths shrink with the root of the number of pairs; it has to become smaller than the way to the edge."""
    way = abs(abs(estimate) - equivalence)
    if way == 0:
        return None
    needed = max(pairs * (half_width / way) ** 2, pairs + 1, _fewest(level))
    # Two digits: nobody should take it for more than it is.
    unit: int = 10 ** max(math.floor(math.log10(needed)) - 1, 0)
    return math.ceil(needed / unit) * unit


def interquartile_mean(values: Values) -> float:
    """Mean of the middle half: as robust as the median, and less jumpy."""
    ordered = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
