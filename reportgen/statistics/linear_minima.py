"""Weights of a linear model that minimize the mean squared error plus a penalty; the bias is free."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def least_squares(x: Array, y: Array) -> Array:
    """The w [inputs] of least mean((x·w + b − y)²), for x [samples, inputs]; of several the one of least Σw²."""
    x, y = _centered(x, y)
    return np.asarray(np.linalg.lstsq(x, y)[0], np.float64)


def ridge(x: Array, y: Array, strength: float) -> Array:
    """The w [inputs] that minimizes mean((x·w + b − y)²) + strength/2 · Σw², by its formula; strength > 0."""
    x, y = _centered(x, y)
    gram = 2 / len(x) * x.T @ x + strength * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, 2 / len(x) * x.T @ y), np.float64)


def lasso(x: Array, y: Array, strengths: Iterable[float], tolerance: float = 1e-10) -> Array:
    """For each strength > 0 the w that minimizes mean((x·w + b − y)²) + strength · Σ|w|: [strengths, inputs].

    By scikit-learn's coordinate descent, whose loss has half of ours, so its alpha is strength/2.
    """
    from sklearn.linear_model import lasso_path

    x, y = _centered(x, y)
    alphas = np.array([strength / 2 for strength in strengths])
    falling = np.argsort(-alphas)
    _, weights, _ = lasso_path(x, y, alphas=alphas[falling], tol=tolerance, max_iter=100_000)
    found = np.empty(weights.T.shape)
    found[falling] = weights.T
    return found


def bias(x: Array, y: Array, w: Array) -> float:
    """The b of least mean((x·w + b − y)²)."""
    return float(y.mean() - x.mean(axis=0) @ w)


def _centered(x: Array, y: Array) -> tuple[Array, Array]:
    """Inputs and targets less their means, which replaces the bias."""
    return x - x.mean(axis=0), y - y.mean()
