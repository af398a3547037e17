"""Which of two penalties makes networks collapse at a smaller strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Comparison
from reportgen.statistics.rates import RateDifference, compare_rates


@dataclass(frozen=True, kw_only=True)
class CollapseOrder:
    """In how many pairs of runs the first collapses at a smaller strength, the second, both at the same, or neither."""

    rates: RateDifference
    same: int
    neither: int


def collapse_indices(collapsed: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each run of `collapsed` [strengths, runs], the index of the strength from which on it is collapsed.

    The number of strengths if it never is.
    """
    return np.array([np.flatnonzero(np.r_[True, ~run])[-1] for run in collapsed.T])


def compare_collapses(first: NDArray[np.bool_], second: NDArray[np.bool_], rule: Comparison) -> CollapseOrder:
    """Compare the strengths from which on paired runs are collapsed, [strengths, runs] each."""
    one, other = collapse_indices(first), collapse_indices(second)
    neither = np.minimum(one, other) == len(first)
    return CollapseOrder(
        rates=compare_rates(one < other, other < one, rule),
        same=int(np.sum((one == other) & ~neither)),
        neither=int(neither.sum()),
    )
