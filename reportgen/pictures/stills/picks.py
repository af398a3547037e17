"""Shares of draws of the data that kept each input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reportgen.pictures import style
from reportgen.pictures.stills import figures

_COLORS = (style.BLUE, style.GREEN, style.ORANGE, style.GRAY, style.PURPLE, style.SKY)
"""Colors of roles, in the order of their first appearance; the legend names the roles."""


@figures.register("picks")
def picks(roles: Sequence[str], rows: Sequence[Mapping[str, Any]], xlabel: str) -> Figure:
    """A row of bars for each of `rows` ({"label", "shares", "note"}): the share of draws that kept each input.

    `roles` says what each input is and gives it its color.
    """
    names = list(dict.fromkeys(roles))
    colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(names)}
    figure = style.blank_figure(80 + 92 * len(rows))
    grid = figure.subplots(len(rows), 1, squeeze=False, sharex=True, sharey=True).ravel()
    places = np.arange(1, len(roles) + 1)
    for axes, row in zip(grid, rows, strict=True):
        shares = np.asarray(row["shares"], dtype=float)
        # One collection: fifty separate bars take ten times as long to draw.
        corners = [
            [(x - 0.39, 0), (x - 0.39, y), (x + 0.39, y), (x + 0.39, 0)] for x, y in zip(places, shares, strict=True)
        ]
        axes.add_collection(PolyCollection(corners, facecolors=[colors[role] for role in roles], zorder=2))
        axes.set_title(style.wrap_label(row["label"], 26, 1), pad=5)
        look: dict[str, Any] = {"fontweight": "normal", "fontsize": 10.5, "pad": 5, "color": style.MUTED}
        axes.set_title(style.wrap_label(row.get("note", ""), 30, 1), loc="right", **look)
        axes.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
        axes.set_ylim(0, 1.02)
        axes.grid(visible=False, axis="x")
    style.scale(grid[-1], "x")
    grid[-1].set_xlabel(style.wrap_label(xlabel, 46))
    grid[-1].set_xlim(0.2, len(roles) + 0.8)
    style.legend(figure, {name: Patch(color=colors[name]) for name in names})
    return figure
