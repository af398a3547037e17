"""The plane of two weights: level lines of penalties, and the minima of a quadratic loss with a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.penalties import Penalty

Array = NDArray[np.float64]

ANGLES: Array = np.linspace(0, 2 * np.pi, 129)
"""Directions in a full circle; it includes the axes, so that corners are sharp."""

_FAR = 1e9
"""A distance: a penalty that is below a level here never reaches it."""


def cost(of: Penalty, w: Array) -> Array:
    """The penalty of points, whose last axis holds the two weights; both leave one unit, so they are one group."""
    value: Array = of.cost(w[..., np.newaxis, :], np)
    return value


def level_line(of: Penalty, level: float, angles: Array = ANGLES) -> Array:
    """The points where the penalty has the value `level`, one in each direction; NaN where it is always smaller."""
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    near, far = np.zeros(len(rays)), np.full(len(rays), 1.0)
    while (inside := (cost(of, rays * far[:, np.newaxis]) < level) & (far < _FAR)).any():
        far[inside] *= 2
    for _ in range(50):  # a penalty increases along every ray, so bisection works
        middle = (near + far) / 2
        below = cost(of, rays * middle[:, np.newaxis]) < level
        near, far = np.where(below, middle, near), np.where(below, far, middle)
    points: Array = rays * np.where(far < _FAR, far, np.nan)[:, np.newaxis]
    return points


def least_cost(of: Penalty, minimum: Array, curvature: Array, strengths: Array) -> Array:
    """The w [n, 2] of least (w − m)ᵀ · C · (w − m) / 2 + λ · penalty(w), by proximal steps until they converge.

    `minimum` m is [2] or [n, 2], `curvature` C [2, 2] or [n, 2, 2], `strengths` λ [n].
    """
    pace = 1 / np.linalg.eigvalsh(curvature).max()
    scale: Any = pace * strengths[:, np.newaxis, np.newaxis]
    w = np.zeros((len(strengths), 1, 2))
    for _ in range(10_000):
        before = w
        away = w - minimum[..., np.newaxis, :]
        w = of.prox(w - pace * away @ curvature, scale, np)
        if np.abs(w - before).max() < 1e-13:
            break
    found: Array = w[:, 0]
    return found


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The loss (w − minimum)ᵀ · curvature · (w − minimum) / 2."""

    minimum: Array
    curvature: Array

    def loss(self, w: Array) -> Array:
        """The loss of points, whose last axis holds the two weights."""
        away = w - self.minimum
        value: Array = ((away @ self.curvature) * away).sum(axis=-1) / 2
        return value

    def solutions(self, of: Penalty, strengths: Array) -> Array:
        """For each strength the point of least loss + strength · penalty."""
        return least_cost(of, self.minimum, self.curvature, strengths)

    def level_line(self, level: float, angles: Array = ANGLES) -> Array:
        """The ellipse on which the loss has the value `level`."""
        sizes, directions = np.linalg.eigh(self.curvature)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        points: Array = self.minimum + (circle * np.sqrt(2 * level / sizes)) @ directions.T
        return points
