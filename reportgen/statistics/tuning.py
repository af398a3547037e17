"""Choosing a strength: by the least cross-validated error, by the one-standard-error rule, or to match a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reportgen.statistics.comparison import Values


class Choice(NamedTuple):
    """Places in a rising list of strengths."""

    least: int
    """Where the mean over folds is least."""
    simplest: int
    """The largest strength whose mean is within one standard error of that."""
    means: Values
    errors: Values
    """Standard errors of the means over folds."""


def choose(scores: Values) -> Choice:
    """The choice that errors [strengths, folds] lead to; a strength of which a fold diverged is not chosen.

    References:
        Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, second edition, section 7.10.
    """
    folds = scores.shape[1]
    means = scores.mean(axis=1)
    errors = scores.std(axis=1, ddof=1) / np.sqrt(folds) if folds > 1 else np.zeros(len(scores))
    usable = np.where(np.isfinite(means), means, np.inf)
    least = int(usable.argmin())
    if not np.isfinite(usable[least]):
        return Choice(0, 0, means, errors)
    simplest = int(np.flatnonzero(usable <= means[least] + errors[least]).max())
    return Choice(least, simplest, means, errors)


class GridPosition(NamedTuple):
    """Between two neighbors of a list of strengths: so far on the way from number `below` to the next."""

    below: int
    way: float

    def of(self, values: Values) -> Values:
        """`values` [strengths, ...] there, on a straight line between neighbors."""
        there: Values = (1 - self.way) * values[self.below] + self.way * values[self.below + 1]
        return there

    def strength(self, strengths: Sequence[float]) -> float:
        """The strength there; a straight line in its logarithm."""
        return float(np.exp(self.of(np.log(strengths))))


def where_share(shares: Values, target: float) -> GridPosition | None:
    """Where `shares` [strengths] first rise to `target`; None if they begin above it or never get there."""
    for i in range(len(shares) - 1):
        if shares[i] <= target <= shares[i + 1] and shares[i] < shares[i + 1]:
            return GridPosition(i, float((target - shares[i]) / (shares[i + 1] - shares[i])))
    return None
