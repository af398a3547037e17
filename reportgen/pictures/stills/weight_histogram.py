"""Histograms of sizes of weights, with shares of exact zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("weight_histogram")
def weight_histogram(groups: Sequence[Mapping[str, Any]]) -> Figure:
    """For each of `groups` ({"label", "zero_share", "edges", "counts"}) a bar for the exact zeros and a histogram.

    "edges" are log₁₀ |w|, "counts" the weights between them, exact zeros left out. A group's "threshold", if it has
    one, is a size |w|, marked by a line. The zeros have one scale in all groups; each histogram fills its height, since
    only its shape matters.
    """
    figure = style.blank_figure(90 + 78 * len(groups))
    grid = figure.subplots(len(groups), 2, squeeze=False, width_ratios=[1, 4.2], sharex="col")
    named: set[float] = set()  # a threshold that several groups have is named once
    for row, ((left, right), group) in enumerate(zip(grid, groups, strict=True)):
        color = style.arm_style(group, row).color
        share = float(group["zero_share"])
        left.bar(0, share, width=1, color=color)
        left.set(xlim=(-1.1, 1.1), ylim=(0, 1.32), xticks=[], yticks=[])
        # Only all weights are 100%.
        text = f"{share if share == 1 else min(share, 0.999):.1%}".replace(".0%", "%")
        style.annotate(left, text, (0, share), (0, 2), ha="center")
        left.set_ylabel(
            style.wrap_label(group["label"], 18), rotation=0, ha="right", va="center", labelpad=10, color=style.INK
        )
        edges, counts = np.asarray(group["edges"], dtype=float), np.asarray(group["counts"], dtype=float)
        right.stairs(counts, edges, fill=True, color=color)
        right.set(ylim=(0, max(counts.max(initial=0), 1) * 1.12), yticks=[])
        right.grid(visible=True, axis="x")
        if threshold := group.get("threshold"):
            right.axvline(np.log10(threshold), color=style.INK, linewidth=1.4, linestyle=(0, (3, 2)))
            if threshold not in named:
                named.add(threshold)
                place, words = (float(np.log10(threshold)), 1.0), f"threshold {style.number(threshold)}"
                style.annotate(right, words, place, (0, 3), xycoords=("data", "axes fraction"), ha="center")
        for axes in (left, right):
            axes.spines["left"].set_visible(False)
    bottom = grid[-1, 1]
    bottom.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    bottom.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.power(value)))
    bottom.set_xlabel("size |w| of the others")
    grid[-1, 0].set_xlabel("exactly zero")
    return figure
