"""Lines over a common axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reportgen.pictures import style
from reportgen.pictures.stills import figures

Array = NDArray[np.float64]


@figures.register("curves")
def curves(panels: Sequence[Mapping[str, Any]], share_y: bool = False) -> Figure:
    """Panels of lines that share one legend; a label has the same style in every panel.

    A panel is {"title", "xlabel", "ylabel", "xscale", "yscale", "series", "marks", "levels"}, of which only "series"
    is needed. A series is {"label", "x", "y"}, with a band where it has "low" and "high"; "arm" picks its style by
    number. "marks" are {"x", "label"}: vertical lines with a name; "levels" are {"y", "label"}, horizontal ones.
    A logarithmic axis whose data contain a zero shows it too, to the left of the logarithms. With `share_y` all panels
    have the same vertical axis.
    """
    labels = list(dict.fromkeys(series["label"] for panel in panels for series in panel["series"]))
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = style.blank_figure(56 + (330 if columns == 1 else 300 * rows) + (10 * len(labels)))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=share_y).ravel()
    entries: dict[str, Any] = {}
    marked = any(panel.get("marks") for panel in panels)
    for axes, panel in zip(grid, panels, strict=False):
        _draw(axes, panel, labels, entries, 46 // columns)
        if panel.get("title"):
            axes.set_title(style.wrap_label(panel["title"], 42 // columns, 2), pad=24 if marked else 8)
    spare = grid[len(panels) :]
    for axes in spare:
        axes.set_axis_off()
    style.legend(figure, entries if len(entries) > 1 else {}, where=spare[0] if len(spare) else None)
    return figure


def _draw(axes: Axes, panel: Mapping[str, Any], labels: list[str], entries: dict[str, Any], width: int) -> None:
    _scale(axes, panel, "x")
    _scale(axes, panel, "y")
    for series in panel["series"]:
        look = style.arm_style(series, labels.index(series["label"]))
        x, y = np.asarray(series["x"], dtype=float), np.asarray(series["y"], dtype=float)
        few = len(x) <= 25
        (line,) = axes.plot(
            *_thinned(x, y),
            color=look.color,
            linestyle=look.dash if len(x) <= 600 else "-",
            linewidth=2.0 if len(x) <= 600 else 1.3,
            marker=look.marker if few else "",
            markeredgecolor=style.PAPER,
            markeredgewidth=0.8,
            markersize=6.5,
            zorder=3,
        )
        entries.setdefault(series["label"], line)
        if series.get("low") is not None:
            few_enough = slice(None, None, len(x) // 600 + 1)
            low, high = (np.asarray(series[edge], dtype=float)[few_enough] for edge in ("low", "high"))
            axes.fill_between(x[few_enough], low, high, color=look.color, alpha=0.16, linewidth=0, zorder=2)
    for mark in panel.get("marks") or ():
        axes.axvline(mark["x"], color=style.INK, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1.5)
        words = style.wrap_label(mark["label"], 22, 1)
        style.annotate(axes, words, (mark["x"], 1), (0, 3), xycoords=("data", "axes fraction"), ha="center")
    for level in panel.get("levels") or ():
        axes.axhline(level["y"], color=style.MUTED, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1.5)
        words, place = style.wrap_label(level["label"], width - 6, 1), (1, level["y"])
        style.annotate(axes, words, place, (0, 3), xycoords=("axes fraction", "data"), ha="right", color=style.MUTED)
    axes.set_xlabel(style.wrap_label(panel.get("xlabel", ""), width - 1, 2))
    axes.set_ylabel(style.wrap_label(panel.get("ylabel", ""), 22, 2))
    axes.margins(x=0.03)


def _scale(axes: Axes, panel: Mapping[str, Any], which: str) -> None:
    values = [np.ravel(np.asarray(series[which], dtype=float)) for series in panel["series"]]
    style.scale(axes, which, panel.get(f"{which}scale") or "linear", np.concatenate(values))


def _thinned(x: Array, y: Array, most: int = 300) -> tuple[Array, Array]:
    """A long line reduced to its lowest and highest point in each of `most` parts, which looks the same."""
    if len(x) <= 2 * most:
        return x, y
    pieces = np.array_split(np.arange(len(x)), most)
    kept = np.unique([piece[pick(y[piece])] for piece in pieces for pick in (np.argmin, np.argmax)])
    return x[kept], y[kept]
