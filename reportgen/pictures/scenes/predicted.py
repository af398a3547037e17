"""Predictions against targets, for networks of any number of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from reportgen.losses import loss_of
from reportgen.pictures import panel_grid, style, trajectory_views
from reportgen.pictures.counter import Counter
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import SMALL, word
from reportgen.pictures.scenes import scenes

_MOST = 250
"""The most points of each kind."""


@scenes.register("predicted")
class Predicted:
    """A point for each sample and output: the target is x, the prediction is y, so correct predictions are on the
    diagonal. The root of the mean squared error of all test samples is printed above.

    Of classes the prediction is a probability, and the target 0 or 1. Of many samples an evenly spaced selection is
    shown. Raises `DataError` for trajectories that know no data.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = False

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        drawn = [trajectory_views.data(panel, "predicted") for panel in panels]
        # Limits come from the data, so that the axes do not move; predictions may start outside.
        self._limits = trajectory_views.padded_range([y for data in drawn for y in (data.y_train, data.y_test)], 0.06)
        labels = [word("training_sample"), word("test_sample")]
        page = panel_grid.Sheet.of_plots(panels, labels, 24, panel_grid.PLOT_FOOT + 24)
        self.figure = page.figure
        self._points, readings = [], []
        for axes, panel, data in zip(page.plots(self._frame, 28), panels, drawn, strict=True):
            axes.plot(self._limits, self._limits, color=style.INK, linewidth=1.3, linestyle=(0, (4, 3)), zorder=1.5)
            color = style.ORANGE if panel.arm is None else style.arm_style(panel.arm).color
            handles = []
            for face, edge, x, y in (
                (style.PAPER, style.MUTED, data.x_train, data.y_train),
                (color, style.PAPER, data.x_test, data.y_test),
            ):
                outputs = _outputs(panel, x)
                shown = np.unique(np.linspace(0, y.size - 1, min(y.size, _MOST)).round().astype(np.intp))
                (points,) = axes.plot(y.ravel()[shown], np.zeros(len(shown)), "o", color=face, markersize=6.5, zorder=2)
                points.set(markeredgecolor=edge, markeredgewidth=1.1)
                handles.append(points)
                self._points.append((points, outputs.reshape(len(outputs), -1)[:, shown]))
                if x is data.x_test:
                    errors = np.sqrt(((outputs - y) ** 2).mean(axis=(1, 2)))
            readings.append(Counter(self.figure, _numbers(errors), *page.above(axes), word("test_error"), SMALL))
        page.legend(handles)
        self._counters = [page.counter(steps if counter else None), *readings]
        self.moving: Sequence[Artist] = [
            *(points for points, _ in self._points),
            *(artist for each in self._counters for artist in each.artists),
        ]

    def show(self, frame: int) -> None:
        for points, outputs in self._points:
            points.set_ydata(outputs[frame])
        for counter in self._counters:
            counter.show(frame)

    def _frame(self, axes: Axes) -> None:
        axes.set(xlim=self._limits, ylim=self._limits, xlabel=word("measured"), ylabel=word("predicted"))
        style.scale(axes, "x")
        style.scale(axes, "y")


def _outputs(panel: Panel, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predictions [S, B, O] at inputs [B, I] at each record: outputs, or probabilities of classes."""
    loss = loss_of(panel.trajectory.run.training.loss)
    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges
        outputs = np.stack([panel.trajectory.predict(x, record) for record in range(len(panel.trajectory.steps))])
        return np.asarray(loss.prediction(outputs, np))


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """Values as text, with decimals for three significant digits of the smallest."""
    known = values[np.isfinite(values) & (values > 0)]
    digits = 0 if not known.size else int(np.clip(2 - np.floor(np.log10(known.min())), 0, 4))
    return [f"{value:,.{digits}f}" if value < 1e6 else style.number(value, 3) for value in values]
