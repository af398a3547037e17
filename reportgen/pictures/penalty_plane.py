"""The plane of two weights, drawn: the shapes of penalties, and a loss that meets their balls."""

from __future__ import annotations

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
from reportgen.statistics.plane import Quadratic, cost, level_line

Array = NDArray[np.float64]

SHAPES: tuple[Penalty, ...] = (L1(), L2(), ElasticNet(), GroupLasso())
"""The penalties whose shapes the article shows."""


class ConstraintPanel:
    """A panel: level lines of the loss, the ball of the penalty, and the solution where they touch."""

    def __init__(self, axes: Axes, of: Penalty, problem: Quadratic, strengths: Array) -> None:
        color = style.arm_style(of.look("proximal").arm).color
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
