"""A dot for every run of every arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("strip")
def strip(groups: Sequence[Mapping[str, Any]], xlabel: str, first: int = 5) -> Figure:
    """One row for each of `groups` ({"label", "values"}): its values, their median and their middle half.

    The first `first` values of a group are filled: the runs that a table shows.
    """
    figure = style.blank_figure(96 + 66 * len(groups))
    axes = figure.subplots()
    style.scale(axes, "x")
    axes.grid(visible=False, axis="y")
    for row, group in enumerate(groups):
        look = style.arm_style(group, row)
        values = np.asarray(group["values"], dtype=float)
        heights = row + style.jitter_offsets(len(values), 0.2)
        drawn = np.isfinite(values)
        low, median, high = np.percentile(values[drawn], [25, 50, 75]) if drawn.any() else (np.nan,) * 3
        axes.plot([low, high], [row, row], color=look.color, linewidth=25, alpha=0.16, solid_capstyle="butt", zorder=2)
        axes.plot([median, median], [row - 0.3, row + 0.3], color=style.INK, linewidth=2.2, zorder=4)
        dots: dict[str, Any] = {"marker": look.marker, "linestyle": "", "color": look.color, "markersize": 6.5}
        axes.plot(values[first:], heights[first:], alpha=0.38, markeredgewidth=0, zorder=3, **dots)
        axes.plot(values[:first], heights[:first], markeredgecolor=style.PAPER, markeredgewidth=0.8, zorder=5, **dots)
        style.annotate(axes, style.number(float(median)), (median, row - 0.3), (0, 2), ha="center")
    axes.set_yticks(range(len(groups)), [style.wrap_label(group["label"]) for group in groups], color=style.INK)
    axes.set_ylim(len(groups) - 0.5, -0.64)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(style.wrap_label(xlabel, 36))
    shown: dict[str, Any] = {"color": style.MUTED, "marker": "o", "linestyle": "", "markersize": 6.5}
    style.legend(
        figure,
        {
            f"first {first} runs": Line2D([], [], **shown),
            "other runs": Line2D([], [], alpha=0.4, markeredgewidth=0, **shown),
            "median": Line2D([], [], linestyle="", color=style.INK, marker="|", markersize=13, markeredgewidth=2.2),
            "middle half": Line2D([], [], color=style.MUTED, linewidth=11, alpha=0.22, solid_capstyle="butt"),
        },
    )
    return figure
