"""Parts of several wholes, as divided bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures

_COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.GRAY, style.SKY, style.VERMILLION)


@figures.register("shares")
def shares(parts: Sequence[str], rows: Sequence[Mapping[str, Any]], xlabel: str) -> Figure:
    """A bar from 0 to 1 for each of `rows` ({"label", "values"}), divided by `values`, one for each part.

    A part that is wide enough has its share printed in it.
    """
    figure = style.blank_figure(110 + 48 * len(rows))
    axes = figure.subplots()
    style.scale(axes, "x")
    axes.grid(visible=False, axis="y")
    entries: dict[str, Any] = {}
    for row, entry in enumerate(rows):
        start = 0.0
        for part, (name, value) in enumerate(zip(parts, np.asarray(entry["values"], dtype=float), strict=True)):
            if not np.isfinite(value):
                continue
            color = _COLORS[part % len(_COLORS)]
            entries[name] = axes.barh(
                row, value, left=start, height=0.62, color=color, alpha=0.75, edgecolor=style.PAPER, zorder=2
            )[0]
            if value >= 0.08:
                words = f"{value:.0%}"
                axes.text(start + value / 2, row, words, ha="center", va="center", color=style.INK, zorder=3)
            start += value
    axes.set_yticks(range(len(rows)), [style.wrap_label(entry["label"], 22, 2) for entry in rows], color=style.INK)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(style.wrap_label(xlabel, 36))
    style.legend(figure, entries)
    return figure
