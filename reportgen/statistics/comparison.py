"""Paired comparisons: how much one arm differs from another, with an interval and a verdict.

Runs are paired by their (data, order, initial weights) triple. The interval of a mean difference is the hull of two:
Student's t, which holds for symmetric differences, and the studentized bootstrap, which holds better for skewed ones.
Several comparisons are decided together by a step-down over resamples of triples that they share.

A mean says nothing about rare events that have not happened yet. So a collapse is an event with a rate of its own
(`rates`), and only runs that did not collapse belong here.

References:
    Hall, The Bootstrap and Edgeworth Expansion, 1992, chapter 3 (the studentized bootstrap).
    Romano and Wolf, Exact and Approximate Stepdown Methods for Multiple Hypothesis Testing, JASA 2005.
    Schuirmann, A Comparison of the Two One-Sided Tests Procedure and the Power Approach, 1987 (equivalence).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

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
    """Interval of that mean, of this comparison alone. An end is infinite where so few pairs differ that they leave it
    open."""
    superiority: float
    """Share of pairs in which the first is smaller, ties counted half."""
    superiority_low: float
    superiority_high: float
    """Wilson's interval of that share."""
    pairs: int
    p: float
    """The smallest error level, of all comparisons of the family together, at which this one is decided."""
    verdict: Verdict
    """Where the interval that holds for the whole family lies against the region of practical equivalence."""
    reason: Reason | None
    """Why an undecided verdict is undecided: too few pairs to decide anything; too few pairs that differ ("ties"); the
    interval would do, but not for the whole family, or not with so few pairs, which may hide a tail ("skew"); the
    interval reaches across an edge of the region ("noise"); or the verdict changes with rounding."""
    pairs_needed: int | None
    """For an undecided comparison: the pairs with which this rule would decide it in four of five experiments, if the
    mean and the spread are as they were found. None if no practical number would."""


def swapped(difference: Difference) -> Difference:
    """The same comparison as `second` minus `first`."""
    d = difference
    mirrored: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}
    return dataclasses.replace(
        d,
        estimate=-d.estimate,
        low=-d.high,
        high=-d.low,
        superiority=1 - d.superiority,
        superiority_low=1 - d.superiority_high,
        superiority_high=1 - d.superiority_low,
        verdict=mirrored.get(d.verdict, d.verdict),
    )


def compare(first: Values, second: Values, margin: float, rule: Comparison) -> Difference:
    """Compare paired values [pairs]; pairs with a value that is not finite are left out."""
    return compare_family([(first, second)], margin, rule)[0]


