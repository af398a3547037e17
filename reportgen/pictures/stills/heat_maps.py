"""Heat maps of a value over two settings, in a grid of panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reportgen.pictures import style
from reportgen.pictures.stills import figures

_SIZES = LinearSegmentedColormap.from_list("sizes", [style.SKY, style.ORANGE, style.VERMILLION])


@figures.register("heat_maps")
def heat_maps(
    panels: Sequence[Mapping[str, Any]],
    columns: int,
    x: Sequence[str],
    y: Sequence[str],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Panels {"title", "values" [y, x]} in so many columns; each value is printed in its cell.

    All panels have one logarithmic color scale, which shows ratios.
    """
    rows = math.ceil(len(panels) / columns)
    height = 50 + rows * (42 + 27 * len(y))
    figure = style.blank_figure(height)
    values = np.array([panel["values"] for panel in panels], dtype=float)
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = (float(np.log(edge)) for edge in (positive.min(), positive.max())) if positive.size else (0.0, 1.0)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, panel, cells in zip(grid.ravel(), panels, values, strict=False):
        for (j, i), value in np.ndenumerate(cells):
            known = math.isfinite(value) and value > 0
            place = (math.log(value) - low) / (high - low) if known and high > low else 0.0
            color = _SIZES(place) if known else style.GRID
            axes.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor=color, alpha=0.55))
            axes.text(i, j, style.number(value, 2), ha="center", va="center", fontsize=10.5, color=style.INK)
        axes.set_title(style.wrap_label(panel["title"], 44 // columns, 2), fontsize=10.5)
        axes.set_xticks(range(len(x)), [style.wrap_label(text, 8, 1) for text in x])
        axes.set_yticks(range(len(y)), [style.wrap_label(text, 8, 1) for text in y])
        axes.set(xlim=(-0.5, len(x) - 0.5), ylim=(-0.5, len(y) - 0.5))
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_axis_off()
    figure.supxlabel(style.wrap_label(xlabel, 48, 1), fontsize=11.5, color=style.INK)
    figure.supylabel(style.wrap_label(ylabel, height // 11, 1), fontsize=11.5, color=style.INK)
    return figure
