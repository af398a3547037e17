"""One palette for all frames of an animation, so that no color flickers, and no dithering."""

from __future__ import annotations

from collections.abc import Iterable
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.pictures.raster import Pixels

_PART = 1 << 15

UNCHANGED = 0
"""The index of a pixel that stays as it is; it stands for no color."""

MOST = 255
"""Colors of a palette, at most: all indices of a byte but one."""


class Palette:
    """At most 255 colors, and which of them stands for any other."""

    def __init__(self, colors: Pixels) -> None:
        """The palette holds `colors` themselves if they fit, otherwise so many that none is far from all of them."""
        chosen = _chosen(colors, np.ones(len(colors)), np.ones(len(colors)))
        # The first row is that of no color.
        self.colors = np.concatenate([np.zeros((1, 3)), _channels(colors[chosen])]).astype(np.uint8)
        """Red, green and blue by index."""
        # Index by color, filled in when a color is first met. Memory comes in small pages when it is written to;
        # NumPy would ask for huge ones, and have all of them at once.
        self._table = np.frombuffer(mmap(-1, 1 << 24), np.uint8)

    @classmethod
    def of(cls, frames: Iterable[Pixels], more: Pixels) -> Palette:
        """The palette for `frames` (some of an animation will do) and the colors of `more`, which count as rare."""
        parts = [(more & 0xFFFFFF, np.ones(len(more), np.intp))]
        last: Pixels | None = None
        for frame in frames:
            # A color that is also above or in the frame before has been counted there.
            new = np.ones(frame.shape, np.bool_) if last is None else frame != last
            new[1:] &= frame[1:] != frame[:-1]
            parts.append(np.unique(frame[new] & 0xFFFFFF, return_counts=True))
            last = frame.copy()
        colors, place = np.unique(np.concatenate([found for found, _ in parts]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([count for _, count in parts])).astype(np.float64)
        first, second = len(parts[0][0]), len(parts[0][0]) + len(parts[1][0])
        # What the first frame shows may stand still to the end, letters above all, and is looked at for longer.
        weights = np.where(np.bincount(place[first:second], minlength=len(colors)), 3.0, 1.0)
        chosen = _chosen(colors, counts, weights)
        # Those that move most come first: a frame that shows no others is coded in fewer bits.
        moves = np.bincount(place[second:], minlength=len(colors))[chosen]
        return cls(colors[chosen[np.argsort(-moves, kind="stable")]])

    def indices(self, pixels: Pixels) -> NDArray[np.uint8]:
        """For each pixel the index of the nearest color."""
        flat = pixels.ravel()
        found = np.empty(flat.shape, np.uint8)
        # In parts that fit the processor's cache: looking up needs eight bytes for each pixel.
        for start in range(0, len(flat), _PART):
            found[start : start + _PART] = self._looked_up(flat[start : start + _PART] & 0xFFFFFF)
        return found.reshape(pixels.shape)

    def _looked_up(self, colors: NDArray[Any]) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = self._table[colors]
        new = found == UNCHANGED
        if new.any():
            unknown = np.unique(colors[new])
            self._table[unknown] = _nearest(_channels(unknown), self.colors[1:]) + 1
            found = self._table[colors]
        return found


def _channels(colors: Pixels) -> NDArray[np.float32]:
    return np.stack([(colors >> shift) & 0xFF for shift in (0, 8, 16)], axis=-1).astype(np.float32)


def _chosen(colors: Pixels, counts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which `MOST` of many colors to take: the most frequent, and then always the farthest from all taken so far.

    That bounds the largest error, and that of a color of weight three by a third of it.
    """
    if len(colors) <= MOST:
        return np.arange(len(colors))
    rgb, scale = _channels(colors), weights.astype(np.float32) ** 2
    frequent = np.argsort(-counts, kind="stable")[: MOST // 8]
    gap = np.full(len(rgb), np.inf, np.float32)
    taken: list[int] = []
    for index in range(MOST):
        taken.append(int(frequent[index] if index < len(frequent) else gap.argmax()))
        gap = np.minimum(gap, ((rgb - rgb[taken[-1]]) ** 2).sum(axis=1) * scale)
    return np.array(taken)


def _nearest(rgb: NDArray[np.float32], colors: NDArray[np.uint8]) -> NDArray[np.intp]:
    """For each row of `rgb` the number of the nearest color; some at a time, for there may be many."""
    known = colors.astype(np.float32)
    # |a - b|² / 2 without |a|², which is the same for every b; float32 holds these numbers exactly.
    half = (known**2).sum(axis=1) / 2
    parts = [(half - rgb[start : start + 4096] @ known.T).argmin(axis=1) for start in range(0, len(rgb), 4096)]
    return np.concatenate(parts)
