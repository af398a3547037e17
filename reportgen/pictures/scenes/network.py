"""Networks as units and lines of weights, during training."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgba_array
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.pictures import style, trajectory_views
from reportgen.pictures.panel_grid import PanelCell, Sheet, fitted
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import NEGATIVE, POSITIVE, SMALL, word
from reportgen.pictures.scenes import scenes
from reportgen.pictures.trajectory_views import Weights
from reportgen.statistics.sparsity import dead_units

_FOOT = 66
_UNITS = 24
"""The most units of a layer that are shown."""
_WIDEST = 7.0
"""The most pixels of the largest weight's line."""
_STEP = 0.25
"""Widths are multiples of this, so that invisible changes take no bytes."""

_COLORS: Any = to_rgba_array([NEGATIVE, POSITIVE, style.GRAY])
"""Colors of negative weights, positive weights and NaN."""


@scenes.register("network")
class NetworkEdges:
    """Units in columns, inputs at the left; a weight is a line as wide as |w|, red if positive, blue if negative.

    A unit is pale while it is dead: all incoming or all outgoing weights within the band where a subgradient step of
    L1 leaves them, η·λ, or else within a thousandth of the largest weight. Of a wide layer the units with the largest
    weights at the end are shown. Raises `DataError` for kernels that are no matrices, and for layers that do not
    follow one another.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        networks = [_layer_kernels(panel) for panel in panels]
        limit = trajectory_views.largest_weight(networks)
        self._sheet = Sheet(panels, lambda wide: round(0.2 * wide + 286), lambda _: 240, _FOOT)
        self.figure = self._sheet.figure
        self._nets = [
            _Net(self._sheet, cell, kernels, limit) for cell, kernels in zip(self._sheet.cells, networks, strict=True)
        ]
        self._widest = min(net.room for net in self._nets)
        self._limit = limit
        self._add_legend()
        self._counter = self._sheet.counter(steps if counter else None)
        self.moving: Sequence[Artist] = [*(a for net in self._nets for a in net.moving), *self._counter.artists]

    def show(self, frame: int) -> None:
        for net in self._nets:
            net.show(frame, self._widest / self._limit)
        self._counter.show(frame)

    def _add_legend(self) -> None:
        """Add the legend of widths and colors; the names are left out where there is no room for them."""
        sheet = self._sheet
        named = sheet.width >= 560
        wide = 190 if named else min(140, int(sheet.width - sheet.counted - 50))
        left, top = float(sheet.width - 24 - wide), sheet.height - 56
        axes = sheet.axes(left, top, wide, 16)
        axes.set(xlim=(-1, 1), ylim=(-8, 8))
        axes.set_axis_off()
        for side, color in ((-1, NEGATIVE), (1, POSITIVE)):
            wedge = [(0, 0), (side, self._widest / 2), (side, -self._widest / 2)]
            axes.add_patch(Polygon(wedge, color=color, linewidth=0))
        for share, value in ((0, -self._limit), (0.5, 0.0), (1, self._limit)):
            text = style.number(value, 2)
            place = min(left + wide * share, sheet.width - 8 - style.text_length(text, SMALL) / 2)
            sheet.text(place, sheet.height - 34, text, ha="center", color=style.MUTED)
        if not named:
            return
        weight, dead = fitted(word("weight"), 120), fitted(word("dead"), 90)
        sheet.text(left - 14, sheet.height - 59, weight, ha="right", color=style.INK)
        left -= 14 + style.text_length(weight, SMALL) + 18 + style.text_length(dead, SMALL)
        sheet.text(left, sheet.height - 59, dead, color=style.INK)
        node = sheet.axes(left - 24, top - 1, 16, 16)
        node.set_axis_off()
        node.set(xlim=(-1, 1), ylim=(-1, 1))
        _color_units(_unit_circles(np.zeros((1, 2)), 12, node), np.ones(1, bool))


class _Net:
    """One network: the same lines in all frames, with changing widths and colors."""

    def __init__(self, sheet: Sheet, cell: PanelCell, kernels: Sequence[Weights], limit: float) -> None:
        self._kernels = kernels
        source = cell.panel.trajectory.source
        band = 0.0 if source is None else source.training.learning_rate * source.strength
        self._band = band or limit / 1000
        self._units = [_shown_units(kernels, layer) for layer in range(len(kernels) + 1)]
        head = 32 + sheet.title_height
        if cell.panel.title:
            sheet.title(cell, cell.left + 20)
        left, top, wide, high = cell.left + 8, cell.top + head, cell.wide - 16, cell.high - head - 52
        axes = sheet.axes(left, top, wide, high)
        axes.set_axis_off()
        axes.set(xlim=(0, wide), ylim=(high, 0))
        gap = (wide - 56) / len(kernels)
        pitch = min(44.0, high / max(map(len, self._units)))
        self.room = min(_WIDEST, 0.23 * pitch, 0.1 * gap)
        """The widest line, in pixels, that does not hide its neighbors."""
        columns = []
        for layer, units in enumerate(self._units):
            down = high / 2 + pitch * (np.arange(len(units)) - (len(units) - 1) / 2)
            columns.append(np.stack([np.full(len(units), 28 + gap * layer), down], axis=-1))
        ends = [self._weights(layer)[-1].ravel() for layer in range(len(kernels))]
        self._order = [np.argsort(np.abs(w), kind="stable") for w in ends]  # large final weights are drawn on top
        self._edges = []
        for (inputs, outputs), order in zip(itertools.pairwise(columns), self._order, strict=True):
            ends_of: Any = np.stack(np.broadcast_arrays(inputs[:, np.newaxis], outputs[np.newaxis]), axis=2)
            lines = LineCollection(ends_of.reshape(-1, 2, 2)[order], capstyle="butt", zorder=2)
            axes.add_collection(lines, autolim=False)
            self._edges.append(lines)
        self._unit_circles = _unit_circles(np.concatenate(columns), min(20.0, 0.7 * pitch), axes)
        self._names(sheet, cell, left + 28, gap)

    @property
    def moving(self) -> tuple[Artist, ...]:
        """The artists that `show` changes."""
        return (*self._edges, self._unit_circles)

    def show(self, frame: int, width: float) -> None:
        """Set the color and the width of every line; `width` is the pixels of a weight of 1."""
        for layer, edges in enumerate(self._edges):
            w = self._weights(layer)[frame].ravel()[self._order[layer]]
            known = np.isfinite(w)
            pixels = np.round(np.abs(w) * width / _STEP) * _STEP
            widths: Any = np.where(known, pixels, 1.0) * 0.75
            edges.set_linewidth(widths)
            edges.set_color(_COLORS[np.where(known, w > 0, 2).astype(np.intp)])
        _color_units(self._unit_circles, self._dead(frame))

    def _weights(self, layer: int) -> Weights:
        """The weights between the units that are shown: [S, I, O]."""
        return self._kernels[layer][:, self._units[layer]][:, :, self._units[layer + 1]]

    def _dead(self, frame: int) -> NDArray[np.bool_]:
        """A mask of the dead units among those shown, in the order of the columns."""
        kernels = [w[frame] for w in self._kernels]
        unread = np.all(np.abs(kernels[0]) <= self._band, axis=1)
        unfed = np.all(np.abs(kernels[-1]) <= self._band, axis=0)
        layers = [unread, *dead_units(kernels, self._band), unfed]
        return np.concatenate([dead[units] for dead, units in zip(layers, self._units, strict=True)])

    def _names(self, sheet: Sheet, cell: PanelCell, left: float, gap: float) -> None:
        """Add the layer's name above each gap, if it fits, and the number of units below each column."""
        trajectory = cell.panel.trajectory
        characters = (gap - 8) / 10.8
        look = {"color": style.MUTED, "ha": "center", "linespacing": 1.1}
        if characters >= 7:
            for layer in range(len(self._kernels)):
                name = style.wrap_label(trajectory_views.layer_name(trajectory, layer), characters, 1)
                sheet.text(left + gap * (layer + 0.5), cell.top + 8 + sheet.title_height, name, **look)
        counts = [self._kernels[0].shape[1], *(w.shape[2] for w in self._kernels)]
        kinds = [f"{kind}{end}" for kind in ("input", "unit", "output") for end in ("", "s")]
        longest = max(style.text_length(word(kind), SMALL) for kind in kinds) + 6.0
        for layer, (count, units) in enumerate(zip(counts, self._units, strict=True)):
            label = f"{count:,}" if count == len(units) else f"{len(units)} {word('of')} {count:,}"
            kind = "input" if layer == 0 else "output" if layer == len(self._kernels) else "unit"
            if gap >= longest:
                label += f" {word(kind if count == 1 else f'{kind}s')}"
            label = style.wrap_label(label, max(characters, 3), 2)
            half = max(style.text_length(line, SMALL) for line in label.split("\n")) / 2 + 8
            place = min(max(left + gap * layer, cell.left + half), cell.left + cell.wide - half)
            sheet.text(place, cell.top + cell.high - 46, label, **look)