def compare_family(comparisons: Sequence[tuple[Values, Values]], margin: float, rule: Comparison) -> list[Difference]:
    """Compare several pairs of arms as one family: all verdicts together are wrong at most as often as one alone.

    Differences of at most `margin` count as practically equal. Measured on planted truths, for normal, t3, exponential
    and lognormal differences and for 70 % ties, at 6, 10 and 30 pairs: docs/reliability.md.
    """
    samples = [_Sample.from_pairs(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in comparisons]
    studentized = _studentized(samples, rule)
    verdicts, critical, p = _step_down(samples, studentized, margin, rule)
    return [
        _difference(sample, studentized.extremes(i), verdicts[i], critical[i], p[i], margin, rule)
        for i, sample in enumerate(samples)
    ]


POWER = 0.8
"""The probability of a verdict that `Difference.pairs_needed` stands for."""

_MANY_PAIRS = 100
"""From so many pairs on, a verdict may err as often as an interval.

With fewer, a sample of skewed differences often lacks the tail that makes up its mean: of 10 lognormal ones, the
interval of 95 % lies below the mean in 9 % of all samples. Therefore a verdict of n pairs uses n / 100 of the error
level, but a sixth at least, which keeps false verdicts below 5 % for each distribution of `compare_family`.
"""
_LEAST_SHARE = 1 / 6

_SKEWED, _SKEWED_PAIRS, _SKEWED_SHARE = 0.75, 20, 0.6
"""With fewer than so many pairs of at least this skewness, the interval takes the bootstrap at this share of the error
level. Without it, 10 lognormal differences cover their mean in 91 % of all samples instead of 92 %."""

_TIED = 9
"""The fewest pairs that say anything if all of them are equal: they exclude that three of ten pairs differ."""
_DIFFERING = 3
"""The fewest pairs that must differ from the others, unless all are equal."""

_BOOTSTRAPPED = 5
"""The interval of fewer pairs is Student's: too many resamples of them draw one pair only. No verdict rests on it."""

_MOST_NEEDED = 100_000
"""The most pairs that `Difference.pairs_needed` names."""


class _Sample(NamedTuple):
    """The finite differences of one comparison."""

    values: Values
    """[pairs]"""
    finite: NDArray[np.bool_]
    """Which pairs of all they are."""
    mean: float
    spread: float
    """Standard deviation; 0 of fewer than two pairs."""

    @classmethod
    def from_pairs(cls, first: Values, second: Values) -> _Sample:
        finite = np.isfinite(first - second)
        first, second = first[finite], second[finite]
        kept = first - second
        if largest := max(np.abs(first).max(initial=0.0), np.abs(second).max(initial=0.0)):
            # Differences that only the rounding of their values tells apart are equal.
            grain = 2.0 ** (math.frexp(largest)[1] - 44)
            kept = np.round(kept / grain) * grain
        mean = float(kept.mean()) if len(kept) else math.nan
        spread = float(kept.std(ddof=1)) if len(kept) > 1 and np.ptp(kept) > 0 else 0.0
        return cls(kept, finite, mean, spread)

    @property
    def pairs(self) -> int:
        return len(self.values)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.spread / math.sqrt(self.pairs) if self.pairs else 0.0

    @property
    def tied(self) -> bool:
        """True if too few pairs differ from the others to show how large differences are."""
        if not self.spread:
            return self.pairs < _TIED
        same = int(np.unique(self.values, return_counts=True)[1].max())
        return same > 1 and self.pairs - same < _DIFFERING


class _Studentized(NamedTuple):
    """Deviations of means in units of their standard errors, as they come by chance: [comparisons, resamples] each."""

    resampled: Values
    """By the bootstrap: infinite where all drawn differences are equal."""
    normal: Values
    """As normal differences with the same correlations would have them; of one comparison alone, nothing is drawn."""
    pairs: NDArray[np.intp]
    """[comparisons]"""

    def extremes(self, *indices: int) -> _Extremes:
        """Of these comparisons together."""
        chosen = list(indices)
        resampled, alone = self.resampled[chosen], len(chosen) == 1
        normal = None if alone else self.normal[chosen].max(axis=0)
        return _Extremes(-resampled.min(axis=0), resampled.max(axis=0), normal, int(self.pairs[chosen].min()))


class _Extremes(NamedTuple):
    """The largest deviations of some comparisons together, in each resample."""

    low: Values
    """How far the lowest mean is too low, [resamples]."""
    high: Values
    normal: Values | None
    """As normal differences would have it; None for a single comparison, which has Student's distribution."""
    pairs: int

    def limits(self, tail: float, share: float = 1.0) -> _Critical:
        """How far no mean of these is too low and none too high, each but for a share `tail`.

        The bootstrap is taken at `share` of `tail`.
        """
        if self.normal is None:
            student = -float(stdtrit(self.pairs - 1, tail))
        else:
            student = float(np.quantile(self.normal, 1 - tail, method="inverted_cdf"))
        low, high = (
            float(np.quantile(extreme, 1 - tail * share, method="inverted_cdf")) for extreme in (self.low, self.high)
        )
        return _Critical(max(low, student), max(high, student), student, tail)

    def exceeded(self, low: float, high: float) -> float:
        """The larger of the probabilities that some mean is as far below as `low`, or as far above as `high`."""
        shares = [
            (1 + float(np.sum(extreme >= limit))) / (1 + len(extreme))
            for extreme, limit in ((self.low, low), (self.high, high))
        ]
        limit = min(low, high)
        if self.normal is None:
            shares.append(float(stdtr(self.pairs - 1, -limit)))
        else:
            shares.append(float(np.mean(self.normal >= limit)))
        return max(shares)


class _Critical(NamedTuple):
    """How many standard errors a mean must lie from an edge: below it, above it, and by Student's t alone.

    The first two are never below the third.
    """

    low: float
    high: float
    student: float
    tail: float


_DRAWN = 4_000_000
"""The most pairs that are drawn at once, which takes a few hundred megabytes."""


def _studentized(samples: Sequence[_Sample], rule: Comparison) -> _Studentized:
    """Comparisons with the same finite pairs share their resamples; others are drawn as if they were independent."""
    resampled = np.zeros((len(samples), rule.resamples))
    normal = np.zeros((len(samples), rule.resamples if len(samples) > 1 else 0))
    patterns = {sample.finite.tobytes(): sample.pairs for sample in samples}
    for number, (pattern, pairs) in enumerate(patterns.items()):
        chosen = [i for i, s in enumerate(samples) if s.finite.tobytes() == pattern and s.spread > 0]
        if not chosen:
            continue
        values = np.stack([(samples[i].values - samples[i].mean) / samples[i].spread for i in chosen])
        start = 0
        for drawn, noise, scale in _draws(pairs, number, rule, with_noise=len(samples) > 1):
            stop = start + drawn.shape[1]
            # Not `@`: a BLAS library rounds by its number of threads, and reports must not.
            means, squares = (np.einsum("cp,pr->cr", v, drawn) for v in (values, values**2))
            variances = (squares - means**2) * pairs / (pairs - 1)
            same = variances <= 1e-14 * (values**2).max(axis=1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                deviations = means * math.sqrt(pairs) / np.sqrt(np.where(same, 0.0, variances))
            resampled[chosen, start:stop] = np.where(same & (np.abs(means) < 1e-7), 0.0, deviations)
            if noise is not None:
                normal[chosen, start:stop] = np.einsum("cp,pr->cr", values, noise) / math.sqrt(pairs - 1) / scale
            start = stop
    return _Studentized(resampled, normal, np.array([sample.pairs for sample in samples]))


def _draws(
    pairs: int, number: int, rule: Comparison, with_noise: bool
) -> Iterator[tuple[Values, Values | None, Values]]:
    """For some resamples at a time: the share of each pair, normal noise for each, [pairs, resamples]; and scales.

    A scale is what the standard deviation of normal noise, estimated from so many pairs, is by chance.
    """
    rng, most = np.random.default_rng([rule.seed, 6, number]), max(_DRAWN // pairs, 1)
    for start in range(0, rule.resamples, most):
        resamples = min(most, rule.resamples - start)
        indices = rng.integers(0, pairs, (resamples, pairs)) + pairs * np.arange(resamples)[:, None]
        shares = np.bincount(indices.ravel(), minlength=resamples * pairs).reshape(resamples, pairs).T / pairs
        noise = rng.standard_normal((pairs, resamples)) if with_noise else None
        yield shares, noise, np.sqrt(rng.chisquare(max(pairs - 1, 1), resamples) / max(pairs - 1, 1))


def _step_down(
    samples: Sequence[_Sample], studentized: _Studentized, margin: float, rule: Comparison
) -> tuple[list[Verdict], list[_Critical], list[float]]:
    """Decide what can be decided, and then again among the rest, which is fewer and so needs less distance."""
    verdicts: list[Verdict] = ["undecided"] * len(samples)
    critical = [_Critical(math.inf, math.inf, math.inf, 0.0)] * len(samples)
    p = [1.0] * len(samples)
    open_ones = [i for i, s in enumerate(samples) if s.pairs >= rule.fewest_pairs and not s.tied]
    least = 0.0
    while open_ones:
        together = studentized.extremes(*open_ones)
        tail = _tail(min(samples[i].pairs for i in open_ones), rule)
        limits = together.limits(tail)
        for i in open_ones:
            critical[i] = limits
            verdicts[i] = _verdict(*_interval(samples[i], limits), margin)
            p[i] = max(least, _error_level(samples[i], together, margin))
        decided = [i for i in open_ones if verdicts[i] != "undecided"]
        if not decided:
            break
        least = max(p[i] for i in decided)
        open_ones = [i for i in open_ones if verdicts[i] == "undecided"]
    return verdicts, critical, p


def _tail(pairs: int, rule: Comparison) -> float:
    """The share of errors on each side that a verdict of so many pairs allows."""
    return (1 - rule.confidence) / 2 * min(max(pairs / _MANY_PAIRS, _LEAST_SHARE), 1.0)


def _error_level(sample: _Sample, together: _Extremes, margin: float) -> float:
    """The two-sided level at which the mean lies outside the region, or inside it, whichever it does."""
    below, above = margin - sample.mean, sample.mean + margin
    if not sample.error:
        return 0.0 if min(abs(below), abs(above)) > 0 else 1.0
    inside = (below / sample.error, above / sample.error)
    if min(inside) >= 0:
        return min(2 * together.exceeded(*inside), 1.0)
    outside = (-inside[1], math.inf) if sample.mean < 0 else (math.inf, -inside[0])
    return min(2 * together.exceeded(*outside), 1.0)


def _interval(sample: _Sample, critical: _Critical) -> tuple[float, float]:
    if not sample.error:
        return sample.mean, sample.mean
    return sample.mean - critical.high * sample.error, sample.mean + critical.low * sample.error


def _difference(
    sample: _Sample,
    alone: _Extremes,
    verdict: Verdict,
    critical: _Critical,
    p: float,
    margin: float,
    rule: Comparison,
) -> Difference:
    pairs, level = sample.pairs, 1 - rule.confidence
    if not pairs:
        low = high = share = share_low = share_high = math.nan
    else:
        low, high = _own_interval(sample, alone, level)
        share = float(np.mean(sample.values < 0) + np.mean(sample.values == 0) / 2)
        share_low, share_high = wilson_interval(share, pairs, level)
    reason = _reason(sample, alone, (low, high), margin, rule) if verdict == "undecided" else None
    return Difference(
        estimate=sample.mean,
        low=low,
        high=high,
        superiority=share,
        superiority_low=share_low,
        superiority_high=share_high,
        pairs=pairs,
        p=p,
        verdict=verdict,
        reason=reason,
        pairs_needed=_pairs_needed(sample, critical, margin, rule) if verdict == "undecided" else None,
    )


def _own_interval(sample: _Sample, alone: _Extremes, level: float) -> tuple[float, float]:
    """The interval of one comparison alone."""
    if not sample.spread:
        return sample.mean, sample.mean
    if sample.tied:
        return -math.inf, math.inf
    if sample.pairs < _BOOTSTRAPPED:
        limit = -float(stdtrit(sample.pairs - 1, level / 2))
        return _interval(sample, _Critical(limit, limit, limit, level / 2))
    skewness = float(np.mean((sample.values - sample.mean) ** 3) / np.mean((sample.values - sample.mean) ** 2) ** 1.5)
    skewed = sample.pairs < _SKEWED_PAIRS and abs(skewness) >= _SKEWED
    return _interval(sample, alone.limits(level / 2, _SKEWED_SHARE if skewed else 1.0))


def _reason(
    sample: _Sample, alone: _Extremes, interval: tuple[float, float], margin: float, rule: Comparison
) -> Reason:
    if sample.pairs < rule.fewest_pairs:
        return "few pairs"
    if sample.tied:
        return "ties"
    if _verdict(*interval, margin) == "undecided":
        return "noise"
    single = _verdict(*_interval(sample, alone.limits(_tail(sample.pairs, rule))), margin)
    return "skew" if single == "undecided" else "family"


def wilson_interval(share: float, pairs: int, level: float) -> tuple[float, float]:
    """Wilson's interval for a share of pairs.

    References:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
    """
    z = NormalDist().inv_cdf(1 - level / 2)
    center = (share + z**2 / (2 * pairs)) / (1 + z**2 / pairs)
    half = z / (1 + z**2 / pairs) * math.sqrt(share * (1 - share) / pairs + (z / (2 * pairs)) ** 2)
    # Exact at the ends, where rounding would leave a little.
    return 0.0 if share == 0 else max(center - half, 0.0), 1.0 if share == 1 else min(center + half, 1.0)


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if high < -margin:
        return "better"
    if low > margin:
        return "worse"
    return "practically equal" if -margin <= low and high <= margin else "undecided"


def _pairs_needed(sample: _Sample, critical: _Critical, margin: float, rule: Comparison) -> int | None:
    """The pairs with which `_step_down` decides with probability `POWER`, given the mean and the spread."""
    fewest = _TIED if sample.pairs > 1 and not sample.spread else rule.fewest_pairs
    if not sample.spread:
        return max(fewest, sample.pairs + 1) if abs(abs(sample.mean) - margin) > 0 else None  # NaN: no pair at all
    start = max(fewest, sample.pairs + 1)
    if _power(sample, critical, start, margin, rule) >= POWER:
        return start
    if _power(sample, critical, _MOST_NEEDED, margin, rule) < POWER:
        return None
    low, high = start, _MOST_NEEDED
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(sample, critical, middle, margin, rule) >= POWER else (middle, high)
    # Two digits, since it is a rough estimate.
    unit: int = 10 ** max(math.floor(math.log10(high)) - 1, 0)
    return math.ceil(high / unit) * unit


def _power(sample: _Sample, critical: _Critical, pairs: int, margin: float, rule: Comparison) -> float:
    """The probability of a verdict with so many pairs.

    The rule asks for more than Student's t does: by a family as if it divided the error level by some number, which
    stays; by the bootstrap in proportion to 1 / pairs.
    """
    tail = _tail(pairs, rule)
    if math.isfinite(critical.student):
        members = critical.tail / float(stdtr(sample.pairs - 1, -critical.student))
        wider = [min(c / critical.student, 3.0) - 1 for c in (critical.low, critical.high)]
    else:
        members, wider = 1.0, [0.0, 0.0]
    student = -float(stdtrit(pairs - 1, tail / members))
    low, high = (student * (1 + w * sample.pairs / pairs) for w in wider)
    error = sample.spread / math.sqrt(pairs)
    distribution = NormalDist()
    if abs(sample.mean) > margin:
        return distribution.cdf((abs(sample.mean) - margin) / error - (low if sample.mean < 0 else high))
    inside = [((margin - sample.mean) / error, low), ((margin + sample.mean) / error, high)]
    return max(sum(distribution.cdf(distance - limit) for distance, limit in inside) - 1, 0.0)


def interquartile_mean(values: Values) -> float:
    """Mean of the middle half of the values: as robust as the median, with less variance."""
    ordered = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
