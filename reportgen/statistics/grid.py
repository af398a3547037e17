"""Summaries of the cells of a sweep, of which each holds thousands of runs, and rank correlations between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.statistics.comparison import Values


@dataclass(frozen=True)
class CellSummary:
    """Statistics of the runs of a cell.

    Quartiles are over all runs, means over those that ended. A run that diverged counts as worse than any other, so
    the median of a cell in which most runs diverged is infinite.
    """

    strength: float
    learning_rate: float
    product: float
    """η·λ."""
    error: float
    """Median of the total test error; `q1` and `q3` are its quartiles."""
    q1: float
    q3: float
    train: float
    """Median of the training loss."""
    zero: float
    dead: float
    size: float
    """Means of the share of zeros, of the share of weights within η·λ of zero, and of Σ|w|."""
    diverged: float
    """Share of the runs that diverged."""


def summarize_cell(strength: float, learning_rate: float, values: Mapping[str, Any]) -> CellSummary:
    """Statistics of the runs of a cell, from `SweepResult.values`."""
    ended = np.asarray(values["diverged"]) < 0
    q1, error, q3 = (quantile(values["test"], share) for share in (0.25, 0.5, 0.75))
    zero, dead, size = (_mean(np.asarray(values[name], np.float64)[ended]) for name in ("zero", "dead", "size"))
    return CellSummary(
        strength=strength,
        learning_rate=learning_rate,
        product=strength * learning_rate,
        error=error,
        q1=q1,
        q3=q3,
        train=quantile(values["train"], 0.5),
        zero=zero,
        dead=dead,
        size=size,
        diverged=float(np.mean(~ended)),
    )


def index_of_least(values: Sequence[float], places: Iterable[int]) -> int | None:
    """The place, among `places`, of the smallest value; None if no value there is finite."""
    return min((i for i in places if math.isfinite(values[i])), key=lambda i: values[i], default=None)


def cells_beside(place: int, shape: tuple[int, int]) -> list[int]:
    """The places one step away from `place` in a grid of this shape, whose cells are numbered row by row."""
    row, column = divmod(place, shape[1])
    steps = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [i * shape[1] + j for i, j in steps if 0 <= i < shape[0] and 0 <= j < shape[1]]


def is_at_edge(place: tuple[int, int], shape: tuple[int, int], *, has_zero: bool) -> bool:
    """True if a wider grid would have more neighbors of `place`; a row of strength zero has none below it."""
    edges = ({shape[0] - 1} | (set() if has_zero else {0}), {0, shape[1] - 1})
    return any(i in edge for i, edge in zip(place, edges, strict=True))


def quantile(values: Any, share: float) -> float:
    """A quantile of values; those that are not finite count as infinite."""
    ordered = np.where(np.isfinite(values), values, np.inf).astype(np.float64)
    return float(np.quantile(ordered, share, method="inverted_cdf"))


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else float("nan")


def rank_correlation(x: Any, y: Any) -> float:
    """Spearman's rank correlation; NaN if `x` or `y` is constant."""
    a, b = _ranks(np.asarray(x, np.float64)), _ranks(np.asarray(y, np.float64))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else float("nan")


@dataclass(frozen=True)
class Correlations:
    """Rank correlations of the sparsity of cells with their settings."""

    cells: int
    left: float
    """The cells are those with more than this share of the weights left."""
    product: float
    strength: float
    learning_rate: float


def correlations(
    counted: Sequence[tuple[CellSummary, float]], left: float = 0.1, fewest: int = 6
) -> Correlations | None:
    """Rank correlations of the sparsity of cells, each given with its share of zeros; None for too few cells.

    Cells with nearly no weights left are not used: their sparsity cannot depend on anything.
    """
    used = [(cell, share) for cell, share in counted if share < 1 - left]
    if len(used) < fewest:
        return None
    settings = zip(*((cell.product, cell.strength, cell.learning_rate) for cell, _ in used), strict=True)
    found = [rank_correlation(values, [share for _, share in used]) for values in settings]
    return Correlations(len(used), left, *found) if all(map(math.isfinite, found)) else None


def _ranks(values: Values) -> Values:
    """Ranks in ascending order; equal values share the mean of their ranks."""
    _, indices, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[indices], np.float64)
