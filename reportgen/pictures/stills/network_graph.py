"""A network as a graph of units and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reportgen.pictures import style
from reportgen.pictures.stills import figures

NEGATIVE, POSITIVE = "#1f6fb0", "#c73a3d"
"""The colors of signs in `style.SIGNED`, away from those of arms."""


@figures.register("network_graph")
def network_graph(kernels: Sequence[Any], title: str = "") -> Figure:
    """Columns of units joined by their weights: the wider a line the larger the weight, red above zero, blue below.

    A unit without incoming or outgoing weights is drawn hollow. A wide layer shows its first 24 units.
    """
    kernels = [np.asarray(kernel, dtype=float)[:24, :24] for kernel in kernels]
    sizes = [kernels[0].shape[0], *(kernel.shape[1] for kernel in kernels)]
    largest = max(float(np.abs(kernel).max(initial=0)) for kernel in kernels) or 1.0
    figure = style.blank_figure(110 + 24 * max(*sizes, 6))
    axes = figure.subplots()
    axes.set_axis_off()
    places = [np.arange(size) - (size - 1) / 2 for size in sizes]
    for layer, kernel in enumerate(kernels):
        inputs, outputs = np.nonzero(kernel)
        weights = kernel[inputs, outputs]
        ends = np.stack([places[layer][inputs], places[layer + 1][outputs]], axis=-1)
        lines = [[(layer, start), (layer + 1, end)] for start, end in ends]
        colors = np.where(weights > 0, POSITIVE, NEGATIVE)
        widths = 0.3 + 4.2 * np.abs(weights) / largest
        axes.add_collection(LineCollection(lines, colors=list(colors), linewidths=list(widths), alpha=0.75, zorder=1))
    for layer, (size, heights) in enumerate(zip(sizes, places, strict=True)):
        into = np.ones(size, bool) if layer == 0 else kernels[layer - 1].any(axis=0)
        out = np.ones(size, bool) if layer == len(kernels) else kernels[layer].any(axis=1)
        for alive, face in ((into & out, style.INK), (~(into & out), style.PAPER)):
            look: dict[str, Any] = {"color": style.MUTED, "markerfacecolor": face, "markersize": 9, "zorder": 2}
            axes.plot(np.full(alive.sum(), layer), heights[alive], "o", **look)
        name = "input" if layer == 0 else "output" if layer == len(kernels) else f"hidden {layer}"
        style.annotate(axes, name, (layer, max(sizes) / 2 + 0.35), ha="center")
    axes.set_xlim(-0.3, len(kernels) + 0.3)
    axes.set_ylim(-max(sizes) / 2 - 0.3, max(sizes) / 2 + 0.9)
    if title:
        axes.set_title(style.wrap_label(title, 48, 2))
    style.legend(
        figure,
        {
            "positive weight": Line2D([], [], color=POSITIVE, linewidth=3),
            "negative weight": Line2D([], [], color=NEGATIVE, linewidth=3),
            "dead unit": Line2D([], [], linestyle="", marker="o", color=style.MUTED, markerfacecolor=style.PAPER),
        },
    )
    return figure
