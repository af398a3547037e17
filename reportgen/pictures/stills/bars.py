"""Bars of single numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("bars")
def bars(rows: Sequence[Mapping[str, Any]], xlabel: str) -> Figure:
    """A bar for each of `rows` ({"label", "value"}), its value printed; "low" and "high" add an interval."""
    figure = style.blank_figure(76 + 46 * len(rows))
    axes = figure.subplots()
    style.scale(axes, "x")
    axes.grid(visible=False, axis="y")
    for row, entry in enumerate(rows):
        value = float(entry["value"])
        low, high = (value if entry.get(end) is None else float(entry[end]) for end in ("low", "high"))
        axes.barh(row, value, height=0.62, color=style.arm_style(entry).color, zorder=2)
        if low != high:
            axes.plot([low, high], [row, row], color=style.INK, linewidth=2, zorder=3)
        style.annotate(axes, style.number(value), (max(value, high, 0), row), (6, 0), va="center", fontsize=11)
    axes.axvline(0, color=style.MUTED, linewidth=1, zorder=3)
    axes.set_yticks(range(len(rows)), [style.wrap_label(entry["label"], 24, 2) for entry in rows], color=style.INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.1)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(style.wrap_label(xlabel, 36))
    return figure
