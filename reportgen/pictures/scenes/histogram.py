"""How the weights of a network are distributed while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from reportgen.pictures import panel_grid, style, trajectory_views
from reportgen.pictures.counter import Counter
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import SMALL, word
from reportgen.pictures.scenes import scenes
from reportgen.pictures.trajectory_views import Weights

_BINS = 41
"""Odd, so that zero lies in the middle of one."""
_LARGE = 2500
"""The largest count at which a single weight is visible on a scale of square roots."""


@scenes.register("histogram")
class Histogram:
    """Counts of the weights of all layers in constant bins; exact zeros have a color of their own.

    The share of exact zeros is printed above. Heights are square roots of counts, or logarithms for large networks, so
    that single weights are visible beside hundreds of zeros. NaN is in no bin.
    """

    of_training: ClassVar[bool] = True
    in_page: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        steps = panels[0].trajectory.steps
        self.frames = len(steps)
        networks = [trajectory_views.kernels(panel, "histogram") for panel in panels]
        self._limit = trajectory_views.largest_weight(networks)
        self.edges = np.linspace(-self._limit, self._limit, _BINS + 1)
        self._counts = [_bin_counts(layers, self.edges) for layers in networks]
        self._most = max(int(counts.max()) for counts, _ in self._counts) or 1
        page = panel_grid.Sheet.of_plots(panels, [word("zero")])
        self.figure = page.figure
        self._bars, readings = [], []
        plots = page.plots(self._frame, 28)
        for axes, panel, layers, (_, zeros) in zip(plots, panels, networks, self._counts, strict=True):
            color = style.BLUE if panel.arm is None else style.arm_style(panel.arm).color
            bars = [PolyCollection([], facecolor=shade, linewidth=0, zorder=2) for shade in (color, style.INK)]
            for bar in bars:
                axes.add_collection(bar, autolim=False)
            self._bars.append(bars)
            shares = [style.share(count / sum(w[0].size for w in layers)) for count in zeros]
            readings.append(Counter(self.figure, shares, *page.above(axes), word("zero"), SMALL))
        page.legend([Patch(color=style.INK)])
        self._counters = [page.counter(steps if counter else None), *readings]
        self.moving: Sequence[Artist] = [
            *(bar for bars in self._bars for bar in bars),
            *(artist for each in self._counters for artist in each.artists),
        ]

    def show(self, frame: int) -> None:
        gap = 0.06 * (self.edges[1] - self.edges[0])
        left, right = self.edges[:-1] + gap, self.edges[1:] - gap
        middle = slice(_BINS // 2, _BINS // 2 + 1)
        for (others, exact), (counts, zeros) in zip(self._bars, self._counts, strict=True):
            others.set_verts(panel_grid.bars(left, right, counts[frame]))
            exact.set_verts(panel_grid.bars(left[middle], right[middle], zeros[frame : frame + 1]))
        for counter in self._counters:
            counter.show(frame)

    def _frame(self, axes: Axes) -> None:
        axes.set_xlim(-self._limit, self._limit)
        style.scale(axes, "x")
        if self._most < _LARGE:
            axes.set_yscale("function", functions=(lambda count: np.sqrt(np.maximum(count, 0)), np.square))
            axes.set(ylim=(0, 1.06 * self._most), ylabel=f"{word('weights')} (√)")
            place: Any = np.sqrt
        else:
            axes.set_yscale("symlog", linthresh=1, linscale=0.4)
            axes.set(ylim=(0, 1.5 * self._most), ylabel=f"{word('weights')} (log)")
            place = np.log10
        axes.yaxis.set_major_locator(FixedLocator(_ticks(self._most, place)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: style.number(value, 6))
        axes.grid(visible=False, axis="x")


def _ticks(most: int, place: Any) -> list[float]:
    """Round counts up to `most` with enough distance at the positions that `place` gives."""
    ticks = [0.0]
    for count in sorted(lead * 10.0**size for lead in (1, 2, 5) for size in range(9)):
        last = float(place(ticks[-1])) if ticks[-1] else 0.0
        if count <= most and place(count) - last >= 0.17 * place(most):
            ticks.append(count)
    return ticks if len(ticks) > 1 else [0.0, 1.0]


def _bin_counts(kernels: Sequence[Weights], edges: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each record the count of each bin [S, bins], and the number of exactly zero weights [S]."""
    records = range(len(kernels[0]))
    flat = [np.concatenate([w[record].ravel() for w in kernels]) for record in records]
    counts = [np.histogram(w[np.isfinite(w)].astype(np.float64), edges)[0] for w in flat]
    return np.stack(counts), np.array([np.count_nonzero(w == 0) for w in flat])
