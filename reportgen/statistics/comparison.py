"""Paired comparisons: how much one arm differs from another, with an interval and a verdict.

Runs are paired by their (data, order, initial weights) triple. Intervals come from a bootstrap that resamples triples,
the same ones in both arms and in every comparison of a family.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from reportgen.experiment import Comparison

Values = NDArray[np.float64]
Verdict = Literal["better", "worse", "practically equal", "undecided"]
Reason = Literal["few pairs", "ties", "family", "skew", "noise", "rounding"]


@dataclass(frozen=True)
class Difference:
    """`first` minus `second`, for values of which smaller is better."""

    estimate: float
    """Mean of the paired differences."""
    low: float
    high: float
    """Bootstrap interval of that mean."""
    superiority: float
    """Share of pairs in which the first is smaller, ties counted half."""
    superiority_low: float
    superiority_high: float
    """Wilson's interval of that share."""
    pairs: int
    p: float
    """Twice the share of resamples on the near side of the region's nearer edge, but at least the probability that all
    pairs have one sign by chance; Holm's correction sorts by it."""
    verdict: Verdict
    """How the interval lies against the region of practical equivalence; undecided if pairs are too few."""
    reason: Reason | None
    """Why an undecided verdict is undecided."""
    pairs_needed: int | None
    """For an undecided comparison: about how many pairs would shrink the interval enough to decide it.

    None if no number would: the estimate lies on the edge of the region.
    """


_UNKNOWN = Difference(
    estimate=math.nan,
    low=math.nan,
    high=math.nan,
    superiority=math.nan,
    superiority_low=math.nan,
    superiority_high=math.nan,
    pairs=0,
    p=1.0,
    verdict="undecided",
    reason="few pairs",
    pairs_needed=None,
)


def compare(first: Values, second: Values, margin: float, rule: Comparison) -> Difference:
    """Compare paired values [pairs]; pairs with a value that is not finite are left out."""
    return compare_family([(first, second)], margin, rule)[0]


def compare_family(comparisons: Sequence[tuple[Values, Values]], margin: float, rule: Comparison) -> list[Difference]:
    """Compare several pairs of arms as one family, each as `compare` does.

    Holm's correction over the family turns "better" and "worse" that do not survive it into "undecided".

    References:
        Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.
    """
    differences = [np.asarray(first, np.float64) - np.asarray(second, np.float64) for first, second in comparisons]
    return _correct_by_holm(_compare_all(differences, margin, rule), margin, rule)


def _compare_all(differences: Sequence[Values], margin: float, rule: Comparison) -> list[Difference]:
    """Compare all at once: comparisons with the same finite pairs are one product of values and resampled shares."""
    kept = [np.isfinite(difference) for difference in differences]
    compared: dict[int, Difference] = {}
    for pattern in {tuple(finite) for finite in kept}:
        indices = [i for i, finite in enumerate(kept) if tuple(finite) == pattern]
        values = np.stack([differences[i][np.array(pattern, bool)] for i in indices])
        if values.shape[1]:
            # Not `@`: a BLAS library rounds by its number of threads, and reports must not.
            parts = [np.einsum("cp,pr->cr", values, drawn) for drawn in _resampled_shares(values.shape[1], rule)]
            means = np.concatenate(parts, axis=1)
            compared |= zip(
                indices, map(_difference, values, means, [margin] * len(indices), [rule] * len(indices)), strict=True
            )
        else:
            compared |= dict.fromkeys(indices, _UNKNOWN)
    return [compared[i] for i in range(len(differences))]


_DRAWN = 4_000_000
"""The most pairs that are drawn at once, which takes a few hundred megabytes."""


