"""Rates of events, such as collapses: exact intervals and tests of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

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
    verdict: RateVerdict = "undecided"
    if p <= 1 - rule.confidence:
        verdict = "more often" if only_first > only_second else "less often"
    first_low, first_high = rate_interval(int(first.sum()), len(first), rule.confidence)
    second_low, second_high = rate_interval(int(second.sum()), len(second), rule.confidence)
    return RateDifference(
        first=int(first.sum()),
        first_count=len(first),
        second=int(second.sum()),
        second_count=len(second),
        first_low=first_low,
        first_high=first_high,
        second_low=second_low,
        second_high=second_high,
        p=p,
        verdict=verdict,
    )
