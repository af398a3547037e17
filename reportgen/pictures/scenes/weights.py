"""Heat maps of the weights of one or several networks, layer by layer, during training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from reportgen.pictures import scene_look, style, trajectory_views
from reportgen.pictures.panel_grid import PanelCell, Sheet, fitted
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import SMALL, word
from reportgen.pictures.scenes import scenes
from reportgen.pictures.trajectory_views import Weights

_FOOT = 66
_LEAST = 110
"""The least width of a matrix with its name, and the least height of a row of matrices."""


@scenes.register("weights")
class WeightMaps:
    """A heat map for every kernel of every network, all in one scale of colors that is symmetric about zero.

    Rows are a layer's inputs, columns its outputs; of a convolution each of these cells is a filter, with a gap to the
    next. Where cells would be narrower than two pixels, a block of weights shows the one farthest from zero, since a
    mean would hide the few that matter, and the layer's name says so. NaN is gray.

    `dial` replaces the step in the counter: a name such as "λ =" and a value for each record.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(
        self, panels: Sequence[Panel], counter: bool = True, dial: tuple[str, Sequence[str]] | None = None
    ) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        networks = [trajectory_views.kernels(panel, "weights") for panel in panels]
        self._limit = trajectory_views.largest_weight(networks)
        self._colors = scene_look.signed_colors()

        def least(wide: int) -> int:
            rows = max(math.ceil(len(layers) / _matrix_columns(len(layers), wide)) for layers in networks)
            return 40 + rows * _LEAST

        self._sheet = Sheet(panels, lambda wide: max(round(0.2 * wide + 286), least(wide)), least, _FOOT)
        self.figure = self._sheet.figure
        self._maps: list[tuple[AxesImage, Weights]] = []
        for cell, layers in zip(self._sheet.cells, networks, strict=True):
            self._draw_network(cell, layers)
        self._draw_color_bar()
        name, values = dial or ("", steps)
        self._counter = self._sheet.counter(values if counter else None, name)
        self.moving: Sequence[Artist] = [*(image for image, _ in self._maps), *self._counter.artists]

    def show(self, frame: int) -> None:
        for image, kernel in self._maps:
            image.set_data(kernel[frame])
        self._counter.show(frame)

    def _draw_network(self, cell: PanelCell, kernels: Sequence[Weights]) -> None:
        """Draw a grid of matrices, as square as possible, under the title of the network."""
        head = self._sheet.title_height
        if cell.panel.title:
            self._sheet.title(cell, cell.left + 20)
        across = _matrix_columns(len(kernels), cell.wide)
        down = math.ceil(len(kernels) / across)
        # Margins: 20 pixels around the matrices, 24 between two, above each 28 for its name, or 50 for two lines.
        wide, pitch = (cell.wide - 40 - 24 * (across - 1)) // across, (cell.high - head - 6) // down
        characters = (wide + 20) / (0.8 * SMALL)
        for above in (28, 50):
            drawn = [_Cells.from_kernel(w, wide, max(8, pitch - above - 8), self._limit) for w in kernels]
            names = [self._matrix_name(cell.panel, layer, cells.note, characters) for layer, cells in enumerate(drawn)]
            if all(len(name) <= characters for name in names):
                break
        for layer, (cells, name) in enumerate(zip(drawn, names, strict=True)):
            row, column = divmod(layer, across)
            x, y = cell.left + 20 + column * (wide + 24), cell.top + head + 6 + row * pitch + above
            label = style.wrap_label(name, characters, 2)
            self._sheet.text(x, y - 5, label, va="bottom", color=style.MUTED, linespacing=1.1)
            self._draw_matrix(cells.values, x, y, wide, max(8, pitch - above - 8))

    def _matrix_name(self, panel: Panel, layer: int, note: str, characters: float) -> str:
        """The name of a layer, its shape, and a note if it was reduced."""
        name, shape = (
            trajectory_views.layer_name(panel.trajectory, layer),
            trajectory_views.shape_text(panel.trajectory.kernels[layer].shape[1:]),
        )
        if not panel.trajectory.layers and len(f"{name} · {shape}") > characters:
            name = str(layer + 1)
        return f"{style.wrap_label(name, max(6, characters - len(shape) - 4), 1)} · {shape}{note}"

    def _draw_matrix(self, cells: Weights, x: int, y: int, wide: int, high: int) -> None:
        """Draw square cells if they fit, but no matrix thinner than a tenth of its length; cells are whole pixels."""
        rows, columns = cells.shape[1:]
        cell = min(wide / columns, high / rows)
        across, down = columns * cell, rows * cell
        across, down = min(wide, max(across, down / 10)), min(high, max(down, across / 10))
        axes = self._axes(x, y, _round_length(across, columns), _round_length(down, rows))
        axes.add_patch(self._draw_border(_round_length(across, columns), _round_length(down, rows), axes))
        image = axes.imshow(cells[0], cmap=self._colors, vmin=-self._limit, vmax=self._limit, aspect="auto")
        self._maps.append((image, cells))

    def _draw_border(self, across: int, down: int, axes: Axes) -> Rectangle:
        """Draw a border around a matrix, since zeros are white; it is below the matrix, so drawn once."""
        x, y = 1.5 / across, 1.5 / down
        border = Rectangle((-x, -y), 1 + 2 * x, 1 + 2 * y, transform=axes.transAxes, clip_on=False, zorder=-1)
        border.set(edgecolor=style.GRID, linewidth=1.5, fill=False)
        return border

    def _draw_color_bar(self) -> None:
        """Draw the scale of colors at the right of the foot, under its name if there is no room beside it."""
        width, height = self._sheet.width, self._sheet.height
        named = width >= 560
        bar = 220 if named else min(140, int(width - self._sheet.counted - 50))
        name = fitted(word("weight"), 120)
        axes = self._axes(width - 24 - bar, height - 56, bar, 16)
        levels = np.linspace(-1, 1, style.SIGNED.N)[np.newaxis]
        axes.imshow(levels, cmap=self._colors, aspect="auto")
        for share, value in ((0, -self._limit), (0.5, 0.0), (1, self._limit)):
            text = style.number(value, 2)
            place = min(width - 24 - bar + bar * share, width - 8 - style.text_length(text, SMALL) / 2)
            self._sheet.text(place, height - 34, text, ha="center", color=style.MUTED)
        if named:
            self._sheet.text(width - 36 - bar, height - 59, name, ha="right", color=style.INK)

    def _axes(self, x: float, y: float, wide: float, high: float) -> Axes:
        axes = self._sheet.axes(x, y, wide, high)
        axes.set_axis_off()
        return axes


