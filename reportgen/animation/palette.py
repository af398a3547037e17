"""One palette for all frames of an animation, so that no colour flickers, and no dithering."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from reportgen.animation.raster import Pixels

MOST = 255
"""Colours of a palette, at most: one index of a byte is left to mean that a pixel stays as it is."""


class Palette:
    """At most 255 colours, and which of them stands for any other."""

    def __init__(self, colours: Pixels, counts: NDArray[np.intp] | None = None) -> None:
        """The palette holds `colours` themselves if they fit; otherwise those that `counts` says are frequent, and
        of the others always the one farthest from all chosen so far, which bounds the largest error.
        """
        rgb = _channels(colours)
        if len(rgb) > MOST:
            order = np.argsort(-counts, kind="stable") if counts is not None else np.arange(len(rgb))
            rgb = rgb[order]
            chosen = list(range(MOST // 4))
            gap = np.min([_distance(rgb, rgb[index]) for index in chosen], axis=0)
            while len(chosen) < MOST:
                chosen.append(int(gap.argmax()))
                gap = np.minimum(gap, _distance(rgb, rgb[chosen[-1]]))
            rgb = rgb[chosen]
        self.colours = rgb.astype(np.uint8)
        # Index by colour, filled in when a colour is first met.
        self._table = np.full(1 << 24, MOST, np.uint8)

    @classmethod
    def of(cls, frames: Iterable[Pixels], more: Pixels) -> Palette:
        """The palette for `frames` (some of an animation will do) and the colours of `more`, which count as rare."""
        seen, last = [more], None
        for frame in frames:
            seen.append(frame.ravel() if last is None else frame[frame != last])
            last = frame.copy()
        colours, counts = np.unique(np.concatenate(seen) & 0xFFFFFF, return_counts=True)
        return cls(colours, counts)

    def indices(self, pixels: Pixels) -> NDArray[np.uint8]:
        """For each pixel the index of the nearest colour."""
        plain = pixels & 0xFFFFFF
        found: NDArray[np.uint8] = self._table[plain]
        new = found == MOST
        if new.any():
            colours = np.unique(plain[new])
            distances = _distance(_channels(colours)[:, np.newaxis], self.colours.astype(np.int32))
            self._table[colours] = distances.argmin(axis=1)
            found = self._table[plain]
        return found


def _channels(colours: Pixels) -> NDArray[np.int32]:
    return np.stack([(colours >> shift) & 0xFF for shift in (0, 8, 16)], axis=-1).astype(np.int32)


def _distance(colours: NDArray[np.int32], to: NDArray[np.int32]) -> NDArray[np.int32]:
    difference: NDArray[np.int32] = ((colours - to) ** 2).sum(axis=-1)
    return difference