def _layer_kernels(panel: Panel) -> list[Weights]:
    """The kernels of a network of layers that follow one another."""
    kernels, instead = (
        trajectory_views.kernels(panel, "network"),
        "take 'weights', 'paths' or 'singular_values' instead",
    )
    for layer, w in enumerate(kernels):
        name = trajectory_views.layer_name(panel.trajectory, layer)
        if w.ndim != 3:
            raise DataError(
                f"scene 'network' draws layers in which every unit has a weight from every unit before it; the weights "
                f"of {name!r} are {trajectory_views.shape_text(w.shape[1:])}; {instead}"
            )
        before = kernels[layer - 1].shape[2] if layer else w.shape[1]
        if before != w.shape[1]:
            raise DataError(
                f"scene 'network' draws layers that follow one another; {name!r} has {w.shape[1]} inputs, and "
                f"{trajectory_views.layer_name(panel.trajectory, layer - 1)!r} before it {before} outputs; {instead}"
            )
    return kernels


def _shown_units(kernels: Sequence[Weights], layer: int) -> NDArray[np.intp]:
    """Indices of the units of a layer (0: the inputs) that are shown: all, or those with the largest final weights."""
    sizes = [np.nan_to_num(np.abs(w[-1])) for w in kernels]
    sides = [*(sizes[layer - 1 : layer] if layer else ()), *(w.T for w in sizes[layer : layer + 1])]
    largest = np.max([w.max(axis=0) for w in sides], axis=0)
    return np.sort(np.argsort(-largest, kind="stable")[:_UNITS])


def _unit_circles(places: NDArray[np.float64], diameter: float, axes: Axes) -> EllipseCollection:
    """Circles for units, `diameter` pixels wide, in the color of live units."""
    sizes = np.full(len(places), diameter * 0.75)
    nodes = EllipseCollection(
        sizes, sizes, np.zeros(len(places)), units="points", offsets=places, offset_transform=axes.transData
    )
    nodes.set(linewidth=1.5, zorder=3)
    _color_units(nodes, np.zeros(len(places), bool))
    axes.add_collection(nodes, autolim=False)
    return nodes


def _color_units(nodes: EllipseCollection, dead: NDArray[np.bool_]) -> None:
    inside: Any = to_rgba_array([style.MUTED, style.PAPER])
    edge: Any = to_rgba_array([style.MUTED, style.GRID])
    nodes.set_facecolor(inside[dead.astype(np.intp)])
    nodes.set_edgecolor(edge[dead.astype(np.intp)])
