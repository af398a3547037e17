"""What thousands of runs in each cell of a grid say: how a cell ended, where it is best, and what a share follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen.statistics.comparison import Values


def told(values: Mapping[str, Any]) -> dict[str, float]:
    """The runs of a cell in numbers, from `SweepResult.values`; quartiles over all runs, means over those that ended.

    A run that diverged counts as worse than any other, so a cell in which most did has no median.
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
    """A quantile of values of which those that are not finite count as largest; infinite if it is one of these."""
    ordered = np.where(np.isfinite(values), values, np.inf).astype(np.float64)
    return float(np.quantile(ordered, share, method="inverted_cdf"))


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else float("nan")


def rank_correlation(x: Any, y: Any) -> float:
    """Spearman's rank correlation; NaN where one of the two is the same everywhere."""
    a, b = _ranks(np.asarray(x, np.float64)), _ranks(np.asarray(y, np.float64))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else float("nan")


def _ranks(values: Values) -> Values:
    """Places in rising order; equal values share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[which], np.float64)