def _resampled_shares(pairs: int, rule: Comparison) -> Iterator[Values]:
    """The share [pairs, resamples] that each pair has in each resample; fewer resamples at a time if pairs are many."""
    rng, most = np.random.default_rng([rule.seed, 6]), max(_DRAWN // pairs, 1)
    for start in range(0, rule.resamples, most):
        resamples = min(most, rule.resamples - start)
        rows = rng.integers(0, pairs, (resamples, pairs))
        indices = rows + pairs * np.arange(resamples)[:, None]
        yield np.bincount(indices.ravel(), minlength=resamples * pairs).reshape(resamples, pairs).T / pairs


def _difference(difference: Values, means: Values, margin: float, rule: Comparison) -> Difference:
    pairs, level = len(difference), 1 - rule.confidence
    tail = widened_level(level, pairs) / 2
    low, high = map(float, np.quantile(means, [tail, 1 - tail]))
    estimate = float(difference.mean())
    verdict = _verdict(low, high, margin) if pairs >= _fewest_pairs(level) else "undecided"
    share = float(np.mean(difference < 0) + np.mean(difference == 0) / 2)
    # One more resample than drawn, so that no p is zero.
    short = (1 + min(np.sum(means >= -margin), np.sum(means <= margin))) / (1 + rule.resamples)
    share_low, share_high = wilson_interval(share, pairs, level)
    return Difference(
        estimate=estimate,
        low=low,
        high=high,
        superiority=share,
        superiority_low=share_low,
        superiority_high=share_high,
        pairs=pairs,
        p=min(2 * max(float(_probability(short, pairs)), 0.5**pairs), 1.0),
        verdict=verdict,
        reason=None if verdict != "undecided" else "few pairs" if pairs < _fewest_pairs(level) else "noise",
        pairs_needed=_pairs_needed(estimate, (high - low) / 2, pairs, margin, level)
        if verdict == "undecided"
        else None,
    )


def widened_level(level: float, pairs: int) -> float:
    """The level for a percentile interval of few pairs so that it misses no more often than `level`.

    A bootstrap of n values is too narrow by √((n − 1) / n), and takes normal quantiles where Student's are due.

    References:
        Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 2015, section 5.3.
    """
    if pairs < 2:
        return level
    return float(2 * ndtr(math.sqrt(pairs / (pairs - 1)) * stdtrit(pairs - 1, level / 2)))


def _probability(share: float, pairs: int) -> float:
    """The probability that a share of resamples stands for: the level that `widened_level` turns into `share`."""
    if pairs < 2 or share >= 0.5:
        return share
    return float(stdtr(pairs - 1, ndtri(share) / math.sqrt(pairs / (pairs - 1))))


def _correct_by_holm(differences: Sequence[Difference], margin: float, rule: Comparison) -> list[Difference]:
    kept = list(differences)
    order = sorted(range(len(kept)), key=lambda i: kept[i].p)
    rejecting = True
    for rank, i in enumerate(order):
        level = (1 - rule.confidence) / (len(kept) - rank)
        rejecting = rejecting and kept[i].p <= level
        if not rejecting and kept[i].verdict in ("better", "worse"):
            # The interval that has to clear the edge is that of the corrected level, wider by this factor.
            wider = _quantile(level) / _quantile(1 - rule.confidence)
            half_width = (kept[i].high - kept[i].low) / 2 * wider
            needed = _pairs_needed(kept[i].estimate, half_width, kept[i].pairs, margin, level)
            kept[i] = dataclasses.replace(kept[i], verdict="undecided", reason="family", pairs_needed=needed)
    return kept


def wilson_interval(share: float, pairs: int, level: float) -> tuple[float, float]:
    """Wilson's interval for a share of pairs.

    References:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
    """
    z = _quantile(level)
    center = (share + z**2 / (2 * pairs)) / (1 + z**2 / pairs)
    half = z / (1 + z**2 / pairs) * math.sqrt(share * (1 - share) / pairs + (z / (2 * pairs)) ** 2)
    return max(center - half, 0.0), min(center + half, 1.0)


def _quantile(level: float) -> float:
    """The two-sided quantile of the normal distribution."""
    return NormalDist().inv_cdf(1 - level / 2)


def _verdict(low: float, high: float, equivalence: float) -> Verdict:
    if high < -equivalence:
        return "better"
    if low > equivalence:
        return "worse"
    return "practically equal" if -equivalence <= low and high <= equivalence else "undecided"


def fewest_pairs(rule: Comparison) -> int:
    """The fewest pairs of runs by which a comparison can be decided."""
    return _fewest_pairs(1 - rule.confidence)


def _fewest_pairs(level: float) -> int:
    """The fewest pairs that can decide anything: all of fewer pairs have one sign by chance more often than `level`.

    The bootstrap cannot detect this: resamples of a single pair all agree.
    """
    return math.ceil(math.log2(2 / level))


def _pairs_needed(estimate: float, half_width: float, pairs: int, equivalence: float, level: float) -> int | None:
    """The number of pairs at which the half-width, which shrinks with its root, is below the distance to the edge."""
    distance = abs(abs(estimate) - equivalence)
    if distance == 0:
        return None
    needed = max(pairs * (half_width / distance) ** 2, pairs + 1, _fewest_pairs(level))
    # Two digits, since it is a rough estimate.
    unit: int = 10 ** max(math.floor(math.log10(needed)) - 1, 0)
    return math.ceil(needed / unit) * unit


def interquartile_mean(values: Values) -> float:
    """Mean of the middle half of the values: as robust as the median, with less variance."""
    ordered = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
