"""Coefficients over the strength of a penalty, by two methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("paths")
def paths(
    x: Any,
    lines: Any,
    marked_x: Any,
    marked: Any,
    highlighted: Any,
    labels: Mapping[str, str],
    xlabel: str,
    ylabel: str,
    mark: Mapping[str, Any] | None = None,
    arm: int | str = 1,
) -> Figure:
    """A line for each column of `lines` [x, coefficients], over a logarithmic axis; those `highlighted` in color.

    `marked` [marked_x, coefficients] are drawn as rings: where they encircle a line, both methods agree. `labels`
    name the "highlighted", the "others" and the "marked"; `mark` is {"x", "label"}, a vertical line with a name.
    """
    figure = style.blank_figure(430)
    axes = figure.subplots()
    x, lines, marked = (np.asarray(values, dtype=float) for values in (x, lines, marked))
    style.scale(axes, "x", "log", x)
    style.scale(axes, "y")
    color = style.arm_style(arm).color
    entries: dict[str, Any] = {}
    real = np.asarray(highlighted, dtype=bool)
    for which, columns, shade, width in (("others", ~real, style.MUTED, 0.9), ("highlighted", real, color, 1.8)):
        drawn = axes.plot(x, lines[:, columns], color=shade, linewidth=width, zorder=1 + width)
        if drawn:
            entries[labels[which]] = drawn[0]
    # A coefficient that is zero by both methods needs no ring.
    rings = [(at, value) for at, row in zip(np.ravel(marked_x), marked, strict=True) for value in row if value != 0]
    at, values = zip(*rings, strict=True) if rings else ((), ())
    ring: dict[str, Any] = {"markersize": 5, "markerfacecolor": "none", "markeredgecolor": style.INK}
    (entries[labels["marked"]],) = axes.plot(at, values, "o", markeredgewidth=0.9, zorder=4, **ring)
    if mark:
        axes.axvline(mark["x"], color=style.INK, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1.5)
        words = style.wrap_label(mark["label"], 24, 1)
        style.annotate(axes, words, (mark["x"], 1), (0, 3), xycoords=("data", "axes fraction"), ha="center")
    axes.set_xlabel(style.wrap_label(xlabel, 46))
    axes.set_ylabel(style.wrap_label(ylabel, 24, 2))
    axes.margins(x=0.03)
    style.legend(figure, entries)
    return figure
