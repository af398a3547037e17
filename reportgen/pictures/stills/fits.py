"""Fitted functions of several runs to the same samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("fits")
def fits(panels: Sequence[Mapping[str, Any]]) -> Figure:
    """Thin lines, one for each run, through the samples; a panel for each of `panels`.

    A panel is {"title", "x", "y", "grid", "lines", "truth"}; "lines" and "truth" are outputs at "grid", and "truth" may
    be None. Limits come from the samples of all panels, so a wild line leaves the picture and cannot flatten the rest.
    """
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = style.blank_figure(60 + (340 if columns == 1 else 230 * rows))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    entries: dict[str, Any] = {}
    for row, (axes, panel) in enumerate(zip(grid, panels, strict=False)):
        color = style.arm_style(panel, row).color
        at = np.ravel(panel["grid"])
        entries["samples"] = axes.scatter(panel["x"], panel["y"], s=20, color=style.MUTED, alpha=0.7, linewidths=0)
        if panel.get("truth") is not None:
            look: dict[str, Any] = {"color": style.INK, "linewidth": 1.6, "linestyle": (0, (4, 2)), "zorder": 4}
            (entries["truth"],) = axes.plot(at, np.ravel(panel["truth"]), **look)
        lines = np.atleast_2d(panel["lines"])
        for line in lines:
            (drawn,) = axes.plot(at, line, color=color, linewidth=1.4, alpha=max(0.35, 1 / len(lines)), zorder=3)
        entries.setdefault("runs" if len(lines) > 1 else "fit", drawn)
        axes.set_title(style.wrap_label(panel["title"], 42 // columns, 2))
        style.scale(axes, "x")
        style.scale(axes, "y")
    heights = np.concatenate([np.ravel(panel["y"]) for panel in panels])
    room = 0.12 * (np.ptp(heights) or 1.0)
    grid[0].set_ylim(heights.min() - room, heights.max() + room)
    style.legend(figure, entries)
    return figure
