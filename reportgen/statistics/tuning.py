"""Choice of a strength: by the least cross-validated error, by the one-standard-error rule, or to match a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reportgen.statistics.comparison import Values

Rule = Literal["least", "simplest"]
"""A field of `Choice`."""


class Choice(NamedTuple):
    """Chosen strengths as indices of an ascending list, and the numbers behind the choice."""

    least: int
    """Index of the least mean over folds."""
    simplest: int
    """Index of the largest strength whose mean is within one standard error of the least."""
    means: Values
    errors: Values
    """Standard errors of the means over folds."""

    @property
    def is_made(self) -> bool:
        """False if no strength could be chosen: there are no folds, or at every strength a fold diverged."""
        return bool(np.isfinite(self.means[self.least]))

    @property
    def as_good(self) -> int:
        """The number of strengths within one standard error of the least mean."""
        return int((self.means <= self.means[self.least] + self.errors[self.least]).sum())


NO_CHOICE = Choice(0, 0, np.zeros(1), np.zeros(1))
"""The choice for a network without a penalty, which has one strength, zero."""


def choose_strength(scores: Values) -> Choice:
    """Choose strengths by errors [strengths, folds]; a strength with a diverged fold is not chosen.

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


def at_choice(values: NDArray[Any], choices: Sequence[Choice], rule: Rule) -> NDArray[Any]:
    """Values [runs] of `values` [strengths, runs] at the strength that `rule` chose, for all runs or for each."""
    places = [getattr(choice, rule) for choice in choices]
    picked: NDArray[Any] = values[places * (values.shape[1] // len(places)), np.arange(values.shape[1])]
    return picked


def errors_at_choice(errors: Values, choices: Sequence[Choice], rule: Rule) -> Values:
    """`at_choice` of errors; NaN without a choice."""
    picked = at_choice(errors, choices, rule)
    made = np.repeat([choice.is_made for choice in choices], len(picked) // len(choices))
    return np.asarray(np.where(made, picked, np.nan))


class GridPosition(NamedTuple):
    """A position between two neighbors of a list of strengths: index `below` plus `fraction`."""

    below: int
    fraction: float

    def interpolate(self, values: Values) -> Values:
        """`values` [strengths, ...] at this position, linear between neighbors."""
        result: Values = (1 - self.fraction) * values[self.below] + self.fraction * values[self.below + 1]
        return result

    def strength(self, strengths: Sequence[float]) -> float:
        """The strength at this position, linear in its logarithm."""
        return float(np.exp(self.interpolate(np.log(strengths))))


def find_share(shares: Values, target: float) -> GridPosition | None:
    """The position where `shares` [strengths] first reach `target`; None if they start above it or never reach it."""
    for i in range(len(shares) - 1):
        if shares[i] <= target <= shares[i + 1] and shares[i] < shares[i + 1]:
            return GridPosition(i, float((target - shares[i]) / (shares[i + 1] - shares[i])))
    return None
