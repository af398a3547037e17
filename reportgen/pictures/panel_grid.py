"""The layout of scenes of training: a sheet with a cell for each panel, and a common foot.

Lengths are CSS pixels from the top left corner; all sheets have even sizes, which videos need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reportgen.pictures import style
from reportgen.pictures.picture import Panel

PLOT_FOOT = 74
"""Height of the foot under plots: their tick labels, and below them a line with the counter and the legend."""

_PLOT_HEIGHTS = {1: 406, 2: 366, 3: 286}


def columns(panels: Sequence[Panel]) -> int:
    """Number of panels side by side."""
    return {1: 1, 2: 2, 3: 3, 4: 2}.get(len(panels), 3)


def width(panels: Sequence[Panel]) -> int:
    """Width of a panel's cell."""
    return {1: 640, 2: 480, 3: 320}[columns(panels)]


@dataclass(frozen=True, eq=False)
class PanelCell:
    """The position and size of a panel on a sheet."""

    panel: Panel
    left: int
    top: int
    wide: int
    high: int
    leftmost: bool
    lowest: bool


class Sheet:
    """Cells in rows of at most three, as wide as their number allows, and `foot` pixels below them."""

    def __init__(self, panels: Sequence[Panel], high: int, foot: int) -> None:
        across = columns(panels)
        wide = width(panels)
        self.width, height = across * wide, math.ceil(len(panels) / across) * high + foot
        self.height = height + height % 2
        self.figure = Figure(figsize=(self.width / 96, self.height / 96))
        self.cells = [
            PanelCell(
                panel, i % across * wide, i // across * high, wide, high, i % across == 0, i + across >= len(panels)
            )
            for i, panel in enumerate(panels)
        ]
        self.titled = any(panel.title for panel in panels)

    def axes(self, left: float, top: float, wide: float, high: float) -> Axes:
        """Add axes at a position."""
        return self.figure.add_axes(self._box(left, top, wide, high))

    def text(self, left: float, top: float, text: str, **look: Any) -> None:
        """Add text with its top left corner at a position, unless `look` aligns it otherwise."""
        self.figure.text(left / self.width, 1 - top / self.height, text, **{"va": "top", **look})

    def title(self, cell: PanelCell, left: int) -> None:
        """Add the title of a panel, cut at the end of its cell."""
        room = (cell.left + cell.wide - left - 12) // 11
        self.text(left, cell.top + 12, style.wrap_label(cell.panel.title, room, 1), fontsize=12, fontweight="bold")

    def legend(self, entries: Sequence[tuple[str, Artist]]) -> None:
        """Add the legend at the right of the foot; the counter is at the left."""
        corner = 1 - 12 / self.width, 12 / self.height
        characters = ((self.width - 180) / len(entries) - 52) / 8.8
        labels, handles = zip(
            *((style.wrap_label(label, characters, 1), handle) for label, handle in entries), strict=True
        )
        self.figure.legend(handles, labels, ncols=len(labels), loc="lower right", bbox_to_anchor=corner)

    def plots(self, frame: Callable[[Axes], None], above: int = 0, below: int = 0) -> list[Axes]:
        """Add axes to every cell, with limits that `frame` sets, and `above` pixels for a line of text above.

        Tick labels are beside the left column and below the last row, in the margins that they need; names below
        every plot instead of them need `below` pixels more.
        """
        head = (44 if self.titled else 18) + above
        plots: list[Axes] = []
        for cell in self.cells:
            axes = self.figure.add_axes((0, 0, 1, 1), label=str(len(plots)))
            frame(axes)
            beside = math.ceil(max(map(style.text_length, _ticks(axes.yaxis)), default=0)) + 12
            beside += 22 if axes.get_ylabel() else 0
            half = math.ceil(max(map(style.text_length, _ticks(axes.xaxis)), default=0) / 2)
            left = cell.left + (max(50, beside) if cell.leftmost else max(28, half))
            right = cell.left + cell.wide - max(20, half)
            box = self._box(left, cell.top + head, right - left, cell.high - head - 12 - below)
            axes.set_position(box)
            _thin_ticks(axes.xaxis, right - left)
            axes.tick_params(labelbottom=cell.lowest or below > 0, labelleft=cell.leftmost)
            if not cell.leftmost:
                axes.set_ylabel("")
            if not cell.lowest:
                axes.set_xlabel("")
            if cell.panel.title:
                self.title(cell, left)
            plots.append(axes)
        return plots

    def above(self, axes: Axes) -> tuple[float, float]:
        """The position of the line of text above a plot, from the left and the bottom of the figure."""
        box = axes.get_position()
        return box.x0 * self.width, box.y1 * self.height + 10

    def _box(self, left: float, top: float, wide: float, high: float) -> tuple[float, float, float, float]:
        return left / self.width, 1 - (top + high) / self.height, wide / self.width, high / self.height


def plot_height(panels: Sequence[Panel]) -> int:
    """Height of the cells of plots."""
    return _PLOT_HEIGHTS[columns(panels)]


def bars(left: NDArray[np.float64], right: NDArray[np.float64], high: NDArray[Any]) -> Any:
    """Bars from zero up, as polygons [bars, corners, 2]."""
    low = np.zeros(len(high))
    return np.stack([(left, low), (left, high), (right, high), (right, low)]).transpose(2, 0, 1)


def _ticks(axis: Axis) -> list[str]:
    """The tick labels of an axis."""
    low, high = sorted(axis.get_view_interval())
    shown = [place for place in axis.get_majorticklocs() if low <= place <= high]
    return axis.get_major_formatter().format_ticks(shown)


def _thin_ticks(axis: Axis, room: float) -> None:
    """Reduce the tick labels below a plot until they fit `room` without overlap."""
    for most in (5, 4, 3, 2):
        if sum(style.text_length(text) + 14 for text in _ticks(axis)) <= room:
            return
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
