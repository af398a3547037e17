"""Agreement of two computations of the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("agreement")
def agreement(x: Any, y: Any, xlabel: str, ylabel: str) -> Figure:
    """Each pair as a dot, against the line where both are equal."""
    x, y = np.ravel(x), np.ravel(y)
    figure = style.blank_figure(440, width=480)
    axes = figure.subplots()
    both = np.concatenate([x, y])
    room = 0.06 * (np.ptp(both) or 1.0)
    limits = both.min() - room, both.max() + room
    axes.plot(limits, limits, color=style.MUTED, linewidth=1.4, linestyle=(0, (4, 2)), zorder=1.8)
    style.annotate(axes, "equal", (limits[1], limits[1]), (-10, -6), ha="right", va="center", color=style.MUTED)
    look: dict[str, Any] = {"color": style.INK, "alpha": 0.6, "markeredgewidth": 0, "markersize": 5}
    # Hundreds of dots take less room in pixels.
    axes.plot(x, y, "o", rasterized=len(x) > 200, **look)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    style.scale(axes, "x")
    style.scale(axes, "y")
    axes.set_xlabel(style.wrap_label(xlabel, 40))
    axes.set_ylabel(style.wrap_label(ylabel, 36))
    return figure
