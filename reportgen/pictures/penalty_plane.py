"""The plane of two weights: level lines of penalties, and the minima of a quadratic loss with a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from reportgen.penalties import Penalty
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures import style
from reportgen.pictures.scene_look import word

Array = NDArray[np.float64]

SHAPES: tuple[Penalty, ...] = (L1(), L2(), ElasticNet(), GroupLasso())
"""The penalties whose shapes the article shows."""

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
        """For each strength the point of least loss + strength · penalty, by proximal steps until they converge."""
        pace = 1 / np.linalg.eigvalsh(self.curvature).max()
        w = np.zeros((len(strengths), 1, 2))
        for _ in range(10_000):
            before = w
            w = of.prox(w - pace * (w - self.minimum) @ self.curvature, pace * strengths[:, np.newaxis, np.newaxis], np)
            if np.abs(w - before).max() < 1e-13:
                break
        return w[:, 0]

    def level_line(self, level: float, angles: Array = ANGLES) -> Array:
        """The ellipse on which the loss has the value `level`."""
        sizes, directions = np.linalg.eigh(self.curvature)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        points: Array = self.minimum + (circle * np.sqrt(2 * level / sizes)) @ directions.T
        return points


class ConstraintPanel:
    """A panel: level lines of the loss, the ball of the penalty, and the solution where they touch."""

    def __init__(self, axes: Axes, of: Penalty, problem: Quadratic, strengths: Array) -> None:
        color = style.arm_style(of.look("subgradient").arm).color
        self._penalty, self._problem = of, problem
        self.points = problem.solutions(self._penalty, strengths)
        reach = max(3.0, 1.15 * float(np.abs(problem.minimum).max()))
        axes.set(aspect="equal", xlim=(-0.52 * reach, reach), ylim=(-0.52 * reach, reach))
        style.scale(axes, "x")
        style.scale(axes, "y")
        axes.grid(visible=False)
        for line in (axes.axhline, axes.axvline):
            line(0, color=style.MUTED, linewidth=1, zorder=1)
        at_zero = float(problem.loss(np.zeros(2)))
        for share in (0.04, 0.16, 0.36, 0.64, 1.0, 1.44):
            axes.plot(*problem.level_line(share * at_zero).T, color=style.GRID, linewidth=1.6, zorder=1.5)
        axes.plot(*problem.minimum, "+", color=style.INK, markersize=12, markeredgewidth=2.2, zorder=2)
        x, y = problem.minimum
        style.annotate(axes, word("least_loss"), (x, y), (0, 9), ha="center", fontsize=rcParams["xtick.labelsize"])
        self.ball = Polygon(np.zeros((1, 2)), facecolor=f"{color}38", edgecolor=color, linewidth=2, zorder=3)
        axes.add_patch(self.ball)
        (self.level,) = axes.plot([], [], color=style.MUTED, linewidth=1.6, zorder=3.1)
        (self.path,) = axes.plot([], [], color=style.INK, linewidth=2.4, zorder=3.2)
        (self.solution,) = axes.plot(
            [], [], "o", color=color, markersize=11, markeredgecolor=style.PAPER, markeredgewidth=1.6, zorder=3.3
        )
        axes.set_xlabel("w₁", labelpad=2)
        axes.set_ylabel("w₂", rotation=0, labelpad=6)

    @property
    def moving(self) -> tuple[Any, ...]:
        """The artists that `show` moves."""
        return self.ball, self.level, self.path, self.solution

    def show(self, index: int, until: int) -> None:
        """Show the solution of strength number `index`, and the path of solutions up to number `until`."""
        point = self.points[index]
        level = float(cost(self._penalty, point))
        self.ball.set_xy(level_line(self._penalty, level) if level > 0 else np.zeros((1, 2)))
        self.level.set_data(*self._problem.level_line(float(self._problem.loss(point))).T)
        self.path.set_data(*self.points[: until + 1].T)
        self.solution.set_data(*point[:, np.newaxis])  # a line of one point
