"""The function that a network computes, on its way to the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from reportgen.datasets import Data
from reportgen.errors import DataError
from reportgen.pictures import panel_grid, style, trajectory_views
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import word
from reportgen.pictures.scenes import scenes
from reportgen.statistics.fitted_curves import curves


@scenes.register("fit")
class Fit:
    """Training samples and the true function, and the moving line of a network with one input.

    Raises `DataError` for networks with more inputs or outputs, and for trajectories that know no data.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        drawn = [trajectory_views.data(panel, "fit") for panel in panels]
        for panel in panels:
            shape = panel.trajectory.run.data.shape
            if shape != (1, 1):
                has = " and ".join(map(trajectory_views.count_text, shape, ("input", "output")))
                raise DataError(
                    f"scene 'fit' draws one output as a function of one input; this network has {has}: take 'predicted'"
                )
        # Limits come from the data, so that the axes do not move; a line may start outside.
        self._across = trajectory_views.padded_range([data.x_train for data in drawn], 0.08)
        heights = [data.y_train for data in drawn] + [data.truth[1] for data in drawn if data.truth is not None]
        self._up = trajectory_views.padded_range(heights, 0.06)
        page = panel_grid.Sheet.of_plots(panels, _names(drawn))
        self.figure = page.figure
        self._lines, entries = [], dict[str, Any]()
        for axes, panel, data in zip(page.plots(self._frame), panels, drawn, strict=True):
            color = style.ORANGE if panel.arm is None else style.arm_style(panel.arm).color
            entries |= self._draw_still(axes, data)
            grid, outputs = curves(panel.trajectory)
            (line,) = axes.plot(grid, outputs[0], color=color, linewidth=3, zorder=3)
            self._lines.append((line, outputs))
        entries["network"] = self._lines[0][0]
        page.legend([entries[name] for name in _NAMES if name in entries])
        self._counter = page.counter(steps if counter else None)
        self.moving: Sequence[Artist] = [*(line for line, _ in self._lines), *self._counter.artists]

    def show(self, frame: int) -> None:
        for line, outputs in self._lines:
            line.set_ydata(outputs[frame])
        self._counter.show(frame)

    def _draw_still(self, axes: Axes, data: Data) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        x, y, outlier = data.x_train[:, 0], data.y_train[:, 0], data.outlier_train
        if data.truth is not None:
            truth = data.truth[0][:, 0], data.truth[1][:, 0]
            (entries["truth"],) = axes.plot(*truth, color=style.INK, linewidth=1.3, linestyle=(0, (4, 3)), zorder=4)
        for name, chosen, face in (("sample", ~outlier, style.MUTED), ("outlier", outlier, style.PAPER)):
            if chosen.any():
                look: dict[str, Any] = {"color": style.MUTED, "markerfacecolor": face, "markeredgewidth": 1.6}
                (entries[name],) = axes.plot(x[chosen], y[chosen], linestyle="", marker="o", zorder=2.2, **look)
        return entries

    def _frame(self, axes: Axes) -> None:
        axes.set(xlim=self._across, ylim=self._up)
        style.scale(axes, "x")
        style.scale(axes, "y")


_NAMES = ("sample", "outlier", "truth", "network")
"""Entries of the legend."""


def _names(drawn: Sequence[Data]) -> list[str]:
    """The words of the entries that apply to these data."""
    absent = {
        "sample": not any((~data.outlier_train).any() for data in drawn),
        "outlier": not any(data.outlier_train.any() for data in drawn),
        "truth": all(data.truth is None for data in drawn),
    }
    return [word(name) for name in _NAMES if not absent.get(name)]
