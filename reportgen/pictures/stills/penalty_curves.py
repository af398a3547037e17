"""Penalties of a single weight: cost, subgradient and proximal step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.penalties import Penalty
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("penalty_curves")
def penalty_curves(shown: Sequence[Penalty] = (L1(), L2(), ElasticNet())) -> Figure:
    """Penalty, subgradient and proximal step at strength 1, by default of L1, L2 and the elastic net.

    Where a penalty has a kink, every slope in the bar at zero is a subgradient.
    """
    figure = style.blank_figure(320)
    left, middle, right = figure.subplots(1, 3)
    w = np.linspace(-2.5, 2.5, 501)
    column = w[:, np.newaxis, np.newaxis]
    entries: dict[str, Any] = {}
    for of in shown:
        color, _, dash = style.arm_style(of.look("proximal").arm)
        look: dict[str, Any] = {"color": color, "linestyle": dash, "linewidth": 2.4}
        (entries[of.title],) = left.plot(w, of.cost(column, np), **look)
        slope = of.subgradient(column, np)[:, 0, 0]
        for side in (w < 0, w > 0):
            middle.plot(w[side], slope[side], **look)
        low, high = slope[w < 0][-1], slope[w > 0][0]
        if high - low > 0.1:
            middle.plot([0, 0], [low, high], color=color, linewidth=6, alpha=0.4, solid_capstyle="butt")
            middle.plot([0, 0], [low, high], "o", color=color, markersize=4.5)
        right.plot(w, of.prox(column, 1.0, np)[:, 0, 0], **look)
    right.plot(w, w, color=style.MUTED, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
    style.annotate(right, "no change", (1.75, 1.85), ha="right", va="baseline", color=style.MUTED)
    titles = ("penalty", "subgradient", "proximal step")
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set_title(title)
        axes.set_xlabel("w")
        axes.set(xlim=(-2.5, 2.5), xticks=(-2, 0, 2))
        style.scale(axes, "y")
    left.set_ylim(0, 3)
    style.legend(figure, entries)
    return figure
