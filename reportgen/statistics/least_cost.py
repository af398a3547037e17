"""The least cost under L1 of a linear network with one input and one output, however many layers it has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.losses import loss_of
from reportgen.losses.absolute import Absolute
from reportgen.losses.squared import Squared
from reportgen.statistics.comparison import Values
from reportgen.training.network import Weights

_SLOPES = 401
"""Slopes that are tried at once."""
_ZOOMS = 6
"""How often the range of slopes is narrowed to the neighbors of the best one."""
_MOST_RESIDUALS = 4_000_000
"""The most residuals that are computed at once, 8 bytes each."""


def least_l1_cost(x: Weights, y: Weights, layers: int, strength: float, loss: str) -> float:
    """The least mean loss plus strength · Σ|w| that any weights reach on inputs and targets [B, 1].

    The network is a line y = m · x + b. Its biases are free, and Σ|w| of `layers` kernels with a product of m is at
    least layers · |m|^(1 / layers), so the minimum over all weights is one over m.
    """
    inputs, targets = (np.asarray(values, np.float64).ravel() for values in (x, y))

    def costs(slopes: Values, λ: float) -> Values:
        return _fitted_losses(inputs, targets, slopes, loss) + λ * layers * np.abs(slopes) ** (1 / layers)

    def least_within(low: float, high: float, λ: float) -> tuple[float, float]:
        """The best slope in this range, and its cost."""
        best, found = low, np.inf
        for _ in range(_ZOOMS):
            tried = np.linspace(low, high, _SLOPES)
            cost = costs(tried, λ)
            i = int(cost.argmin())
            if cost[i] < found:
                best, found = float(tried[i]), float(cost[i])
            low, high = tried[max(i - 1, 0)], tried[min(i + 1, _SLOPES - 1)]
        return best, found

    steepest = float(np.ptp(targets) / max(np.diff(np.unique(inputs)).min(initial=np.inf), 1e-12))
    unpenalized, _ = least_within(-steepest, steepest, 0.0)
    # The loss is convex in the slope, and the penalty grows with its size: the minimum is between zero and this slope.
    _, least = least_within(0.0, unpenalized, strength)
    return min(least, float(costs(np.zeros(1), strength)[0]))


def _fitted_losses(x: Values, y: Values, slopes: Values, loss: str) -> Values:
    """The mean loss of a line of each slope, with the intercept that suits it best."""
    rows = max(_MOST_RESIDUALS // len(x), 1)
    parts = [slopes[start : start + rows, None] for start in range(0, len(slopes), rows)]
    return np.concatenate([_least_over_intercepts(y - part * x, loss) for part in parts])


def _least_over_intercepts(residuals: NDArray[np.float64], name: str) -> Values:
    loss = loss_of(name)
    if isinstance(loss, Squared):
        return np.asarray(residuals.var(axis=1))
    if isinstance(loss, Absolute):
        return np.asarray(np.abs(residuals - np.median(residuals, axis=1, keepdims=True)).mean(axis=1))
    low, high = residuals.min(axis=1, keepdims=True), residuals.max(axis=1, keepdims=True)
    for _ in range(60):  # bisection: the derivative of a convex loss falls as the intercept rises
        middle = (low + high) / 2
        rising = loss.derivative(residuals, middle, np).sum(axis=1, keepdims=True) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return np.asarray(loss.value(residuals, low, np).mean(axis=1))
