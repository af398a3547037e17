"""The layout of scenes of training: a sheet with a cell for each panel, and a common foot.

Lengths are CSS pixels from the top left corner; all sheets have even sizes, which videos need. A sheet is as wide as
the page's column of text, or it fills the room that `scene_look` gives it. All text is at least `SMALL` points, so that
it can be read on a telephone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reportgen.pictures import scene_look, style
from reportgen.pictures.counter import Counter
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import SMALL, TITLE, word

PLOT_FOOT = 74
"""Height of the foot under plots: their tick labels, and below them a line with the counter and the legend."""

_LEAST_WIDE = 290
"""The least width of a cell."""
_LINE = 27
"""Height of a line of text."""
_SHAPE = 4 / 3
"""The best ratio of the width of a cell to its height."""


_LEAST_PLOT = 210
"""The least height of a cell with a plot."""


def _plot_height(wide: int) -> int:
    """The usual height of a cell with a plot."""
    return round(0.36 * wide + 176)


def fitted(text: str, room: float, size: float = SMALL, lines: int = 1) -> str:
    """`text` at `size` points in lines of `room` pixels; an ellipsis replaces the rest."""
    return style.wrap_label(text, max(1.0, room / (0.6 * size / 0.75)), lines)


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
    """Cells in rows, and a foot below them with the counter and the legend."""

    def __init__(
        self,
        panels: Sequence[Panel],
        high: Callable[[int], int],
        least: Callable[[int], int],
        foot: int,
        labels: Iterable[str] = (),
    ) -> None:
        """`high` and `least` give the usual and the least height of a cell by its width; `labels` are the legend's."""
        steps = panels[0].trajectory.steps
        self._labels = list(labels)
        self.counted = max(130.0, 30 + style.text_length(f"{word('step')} {int(steps[-1]):,}", Counter.SIZE))
        """Width that the counter needs at the left of the foot."""
        self.width, self.height, self.across, foot = self._size(len(panels), high, least, foot)
        self.wide, rows = self.width // self.across, math.ceil(len(panels) / self.across)
        """Width of a cell."""
        tall = (self.height - foot) // rows
        self.figure = Figure(figsize=(self.width / 96, self.height / 96))
        self.cells = [
            PanelCell(
                panel,
                i % self.across * self.wide,
                i // self.across * tall,
                self.wide,
                tall,
                i % self.across == 0,
                i + self.across >= len(panels),
            )
            for i, panel in enumerate(panels)
        ]
        self.titled = any(panel.title for panel in panels)
        titles = [fitted(panel.title, self.wide - 90, 1.1 * TITLE, 2) for panel in panels]
        self.title_height = (24 * max(title.count("\n") + 1 for title in titles) + 8) if self.titled else 0
        """Height of the titles of panels; 0 without."""

    @classmethod
    def of_plots(
        cls, panels: Sequence[Panel], labels: Iterable[str] = (), more: int = 0, foot: int = PLOT_FOOT
    ) -> Sheet:
        """A sheet for a plot in each cell, `more` pixels higher than usual."""
        return cls(panels, lambda wide: _plot_height(wide) + more, lambda _: _LEAST_PLOT + more, foot, labels)

    def _size(
        self, count: int, high: Callable[[int], int], least: Callable[[int], int], foot: int
    ) -> tuple[int, int, int, int]:
        """Width, height, number of columns and height of the foot."""
        wide, tall = scene_look.current_room() or (scene_look.WIDTH, 0)
        if not tall:
            across = min(count, max(1, int(wide // _LEAST_WIDE)))
            foot += self._legend_height(wide)
            height = math.ceil(count / across) * high(int(wide // across)) + foot
            return int(wide), height + height % 2, across, foot
        choices = []
        for across in range(1, count + 1):
            rows = math.ceil(count / across)
            # Where cells would be too small the sheet is drawn larger, and then shown smaller, with its text.
            factor = max(1.0, _LEAST_WIDE * across / wide)
            for _ in range(4):  # the least height depends on the width
                below = foot + self._legend_height(factor * wide)
                factor = max(factor, (rows * least(int(factor * wide / across)) + below) / tall)
            shape = factor * wide / across / ((factor * tall - below) / rows)
            choices.append((round(factor, 3), abs(math.log(shape / _SHAPE)), across, below))
        factor, _, across, below = min(choices)
        return round(factor * wide), round(factor * tall), across, below

    def _legend_height(self, wide: float) -> int:
        """The height of the lines for the legend if it does not fit beside the counter."""
        columns = self._legend_columns(wide)
        return 0 if not columns else _LINE * math.ceil(len(self._labels) / columns)

    def _legend_columns(self, wide: float) -> int:
        """Number of columns of a legend above the counter; 0 if it fits beside it."""
        widths = [60 + style.text_length(label, SMALL) for label in self._labels]
        if sum(widths) + self.counted + 12 <= wide:
            return 0
        fitting = min(len(widths), max(1, int((wide - 32) // max(widths))))
        return math.ceil(len(widths) / math.ceil(len(widths) / fitting))

    def axes(self, left: float, top: float, wide: float, high: float) -> Axes:
        """Add axes at a position."""
        return self.figure.add_axes(self._box(left, top, wide, high))

    def text(self, left: float, top: float, text: str, **look: Any) -> None:
        """Add text with its top left corner at a position, unless `look` aligns it otherwise."""
        self.figure.text(left / self.width, 1 - top / self.height, text, **{"va": "top", **look})

    def title(self, cell: PanelCell, left: int) -> None:
        """Add the title of a panel, in at most two lines."""
        title = fitted(cell.panel.title, cell.left + cell.wide - left - 12, 1.1 * TITLE, 2)
        self.text(left, cell.top + 10, title, fontsize=TITLE, fontweight="bold", linespacing=1.1)

    def counter(self, values: Iterable[object] | None, name: str = "") -> Counter:
        """The counter at the left of the foot; none if there are no `values`."""
        return Counter(self.figure, values, 20, 25, name or word("step"))

    def legend(self, handles: Sequence[Artist]) -> None:
        """Add the legend in the foot: at the right, or in lines of its own above the counter."""
        corner: tuple[float, float]
        place: Any
        columns = self._legend_columns(self.width)
        room = (self.width - 32) / (columns or 1) - 56 if columns else self.width
        labels = [fitted(label, room) for label in self._labels]
        if columns:
            corner, place = (20 / self.width, 52 / self.height), "lower left"
        else:
            corner, place = (1 - 12 / self.width, 20 / self.height), "lower right"
        self.figure.legend(handles, labels, ncols=columns or len(labels), loc=place, bbox_to_anchor=corner)

    def plots(self, frame: Callable[[Axes], None], above: int = 0, below: int = 0) -> list[Axes]:
        """Add axes to every cell, with limits that `frame` sets, and `above` pixels for a line of text above.

        Tick labels are beside the left column and below the last row, in the margins that they need; names below
        every plot instead of them need `below` pixels more.
        """
        head = (self.title_height + 12 if self.titled else 18) + above
        plots: list[Axes] = []
        for cell in self.cells:
            axes = self.figure.add_axes((0, 0, 1, 1), label=str(len(plots)))
            frame(axes)
            beside = math.ceil(max(map(_length, _ticks(axes.yaxis)), default=0)) + 12
            beside += 28 if axes.get_ylabel() else 0
            half = math.ceil(max(map(_length, _ticks(axes.xaxis)), default=0) / 2)
            left = cell.left + (max(50, beside, half) if cell.leftmost else max(28, half))
            right = cell.left + cell.wide - max(20, half)
            high = max(20, cell.high - head - 12 - below)
            axes.set_position(self._box(left, cell.top + head, right - left, high))
            _thin_ticks(axes.xaxis, right - left)
            axes.tick_params(labelbottom=cell.lowest or below > 0, labelleft=cell.leftmost)
            axes.set_ylabel(fitted(axes.get_ylabel(), high) if cell.leftmost else "")
            if not cell.lowest:
                axes.set_xlabel("")
            if cell.panel.title:
                self.title(cell, left)
            plots.append(axes)
        return plots

    def above(self, axes: Axes) -> tuple[float, float]:
        """The position of the line of text above a plot, from the left and the bottom of the figure."""
        box = axes.get_position()
        return box.x0 * self.width, box.y1 * self.height + 9

    def _box(self, left: float, top: float, wide: float, high: float) -> tuple[float, float, float, float]:
        return left / self.width, 1 - (top + high) / self.height, wide / self.width, high / self.height


def bars(left: NDArray[np.float64], right: NDArray[np.float64], high: NDArray[Any]) -> Any:
    """Bars from zero up, as polygons [bars, corners, 2]."""
    low = np.zeros(len(high))
    return np.stack([(left, low), (left, high), (right, high), (right, low)]).transpose(2, 0, 1)


def _length(text: str) -> float:
    return style.text_length(text, SMALL)


def _ticks(axis: Axis) -> list[str]:
    """The tick labels of an axis."""
    low, high = sorted(axis.get_view_interval())
    shown = [place for place in axis.get_majorticklocs() if low <= place <= high]
    return axis.get_major_formatter().format_ticks(shown)


def _thin_ticks(axis: Axis, room: float) -> None:
    """Reduce the tick labels below a plot until they fit `room` without overlap."""
    for most in (5, 4, 3, 2):
        if sum(_length(text) + 16 for text in _ticks(axis)) <= room:
            return
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