def _matrix_columns(layers: int, wide: int) -> int:
    """Number of matrices side by side."""
    return max(1, min(math.ceil(math.sqrt(layers)), (wide - 16) // (_LEAST + 24)))


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells of a kernel as they are drawn."""

    values: Weights
    """[S, rows, columns]."""
    note: str
    """How the kernel was reduced to these cells; empty if it was not."""

    @classmethod
    def from_kernel(cls, kernel: Weights, wide: int, high: int, limit: float) -> _Cells:
        """Cells at least two pixels wide in an area of `wide` × `high` pixels."""
        cells, largest = _tile_filters(kernel, -4 * limit), ""  # far enough below the scale
        filters = kernel.shape[1:-2]
        if cells.shape[1] * 2 <= high and cells.shape[2] * 2 <= wide:
            return cls(cells, "")
        if math.prod(filters) > 1:
            # Without gaps filters cannot be distinguished, so each becomes one cell.
            flat = kernel.reshape(len(kernel), math.prod(filters), -1)
            cells = trajectory_views.block_extremes(flat, (math.prod(filters), 1)).reshape(
                len(kernel), *kernel.shape[-2:]
            )
            largest = trajectory_views.shape_text(filters)
        block = math.ceil(2 * cells.shape[1] / high), math.ceil(2 * cells.shape[2] / wide)
        if block != (1, 1):
            cells = trajectory_views.block_extremes(cells, block)
            largest = trajectory_views.shape_text((*filters, *block))
        return cls(cells, f", {word('largest_of')} {largest}")


def _tile_filters(kernel: Weights, gap: float) -> Weights:
    """A kernel as one matrix a record: filters [H, W] in rows of inputs and columns of outputs, `gap` between them."""
    if kernel.ndim <= 3 or math.prod(kernel.shape[1:-2]) == 1:
        return kernel.reshape(len(kernel), *(1, 1, *kernel.shape[1:])[-2:])
    *deep, inputs, outputs = kernel.shape[1:]
    high, wide = (math.prod(deep[:-1]), deep[-1])
    tiles = np.full((len(kernel), inputs, high + 1, outputs, wide + 1), gap, np.float32)
    tiles[:, :, :-1, :, :-1] = kernel.reshape(len(kernel), high, wide, inputs, outputs).transpose(0, 3, 1, 4, 2)
    return tiles.reshape(len(kernel), inputs * (high + 1), outputs * (wide + 1))[:, :-1, :-1]


def _round_length(length: float, cells: int) -> int:
    """`length` in pixels, shortened so that all `cells` are equally wide if they are wider than a pixel."""
    return int(length) // cells * cells or int(length)
