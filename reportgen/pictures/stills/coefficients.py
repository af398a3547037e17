"""Estimated coefficients against the true ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("coefficients")
def coefficients(truth: Any, estimates: Sequence[Mapping[str, Any]]) -> Figure:
    """The true coefficients and, in a row for each of `estimates` ({"label", "values"}), the estimated ones."""
    truth = np.ravel(truth)
    real = truth != 0
    index = np.arange(len(truth))
    figure = style.blank_figure(80 + 120 * len(estimates))
    grid = figure.subplots(len(estimates), 1, squeeze=False, sharex=True, sharey=True).ravel()
    entries: dict[str, Any] = {}
    for row, (axes, estimate) in enumerate(zip(grid, estimates, strict=True)):
        color = style.arm_style(estimate, row).color
        values = np.ravel(estimate["values"])
        right, wrong = real & (values != 0), ~real & (values != 0)
        (entries["true coefficient"],) = axes.plot(
            index[real], truth[real], "_", color=style.INK, markersize=11, markeredgewidth=2.2, zorder=4
        )
        axes.vlines(index, 0, values, color=np.where(real, color, style.MUTED), linewidth=2, zorder=2)
        axes.plot(index[right], values[right], "o", color=color, zorder=3)
        (false,) = axes.plot(index[wrong], values[wrong], "x", color=style.MUTED, markeredgewidth=1.8, zorder=3)
        entries["estimate that should be zero"] = false
        axes.axhline(0, color=style.MUTED, linewidth=0.9, zorder=1)
        found = f"{right.sum()} of {real.sum()} found, {wrong.sum()} false"
        axes.set_title(style.wrap_label(estimate["label"], 26, 1), pad=5)
        axes.set_title(found, loc="right", fontweight="normal", fontsize=10.5, pad=5, color=style.MUTED)
        axes.grid(visible=False, axis="x")
        axes.spines["bottom"].set_visible(False)
        style.scale(axes, "y")
    style.scale(grid[-1], "x")
    grid[-1].set_xlabel("coefficient number")
    grid[-1].margins(x=0.02)
    style.legend(figure, entries)
    return figure
