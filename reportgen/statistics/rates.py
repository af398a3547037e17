"""Rates of events, such as collapses: exact intervals and tests of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, fisher_exact

from reportgen.experiment import Comparison

RateVerdict = Literal["more often", "less often", "undecided"]


@dataclass(frozen=True)
class RateDifference:
    """How often an event happened in two groups of runs, and whether the first has it more or less often."""

    first: int
    first_count: int
    second: int
    second_count: int
    first_low: float
    first_high: float
    second_low: float
    second_high: float
    """Exact intervals of each rate."""
    p: float
    """Two-sided p of the exact test."""
    verdict: RateVerdict
    """"undecided" unless p is at most one minus the confidence of the rule."""


def rate_interval(events: int, count: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a rate: (0, 1) of no runs, and 0 is its lower end if there was no event.

    References:
        Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934.
    """
    if not count:
        return 0.0, 1.0
    found = binomtest(int(events), int(count)).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def compare_rates(first: NDArray[np.bool_], second: NDArray[np.bool_], rule: Comparison) -> RateDifference:
    """Compare the rates of an event in paired runs [pairs] by McNemar's exact test: only pairs that differ count.

    References:
        McNemar, Note on the Sampling Error of the Difference between Correlated Proportions, Psychometrika 1947.
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    p = float(binomtest(only_first, only_first + only_second).pvalue) if only_first + only_second else 1.0
    return _rate_difference(int(first.sum()), len(first), int(second.sum()), len(second), p, rule)


def compare_counts(first: int, first_count: int, second: int, second_count: int, rule: Comparison) -> RateDifference:
    """Compare the rates of an event in two independent groups of runs by Fisher's exact test.

    References:
        Fisher, The Logic of Inductive Inference, Journal of the Royal Statistical Society 1935.
    """
    table = [[first, first_count - first], [second, second_count - second]]
    return _rate_difference(first, first_count, second, second_count, float(fisher_exact(table)[1]), rule)


def _rate_difference(
    first: int, first_count: int, second: int, second_count: int, p: float, rule: Comparison
) -> RateDifference:
    verdict: RateVerdict = "undecided"
    if p <= 1 - rule.confidence:
        verdict = "more often" if first * second_count > second * first_count else "less often"
    first_low, first_high = rate_interval(first, first_count, rule.confidence)
    second_low, second_high = rate_interval(second, second_count, rule.confidence)
    return RateDifference(
        first=first,
        first_count=first_count,
        second=second,
        second_count=second_count,
        first_low=first_low,
        first_high=first_high,
        second_low=second_low,
        second_high=second_high,
        p=p,
        verdict=verdict,
    )
