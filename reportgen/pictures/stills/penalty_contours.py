"""Level lines of penalties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reportgen.penalties import Penalty
from reportgen.pictures import penalty_plane, style
from reportgen.pictures.stills import figures


@figures.register("penalty_contours")
def penalty_contours(shown: Sequence[Penalty] = penalty_plane.SHAPES) -> Figure:
    """Level lines of penalties on two weights that leave one unit; the line of penalty 1 is heavy."""
    figure = style.blank_figure(620)
    grid = figure.subplots(-(-len(shown) // 2), 2, sharex=True, sharey=True, squeeze=False)
    for axes, of in zip(grid.ravel(), shown, strict=False):
        color = style.arm_style(of.look("subgradient").arm).color
        for line in (axes.axhline, axes.axvline):
            line(0, color=style.MUTED, linewidth=1, zorder=1)
        for level in np.arange(0.25, 3.6, 0.25):
            axes.plot(*penalty_plane.level_line(of, level).T, color=color, linewidth=1.1, alpha=0.5)
        one = penalty_plane.level_line(of, 1.0)
        if np.isfinite(one).all():
            axes.fill(*one.T, facecolor=f"{color}30", edgecolor=color, linewidth=2.8)
        else:  # a penalty that is bounded along an axis
            axes.plot(*one.T, color=color, linewidth=2.8)
        x, y = penalty_plane.level_line(of, 1.0, np.array([0.25 * np.pi]))[0]
        if np.isfinite(x):
            style.annotate(axes, "1", (x, y), (4, 4))
        axes.set(aspect="equal", xlim=(-1.75, 1.75), ylim=(-1.75, 1.75), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        axes.grid(visible=False)
        axes.set_title(of.title)
    for axes in grid[-1]:
        axes.set_xlabel("w₁", labelpad=2)
    for axes in grid[:, 0]:
        axes.set_ylabel("w₂", rotation=0, labelpad=6)
    return figure
