"""Points in the plane and the centers that stand for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("clusters")
def clusters(panels: Sequence[Mapping[str, Any]]) -> Figure:
    """A panel for each of `panels` ({"title", "points", "labels", "centers"}), all with the same limits."""
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = style.blank(rows * {1: 420, 2: 330, 3: 240}[columns])
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid, panels, strict=False):
        points, labels, centers = (np.asarray(panel[key]) for key in ("points", "labels", "centers"))
        for label in np.unique(labels):
            look = style.arm({}, int(label))
            x, y = points[labels == label].T
            axes.scatter(x, y, s=20, marker=look.marker, color=look.color, alpha=0.75, linewidths=0)
        axes.plot(*centers.T, "+", color=style.INK, markersize=13, markeredgewidth=2.6)
        axes.set_title(style.wrapped(panel["title"], 50 // columns, 2))
        axes.set(aspect="equal", xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(style.GRID)
    return figure
