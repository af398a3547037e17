"""Differences between arms with intervals and verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures

_VERDICTS = dict.fromkeys(("better", "worse", "practically equal"), style.INK)


@figures.register("intervals")
def intervals(rows: Sequence[Mapping[str, Any]], equivalence: tuple[float, float], xlabel: str) -> Figure:
    """A line from "low" to "high" with a dot at "estimate" for each of `rows`, "verdict" beside it.

    A line whose ends are infinite spans the picture.

    The band is the region of practical equivalence: an interval inside it says that the arms do as well as each other.
    """
    figure = style.blank_figure(108 + 56 * len(rows))
    axes = figure.subplots()
    style.scale(axes, "x")
    axes.grid(visible=False, axis="y")
    axes.axvspan(*equivalence, color=style.GRID, linewidth=0, zorder=0.4)
    axes.axvline(0, color=style.INK, linewidth=1.2, zorder=1)
    for row, entry in enumerate(rows):
        color = _VERDICTS.get(entry["verdict"], style.MUTED)
        if math.isinf(entry["low"]) or math.isinf(entry["high"]):
            axes.axhline(row, color=color, linewidth=3.2, alpha=0.4, zorder=3)
        else:
            axes.plot([entry["low"], entry["high"]], [row, row], color=color, linewidth=3.2, zorder=3)
        axes.plot(entry["estimate"], row, "o", color=color, markersize=9, markeredgecolor=style.PAPER, zorder=4)
        look: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "fontweight": "bold"}
        style.annotate(axes, style.wrap_label(entry["verdict"], 18, 2), (1, row), (8, 0), color=color, **look)
    middle = (sum(equivalence) / 2, 1.0)
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "color": style.MUTED}
    style.annotate(axes, "practically equal", middle, (0, 4), **above)
    axes.set_yticks(range(len(rows)), [style.wrap_label(entry["label"]) for entry in rows], color=style.INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(style.wrap_label(xlabel, 36))
    return figure
