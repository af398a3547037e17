"""Coefficients of the columns of a table while λ falls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reportgen.pictures import style
from reportgen.pictures.counter import Counter
from reportgen.pictures.scene_look import NEGATIVE, POSITIVE, SMALL, WIDTH, current_room, word
from reportgen.pictures.scenes import scenes

_NAMED = 10
"""Columns whose names are shown: those with the largest coefficients at the end."""
_HIGH, _LEFT, _RIGHT, _FOOT, _HEAD = 420, 76, 178, 104, 26
"""Height and margins in CSS pixels."""


@scenes.register("column_path")
class FallingStrength:
    """A line for each column, which grows from the left while λ falls; names stand where their lines end.

    `strengths` [S] fall, `coefficients` [S, P] belong to standardized columns, and `chosen` is the λ that a dotted line
    marks.
    """

    of_training: ClassVar[bool] = False
    in_page: ClassVar[bool] = False

    def __init__(
        self,
        strengths: Sequence[float] = (4.0, 2.0, 1.0, 0.5),
        coefficients: Sequence[Sequence[float]] = ((0.0, 0.0), (1.0, 0.0), (1.5, -0.5), (1.75, -0.75)),
        names: Sequence[str] = ("first", "second"),
        chosen: float | None = None,
        ylabel: str = "",
        counter: bool = True,
    ) -> None:
        self._values = np.asarray(coefficients, dtype=float)
        levels = np.asarray(strengths, dtype=float)
        self.frames = len(levels)
        wide, tall = current_room() or (WIDTH, 0)
        tall = tall or _HIGH
        # On a small picture the names get less room.
        right = min(_RIGHT, wide / 3)
        self.figure = Figure(figsize=(wide / 96, tall / 96))
        axes = self.figure.add_axes(
            (_LEFT / wide, _FOOT / tall, (wide - _LEFT - right) / wide, (tall - _FOOT - _HEAD) / tall)
        )
        low, high = min(self._values.min(), 0.0), max(self._values.max(), 0.0)
        room = 0.06 * (high - low or 1.0)
        style.scale(axes, "x", "log", levels)
        style.scale(axes, "y")
        axes.set(xlim=(levels[0], levels[-1]), ylim=(low - room, high + room))
        axes.set(xlabel=word("strength").rstrip(" ="), ylabel=style.wrap_label(ylabel, tall / 13, 2))
        axes.axhline(0, color=style.MUTED, linewidth=1, zorder=1)
        if chosen is not None:
            axes.axvline(chosen, color=style.INK, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1.5)
        self._levels = levels
        colors = [POSITIVE if value >= 0 else NEGATIVE for value in self._values[-1]]
        self._lines = [axes.plot([], [], color=color, linewidth=2, zorder=2)[0] for color in colors]
        self._tips = [axes.plot([], [], "o", color=color, markersize=5, zorder=3)[0] for color in colors]
        most = min(_NAMED, int((tall - _FOOT - _HEAD) // 20) + 1)
        named = np.argsort(-np.abs(self._values[-1]), kind="stable")[:most]
        heights = _spread(self._values[-1][named], low - room, high + room, 20 / (tall - _FOOT - _HEAD))
        for column, height in zip(named, heights, strict=True):
            place = (1.02, (height - low + room) / (high - low + 2 * room))
            name = _shortened(names[column], right - 16)
            axes.text(*place, name, transform=axes.transAxes, va="center", color=colors[column])
        self._counter = Counter(
            self.figure, [style.number(level) for level in levels] if counter else None, 20, 20, name=word("strength")
        )
        self.moving: Sequence[Artist] = [
            *self._lines,
            *self._tips,
            *self._counter.artists,
        ]

    def show(self, frame: int) -> None:
        for line, tip, values in zip(self._lines, self._tips, self._values.T, strict=True):
            line.set_data(self._levels[: frame + 1], values[: frame + 1])
            tip.set_data(self._levels[frame : frame + 1], values[frame : frame + 1])
        self._counter.show(frame)


def _shortened(name: str, room: float) -> str:
    """The name, cut so that it fits into so many CSS pixels."""
    name = style.wrap_label(name, 40, 1)
    cut = name
    while cut and style.text_length(cut, SMALL) > room:
        cut = cut[:-1]
    return name if cut == name else f"{cut[:-1]}…"


def _spread(values: NDArray[np.float64], low: float, high: float, share: float) -> NDArray[np.float64]:
    """Heights for labels beside `values`, at least `share` of the range apart, in the same order."""
    apart = share * (high - low)
    order = np.argsort(values, kind="stable")
    heights = np.clip(values[order], low, high).astype(float)
    for _ in range(200):  # neighbors that are too close move apart until none is
        gaps = np.diff(heights)
        if not len(gaps) or gaps.min() >= apart * 0.999:
            break
        push = np.maximum(apart - gaps, 0) / 2
        heights[:-1] -= push
        heights[1:] += push
        heights -= max(heights[-1] - high, 0)
        heights += max(low - heights[0], 0)
    found = np.empty_like(heights)
    found[order] = heights
    return found
