"""The function that a network computes, on its way to the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures import scenes, style
from reportgen.figures.counter import Counter

_FOOT = 86


@scenes.register("fit")
class Fit:
    """Samples that stand still, the truth among them, and a line that moves; one panel for each entry of `panels`.

    `panels` are {"title", "lines"}: the outputs at `grid`, a row a frame. `steps` number the frames.
    """

    def __init__(
        self,
        panels: Sequence[Mapping[str, Any]],
        grid: Any,
        x: Any,
        y: Any,
        outlier: Any,
        steps: Sequence[int],
        truth_x: Any = None,
        truth_y: Any = None,
    ) -> None:
        self.frames = len(steps)
        columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(len(panels), 3)
        width = {1: 640, 2: 480, 3: 320}[columns]
        titled = any(panel.get("title") for panel in panels)
        head = 44 if titled else 18
        high = {1: 480, 2: 440, 3: 360}[columns] - _FOOT - head
        rows = math.ceil(len(panels) / columns)
        self._size = columns * width, rows * (head + high + 12) + _FOOT - 12
        self.figure = Figure(figsize=(self._size[0] / 96, self._size[1] / 96))
        x, y, outlier = np.ravel(x), np.ravel(y), np.ravel(outlier).astype(bool)
        truth = None if truth_x is None else (np.ravel(truth_x), np.ravel(truth_y))
        self._lines = []
        for index, panel in enumerate(panels):
            row, column = divmod(index, columns)
            left = (50 if column == 0 else 28) + column * width
            wide = (column + 1) * width - 20 - left
            axes = self._axes(left, head + row * (head + high + 12), wide, high)
            axes.tick_params(labelbottom=index + columns >= len(panels), labelleft=column == 0)
            if panel.get("title"):
                axes.set_title(style.wrapped(panel["title"], wide // 11, 1), pad=10)
            color = style.arm(panel).color if "arm" in panel else style.ORANGE
            entries = self._still(axes, x, y, outlier, truth)
            (line,) = axes.plot(grid, panel["lines"][0], color=color, linewidth=3, zorder=3)
            self._lines.append((line, np.asarray(panel["lines"])))
        entries["network"] = self._lines[0][0]
        corner = 1 - 12 / self._size[0], 12 / self._size[1]
        self.figure.legend(entries.values(), entries, ncols=4, loc="lower right", bbox_to_anchor=corner)
        self._counter = Counter(self.figure, steps, 20, 25)
        self.moving: Sequence[Artist] = [*(line for line, _ in self._lines), *self._counter.artists]

    def show(self, frame: int) -> None:
        for line, outputs in self._lines:
            line.set_ydata(outputs[frame])
        self._counter.show(frame)

    def _still(self, axes: Axes, x: Any, y: Any, outlier: Any, truth: Any) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        heights = y
        if truth is not None:
            (entries["truth"],) = axes.plot(*truth, color=style.INK, linewidth=1.3, linestyle=(0, (4, 3)), zorder=4)
            heights = np.concatenate([y, truth[1]])
        for name, chosen, face in (("sample", ~outlier, style.MUTED), ("outlier", outlier, style.PAPER)):
            if chosen.any():
                look: dict[str, Any] = {"color": style.MUTED, "markerfacecolor": face, "markeredgewidth": 1.6}
                (entries[name],) = axes.plot(x[chosen], y[chosen], linestyle="", marker="o", zorder=2.2, **look)
        # Limits come from the data, so the axes hold still, and a line that starts far away comes in from outside.
        room = 0.06 * (np.ptp(heights) or 1.0)
        axes.set_ylim(heights.min() - room, heights.max() + room)
        return entries

    def _axes(self, left: float, top: float, wide: float, high: float) -> Axes:
        width, height = self._size
        axes = self.figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
        style.scale(axes, "x")
        style.scale(axes, "y")
        return axes
