"""The paths of weights during training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reportgen.experiment.site_settings import contrast
from reportgen.pictures import panel_grid, scene_look, style, trajectory_views
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import word
from reportgen.pictures.scenes import scenes
from reportgen.pictures.trajectory_views import Weights

_MOST = 500
"""The most paths of a network; more would fill the plot."""
_NAMED = 4
"""The most layers in the legend; the colors between form a scale."""


@scenes.register("paths")
class Paths:
    """A line for every weight, in the color of its layer, that grows from left to right.

    Of a network with many weights half of the lines are the weights that come farthest from zero, and half are taken
    evenly from the others.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        networks = [trajectory_views.kernels(panel, "paths") for panel in panels]
        self._steps, self._limit = steps.astype(float), 1.05 * trajectory_views.largest_weight(networks)
        sizes = [sum(w[0].size for w in layers) for layers in networks]
        sampled = [_sample_paths(layers) for layers in networks]
        deepest = max(range(len(panels)), key=lambda i: len(networks[i]))
        layers = len(networks[deepest])
        named = np.unique(np.linspace(0, layers - 1, min(layers, _NAMED)).round().astype(np.intp))
        names = [style.wrap_label(trajectory_views.layer_name(panels[deepest].trajectory, i), 14, 1) for i in named]
        page = panel_grid.Sheet.of_plots(panels, names)
        self.figure = page.figure
        plots = page.plots(self._frame, 28 if max(sizes) > _MOST else 0)
        # The part of the scale that is visible on the paper.
        dark = contrast(scene_look.settings().paper, "#000000") < contrast(scene_look.settings().paper, "#ffffff")
        colors = colormaps["viridis"](np.linspace(*((0.35, 1.0) if dark else (0.08, 0.9)), max(2, layers)))
        self._curtains = []
        for axes, size, (paths, layer) in zip(plots, sizes, sampled, strict=True):
            points: Any = np.stack(np.broadcast_arrays(self._steps, paths), axis=-1)
            look: Any = {"linewidths": 1.3 if size <= _MOST else 0.9}
            axes.add_collection(LineCollection(points, colors=colors[layer], zorder=1.6, **look), autolim=False)
            self._curtains.append(_Curtain(axes, self._steps, paths, colors[layer]))
            if size > _MOST:
                left, bottom = page.above(axes)
                note = f"{_MOST} {word('of')} {size:,} {word('weights')}: {word('half_largest')}"
                room = axes.get_position().width * page.width
                page.text(left, page.height - bottom, panel_grid.fitted(note, room), va="bottom", color=style.MUTED)
        keys = [Line2D([], [], color=colors[layer], linewidth=2.5) for layer in named]
        page.legend(keys)
        self._counter = page.counter(steps if counter else None)
        self.moving: Sequence[Artist] = [*(a for c in self._curtains for a in c.moving), *self._counter.artists]

    def show(self, frame: int) -> None:
        for curtain in self._curtains:
            curtain.show(frame)
        self._counter.show(frame)

    def _frame(self, axes: Axes) -> None:
        first, last = self._steps[0], self._steps[-1]
        room = 0.015 * ((last - first) or 1.0)
        axes.set(xlim=(first - room, last + room), ylim=(-self._limit, self._limit), ylabel=word("weight"))
        style.scale(axes, "x")
        style.scale(axes, "y")


class _Curtain:
    """A cover over the records that are still to come, with the grid on it, and points at its edge on every path.

    All lines are drawn once and then uncovered, so a frame draws only the cover.
    """

    def __init__(self, axes: Axes, steps: NDArray[np.float64], paths: Weights, colors: NDArray[np.float64]) -> None:
        self._steps, self._paths = steps, paths
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        self._right = right
        axes.grid(visible=False)
        self._heights = [place for place in axes.get_yticks() if low <= place <= high]
        look = {
            "colors": [style.MUTED if place == 0 else style.GRID for place in self._heights],
            "linewidths": [1.2 if place == 0 else 0.8 for place in self._heights],
        }
        axes.add_collection(LineCollection(self._grid(left), zorder=1, **look), autolim=False)
        self._paper = Rectangle((left, low), right - left, high - low, facecolor=style.PAPER, linewidth=0, zorder=2)
        axes.add_patch(self._paper)
        self._ahead = LineCollection(self._grid(left), zorder=2.1, **look)
        axes.add_collection(self._ahead, autolim=False)
        self._heads = axes.scatter(np.full(len(paths), left), paths[:, 0], s=20, c=colors, linewidths=0, zorder=2.2)
        self.moving: tuple[Artist, ...] = (self._paper, self._ahead, self._heads)

    def show(self, frame: int) -> None:
        """Uncover the paths as far as `frame`."""
        now = self._steps[frame]
        self._paper.set_x(now)
        self._paper.set_width(self._right - now)
        self._ahead.set_segments(self._grid(now))
        self._heads.set_offsets(np.stack([np.full(len(self._paths), now), self._paths[:, frame]], axis=-1))

    def _grid(self, left: float) -> list[NDArray[np.float64]]:
        """The grid from `left` on."""
        return [np.array([(left, place), (self._right, place)]) for place in self._heights]


def _sample_paths(kernels: Sequence[Weights]) -> tuple[Weights, NDArray[np.intp]]:
    """Paths [N, S] of the weights that are drawn, ordered by layer, and the layer of each."""
    layers = np.repeat(np.arange(len(kernels)), [w[0].size for w in kernels])
    paths = np.concatenate([w.reshape(len(w), -1) for w in kernels], axis=1).T
    if len(paths) <= _MOST:
        return paths, layers
    order = np.argsort(-np.nan_to_num(np.abs(paths)).max(axis=1), kind="stable")
    others = order[_MOST // 2 :]
    evenly = np.linspace(0, len(others) - 1, _MOST - _MOST // 2).round().astype(np.intp)
    chosen = np.sort(np.concatenate([order[: _MOST // 2], others[evenly]]))
    return paths[chosen], layers[chosen]
