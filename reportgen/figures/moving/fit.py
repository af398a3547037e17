"""The function that a network computes, on its way to the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.analysis.curves import curves
from reportgen.datasets import Data
from reportgen.errors import DataError
from reportgen.figures import Panel, scenes, style
from reportgen.figures.counter import Counter

_FOOT = 86


@scenes.register("fit")
class Fit:
    """Training samples that stand still, the truth among them, and a line that moves: networks of one input.

    Raises `DataError` for networks with more inputs or outputs, and for trajectories that know no data.
    """

    of_training: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        for panel in panels:
            if panel.trajectory.run.data.shape != (1, 1):
                raise DataError("scene 'fit' draws a function of one input; for several inputs take 'predicted'")
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(len(panels), 3)
        width = {1: 640, 2: 480, 3: 320}[columns]
        titled = any(panel.title for panel in panels)
        head = 44 if titled else 18
        high = {1: 480, 2: 440, 3: 360}[columns] - _FOOT - head
        rows = math.ceil(len(panels) / columns)
        self._size = columns * width, rows * (head + high + 12) + _FOOT - 12
        self.figure = Figure(figsize=(self._size[0] / 96, self._size[1] / 96))
        self._lines = []
        for index, panel in enumerate(panels):
            row, column = divmod(index, columns)
            left = (50 if column == 0 else 28) + column * width
            wide = (column + 1) * width - 20 - left
            axes = self._axes(left, head + row * (head + high + 12), wide, high)
            axes.tick_params(labelbottom=index + columns >= len(panels), labelleft=column == 0)
            if panel.title:
                axes.set_title(style.wrapped(panel.title, wide // 11, 1), pad=10)
            color = style.ORANGE if panel.arm is None else style.arm(panel.arm).color
            entries = self._still(axes, panel.trajectory.run.draw())
            grid, outputs = curves(panel.trajectory)
            (line,) = axes.plot(grid, outputs[0], color=color, linewidth=3, zorder=3)
            self._lines.append((line, outputs))
        entries["network"] = self._lines[0][0]
        corner = 1 - 12 / self._size[0], 12 / self._size[1]
        self.figure.legend(entries.values(), entries, ncols=4, loc="lower right", bbox_to_anchor=corner)
        self._counter = Counter(self.figure, steps if counter else None, 20, 25)
        self.moving: Sequence[Artist] = [*(line for line, _ in self._lines), *self._counter.artists]

    def show(self, frame: int) -> None:
        for line, outputs in self._lines:
            line.set_ydata(outputs[frame])
        self._counter.show(frame)

    def _still(self, axes: Axes, data: Data) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        x, heights, outlier = data.x_train[:, 0], data.y_train[:, 0], data.outlier_train
        y = heights
        if data.truth is not None:
            truth = data.truth[0][:, 0], data.truth[1][:, 0]
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
