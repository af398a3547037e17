"""The weights of one network or several, layer by layer, while they are trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from reportgen.figures import Panel, scenes, style
from reportgen.figures.counter import Counter

_FOOT = 66


@scenes.register("weights")
class Weights:
    """A heat map for every kernel of every network, all in one scale of colours that is symmetric about zero.

    Rows are a layer's inputs, columns its outputs. `dial` says what the records differ in if it is not the step: a name
    such as "λ =" and a value for each.
    """

    of_training: ClassVar[bool] = True

    def __init__(
        self, panels: Sequence[Panel], counter: bool = True, dial: tuple[str, Sequence[str]] | None = None
    ) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(len(panels), 3)
        width, height = {1: (640, 414), 2: (480, 414), 3: (320, 330)}[columns]
        rows = math.ceil(len(panels) / columns)
        self.figure = Figure(figsize=(columns * width / 96, (rows * height + _FOOT) / 96))
        self._size = columns * width, rows * height + _FOOT
        kernels = [kernel for panel in panels for kernel in panel.trajectory.kernels]
        # A run that diverged has weights that are no numbers; they are drawn grey and must not spoil the scale.
        self._limit = max(float(np.abs(w[np.isfinite(w)]).max(initial=0)) for w in kernels) or 1.0
        self._maps: list[tuple[AxesImage, np.ndarray[Any, Any]]] = []
        for index, panel in enumerate(panels):
            row, column = divmod(index, columns)
            self._network(panel, column * width, row * height, width, height)
        self._colour_bar()
        name, values = dial or ("step", steps)
        self._counter = Counter(self.figure, values if counter else None, 20, 28, name)
        self.moving: Sequence[Artist] = [*(image for image, _ in self._maps), *self._counter.artists]

    def show(self, frame: int) -> None:
        for image, kernel in self._maps:
            image.set_data(kernel[frame])
        self._counter.show(frame)

    def _network(self, panel: Panel, left: int, top: int, width: int, height: int) -> None:
        """A grid of matrices, as nearly square as their number allows, under the title of the network."""
        kernels = panel.trajectory.kernels
        head = 0
        if panel.title:
            head = 30
            title = style.wrapped(panel.title, (width - 24) // 11, 1)
            self._text(left + 20, top + 12, title, fontsize=12, fontweight="bold")
        columns = math.ceil(math.sqrt(len(kernels)))
        rows = math.ceil(len(kernels) / columns)
        # Around the matrices 20 pixels, between two of them 24, above each 26 for its name.
        wide, high = (width - 40 - 24 * (columns - 1)) // columns, (height - head - 6) // rows - 34
        for index, kernel in enumerate(kernels):
            row, column = divmod(index, columns)
            x, y = left + 20 + column * (wide + 24), top + head + 6 + row * (high + 34)
            inputs, outputs = kernel.shape[1:]
            name = f"layer {index + 1} · {inputs}×{outputs}" if wide > 150 else f"{index + 1} · {inputs}×{outputs}"
            self._text(x, y + 4, name, fontsize=10.5 if wide > 110 else 9, color=style.MUTED)
            self._matrix(kernel, x, y + 26, wide, high)

    def _matrix(self, kernel: np.ndarray[Any, Any], x: int, y: int, wide: int, high: int) -> None:
        """Square cells where they fit, but no matrix thinner than a tenth of its length; whole pixels a cell."""
        rows, columns = kernel.shape[1:]
        cell = min(wide / columns, high / rows)
        across, down = columns * cell, rows * cell
        across, down = min(wide, max(across, down / 10)), min(high, max(down, across / 10))
        axes = self._axes(x, y, _whole(across, columns), _whole(down, rows))
        axes.add_patch(self._border(_whole(across, columns), _whole(down, rows), axes))
        image = axes.imshow(kernel[0], cmap=style.SIGNED, vmin=-self._limit, vmax=self._limit, aspect="auto")
        self._maps.append((image, kernel))

    def _border(self, across: int, down: int, axes: Axes) -> Rectangle:
        """A frame around a matrix, of which zeros would else be as white as the page; below it, so drawn once."""
        x, y = 1.5 / across, 1.5 / down
        border = Rectangle((-x, -y), 1 + 2 * x, 1 + 2 * y, transform=axes.transAxes, clip_on=False, zorder=-1)
        border.set(edgecolor=style.GRID, linewidth=1.5, fill=False)
        return border

    def _colour_bar(self) -> None:
        width, height = self._size
        axes = self._axes(width - 20 - 260, height - 54, 260, 14)
        levels = np.linspace(-1, 1, style.SIGNED.N)[np.newaxis]
        axes.imshow(levels, cmap=style.SIGNED, aspect="auto")
        for share, value in ((0, -self._limit), (0.5, 0.0), (1, self._limit)):
            self._text(width - 280 + 260 * share, height - 34, style.number(value, 2), ha="center", color=style.MUTED)
        self._text(width - 292, height - 55, "weight", ha="right", color=style.INK)

    def _axes(self, x: float, y: float, wide: float, high: float) -> Axes:
        width, height = self._size
        axes = self.figure.add_axes((x / width, 1 - (y + high) / height, wide / width, high / height))
        axes.set_axis_off()
        return axes

    def _text(self, x: float, y: float, text: str, **look: Any) -> None:
        width, height = self._size
        self.figure.text(x / width, 1 - y / height, text, va="top", **look)


def _whole(length: float, cells: int) -> int:
    """`length` in pixels, shortened so that all `cells` are equally wide if they are wider than a pixel."""
    return int(length) // cells * cells or int(length)
