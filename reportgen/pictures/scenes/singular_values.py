"""The singular values of every layer during training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from reportgen.pictures import panel_grid, style, trajectory_views
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import word
from reportgen.pictures.scenes import scenes
from reportgen.pictures.trajectory_views import Weights

_MOST = 20
"""The most singular values of a layer."""
_NAMES = 26
"""Height of the line of names below a plot."""


@scenes.register("singular_values")
class SingularValues:
    """A bar for each singular value of each layer's matrix, the largest first, with a mark at its initial value.

    A convolution's kernel counts as a matrix [H·W·I, O]. Of large matrices the 20 largest values are shown, or fewer
    where layers are many.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        networks = [trajectory_views.kernels(panel, "singular_values") for panel in panels]
        self.values = [[_singular_values(w) for w in layers] for layers in networks]
        """For each panel and layer [S, values], all of them."""
        self._most = trajectory_views.largest_weight(self.values)
        whole = all(v.shape[1] <= _MOST for v in chain(*self.values))
        below = _NAMES * ((not whole) + (len(panels) > 2))
        page = panel_grid.Sheet.of_plots(panels, [f"{word('at_step')} {int(steps[0]):,}"], below)
        shown = [_shown_counts(values, page.wide) for values in self.values]
        self.figure = page.figure
        plots = page.plots(self._frame, below=below)
        self._bars = [_Bars(*each) for each in zip(plots, panels, self.values, shown, strict=True)]
        page.legend([Line2D([], [], color=style.INK, linewidth=1.6)])
        self._counter = page.counter(steps if counter else None)
        self.moving: Sequence[Artist] = [*(bars.artist for bars in self._bars), *self._counter.artists]

    def show(self, frame: int) -> None:
        for bars in self._bars:
            bars.show(frame)
        self._counter.show(frame)

    def _frame(self, axes: Axes) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 1.05 * self._most), xticks=[], ylabel=word("singular_value"))
        style.scale(axes, "y")
        axes.grid(visible=False, axis="x")


class _Bars:
    """The bars of one network, a group for each layer, under groups of equal width."""

    def __init__(self, axes: Axes, panel: Panel, values: Sequence[Weights], counts: Sequence[int]) -> None:
        room = axes.bbox.width / len(values)
        pitch = min(0.84 / max(counts), 22 / room) / len(values)
        centers = (np.arange(len(values)) + 0.5) / len(values)
        places = [at + pitch * (np.arange(k) - (k - 1) / 2) for at, k in zip(centers, counts, strict=True)]
        self._left, self._right = np.concatenate(places) - 0.39 * pitch, np.concatenate(places) + 0.39 * pitch
        self._singular_values = np.concatenate([v[:, :k] for v, k in zip(values, counts, strict=True)], axis=1)
        color = style.BLUE if panel.arm is None else style.arm_style(panel.arm).color
        self.artist = PolyCollection([], facecolor=color, linewidth=0, zorder=2)
        axes.add_collection(self.artist, autolim=False)
        # Above the bars, which would hide it; drawing lines in every frame is cheap.
        start = np.nan_to_num(self._singular_values[0])
        marks = [((left, y), (right, y)) for left, right, y in zip(self._left, self._right, start, strict=True)]
        axes.add_collection(LineCollection(marks, colors=style.INK, linewidths=1.6, zorder=2.4), autolim=False)
        characters = (room - 4) / 10.8
        labels = []
        for layer, (v, k) in enumerate(zip(values, counts, strict=True)):
            name = str(layer + 1)
            if characters >= 6:
                name = style.wrap_label(trajectory_views.layer_name(panel.trajectory, layer), characters, 1)
            if k < v.shape[1]:
                counts_shown = f"{k} {word('of')} {v.shape[1]:,}"
                name = f"{name}\n{style.wrap_label(counts_shown, characters, 1)}"
            labels.append(name)
        axes.set_xticks(centers, labels)

    def show(self, frame: int) -> None:
        """Set the height of every bar; NaN has none."""
        high = np.nan_to_num(self._singular_values[frame])
        self.artist.set_verts(panel_grid.bars(self._left, self._right, high))


def _shown_counts(values: Sequence[Weights], wide: int) -> list[int]:
    """Number of values of each layer that fit a cell `wide` pixels wide, at five pixels or more for each bar."""
    return [min(v.shape[1], _MOST, max(1, (wide - 80) // len(values) // 5)) for v in values]


def _singular_values(kernel: Weights) -> Weights:
    """Singular values [S, K] of a layer's matrix at each record, descending; NaN if a weight is NaN."""
    matrices = trajectory_views.matrices(kernel).astype(np.float64)
    known = np.isfinite(matrices).all(axis=(1, 2))
    found = np.full((len(matrices), min(matrices.shape[1:])), np.nan)
    found[known] = np.linalg.svd(matrices[known], compute_uv=False)
    return found
