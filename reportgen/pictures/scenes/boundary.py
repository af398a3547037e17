"""The classes that a network with two inputs tells apart, as areas of the plane that move during training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

from reportgen.datasets import Data
from reportgen.errors import DataError
from reportgen.pictures import panel_grid, style, trajectory_views
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import mix
from reportgen.pictures.scenes import scenes
from reportgen.statistics.class_areas import MOST_CLASSES, class_indices, class_probabilities

_CELLS = 72
"""Cells of the plane along each input."""
_LEVELS = 8
"""Shades of a class, from its color to that of the paper, so that a palette has room for all of them."""
_PALEST, _FULLEST = 0.94, 0.5
"""Share of paper in the color of an area whose class is a guess, and of one whose class is certain."""


@scenes.register("boundary")
class Boundary:
    """Training samples by class, on areas in the color of the likeliest class, paler where it is less certain.

    Raises `DataError` for networks whose targets are no classes or that have not two inputs, and for trajectories that
    know no data.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = False

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        drawn = [trajectory_views.data(panel, "boundary") for panel in panels]
        for data in drawn:
            _check(data)
        classes = drawn[0].classes
        self._looks = [style.arm_style({}, place) for place in range(len(classes))]
        # Limits come from the data, so that the axes do not move.
        across, up = (
            trajectory_views.padded_range([x[:, i] for data in drawn for x in (data.x_train, data.x_test)], 0.05)
            for i in range(2)
        )
        self._limits = across, up
        page = panel_grid.Sheet.of_plots(panels, classes)
        self.figure = page.figure
        self._maps: list[tuple[Any, NDArray[np.float64]]] = []
        for axes, panel, data in zip(page.plots(self._frame), panels, drawn, strict=True):
            cells = _shades(panel, across, up)
            image = axes.imshow(
                cells[0],
                cmap=ListedColormap(self._colors()),
                vmin=0,
                vmax=len(classes) * _LEVELS - 1,
                extent=(*across, *up),
                origin="lower",
                aspect="auto",
                interpolation="nearest",
                zorder=1,
            )
            axes.grid(visible=False)
            self._maps.append((image, cells))
            handles = self._draw_samples(axes, data)
        page.legend(handles)
        self._counter = page.counter(steps if counter else None)
        self.moving: Sequence[Artist] = [*(image for image, _ in self._maps), *self._counter.artists]

    def show(self, frame: int) -> None:
        for image, cells in self._maps:
            image.set_data(cells[frame])
        self._counter.show(frame)

    def _colors(self) -> list[str]:
        """The colors of the areas: those of each class, from the palest to the fullest."""
        shares = np.linspace(_PALEST, _FULLEST, _LEVELS)
        return [mix(look.color, style.PAPER, float(share)) for look in self._looks for share in shares]

    def _draw_samples(self, axes: Axes, data: Data) -> list[Artist]:
        """Draw the training samples; return one artist for each class."""
        handles: list[Artist] = []
        of = class_indices(data.y_train)
        for i, look in enumerate(self._looks):
            x = data.x_train[of == i]
            (points,) = axes.plot(x[:, 0], x[:, 1], look.marker, color=look.color, markersize=6.5, zorder=3)
            points.set(markeredgecolor=style.PAPER, markeredgewidth=1.1)
            handles.append(points)
        return handles

    def _frame(self, axes: Axes) -> None:
        across, up = self._limits
        axes.set(xlim=across, ylim=up)
        style.scale(axes, "x")
        style.scale(axes, "y")


def _check(data: Data) -> None:
    """Raise `DataError` if the scene cannot draw networks of these data."""
    if not data.classes:
        raise DataError("scene 'boundary' draws classes, and the targets of this network are numbers: take 'predicted'")
    if (inputs := data.x_train.shape[1]) != 2:
        raise DataError(
            "scene 'boundary' draws a plane of two inputs; this network has "
            f"{trajectory_views.count_text(inputs, 'input')}: take 'weights'"
        )
    if len(data.classes) > MOST_CLASSES:
        raise DataError(
            f"scene 'boundary' has colors for {MOST_CLASSES} classes; these are {len(data.classes)}: take 'weights'"
        )


def _shades(panel: Panel, across: tuple[float, float], up: tuple[float, float]) -> NDArray[np.float64]:
    """The number of the color of each cell at each record [S, rows, columns], the lowest row first."""

    def centers(low: float, high: float) -> NDArray[np.float64]:
        return low + (np.arange(_CELLS) + 0.5) * (high - low) / _CELLS

    plane = np.stack(np.meshgrid(centers(*across), centers(*up)), axis=-1).reshape(-1, 2)
    shades = []
    for record in range(len(panel.trajectory.steps)):
        chances = class_probabilities(panel.trajectory, plane, record)
        classes = chances.shape[1]
        # Of a network whose numbers are no longer finite, nothing is certain.
        sure = np.nan_to_num((chances.max(axis=1) * classes - 1) / (classes - 1))
        level = np.minimum((sure * _LEVELS).astype(int), _LEVELS - 1)
        shades.append(chances.argmax(axis=1) * _LEVELS + level)
    return np.array(shades, np.float64).reshape(-1, _CELLS, _CELLS)
