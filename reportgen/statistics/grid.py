"""Summaries of the cells of a sweep, of which each holds thousands of runs, and rank correlations between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen.statistics.comparison import Values


def summarize_cell(values: Mapping[str, Any]) -> dict[str, float]:
    """Statistics of the runs of a cell, from `SweepResult.values`.

    Quartiles are over all runs, means over those that ended. A run that diverged counts as worse than any other, so
    a cell in which most runs diverged has no median.
    """
    ended = np.asarray(values["diverged"]) < 0
    q1, error, q3 = (quantile(values["test"], share) for share in (0.25, 0.5, 0.75))
    return {
        "error": error,
        "q1": q1,
        "q3": q3,
        "train": quantile(values["train"], 0.5),
        **{name: _mean(np.asarray(values[name], np.float64)[ended]) for name in ("zero", "dead", "size")},
        "diverged": float(np.mean(~ended)),
    }


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


def _ranks(values: Values) -> Values:
    """Ranks in ascending order; equal values share the mean of their ranks."""
    _, indices, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[indices], np.float64)
