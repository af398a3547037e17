"""One palette for all frames of an animation, so that no colour flickers, and no dithering."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from reportgen.animation.raster import Pixels

UNCHANGED = 0
"""The index of a pixel that stays as it is; it stands for no colour."""

MOST = 255
"""Colours of a palette, at most: all indices of a byte but one."""


class Palette:
    """At most 255 colours, and which of them stands for any other."""

    def __init__(
        self, colours: Pixels, counts: NDArray[np.intp] | None = None, moves: NDArray[np.intp] | None = None
    ) -> None:
        """The palette holds `colours` themselves if they fit. Otherwise it holds those that `counts` says are frequent,
        and others placed so that none of `colours` is far from all of them. Those of the most `moves` come first, so
        that a frame which shows no others is coded in fewer bits.
        """
        rgb = _channels(colours)
        moves = np.zeros(len(rgb), np.intp) if moves is None else moves
        if len(rgb) > MOST:
            order = np.arange(len(rgb)) if counts is None else np.argsort(-counts, kind="stable")
            many, rgb = rgb, _chosen(rgb[order], MOST // 4)
            most = np.zeros(MOST, np.intp)
            np.maximum.at(most, _nearest(many, rgb), moves)
            moves = most
        rgb = rgb[np.argsort(-moves, kind="stable")]
        self.colours = np.concatenate([np.zeros((1, 3)), rgb]).astype(np.uint8)
        """Red, green and blue by index; the first row is that of no colour."""
        # Index by colour, filled in when a colour is first met; memory that nothing was written to costs nothing.
        self._table = np.zeros(1 << 24, np.uint8)

    @classmethod
    def of(cls, frames: Iterable[Pixels], more: Pixels) -> Palette:
        """The palette for `frames` (some of an animation will do) and the colours of `more`, which count as rare."""
        parts = [(more & 0xFFFFFF, np.ones(len(more), np.intp))]
        last: Pixels | None = None
        for frame in frames:
            # A colour that is also above or in the frame before has been counted there.
            new = np.ones(frame.shape, np.bool_) if last is None else frame != last
            new[1:] &= frame[1:] != frame[:-1]
            parts.append(np.unique(frame[new] & 0xFFFFFF, return_counts=True))
            last = frame.copy()
        colours, place = np.unique(np.concatenate([found for found, _ in parts]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([count for _, count in parts])).astype(np.intp)
        still = sum(len(found) for found, _ in parts[:2])
        return cls(colours, counts, np.bincount(place[still:], minlength=len(colours)))

    def indices(self, pixels: Pixels) -> NDArray[np.uint8]:
        """For each pixel the index of the nearest colour."""
        plain = pixels & 0xFFFFFF
        found: NDArray[np.uint8] = self._table[plain]
        new = found == UNCHANGED
        if new.any():
            colours = np.unique(plain[new])
            self._table[colours] = _nearest(_channels(colours), self.colours[1:]) + 1
            found = self._table[plain]
        return found


def _channels(colours: Pixels) -> NDArray[np.float32]:
    return np.stack([(colours >> shift) & 0xFF for shift in (0, 8, 16)], axis=-1).astype(np.float32)


def _chosen(rgb: NDArray[np.float32], frequent: int) -> NDArray[np.float32]:
    """`MOST` of many colours: the first ones, and then always the one farthest from all chosen so far.

    That bounds the largest error. Moving the others to the middle of those they stand for was tried and gains nothing.
    """
    gap = np.full(len(rgb), np.inf, np.float32)
    places: list[int] = []
    for index in range(MOST):
        places.append(index if index < frequent else int(gap.argmax()))
        gap = np.minimum(gap, ((rgb - rgb[places[-1]]) ** 2).sum(axis=1))
    return rgb[places]


def _nearest(rgb: NDArray[np.float32], colours: NDArray[np.generic]) -> NDArray[np.intp]:
    """For each row of `rgb` the number of the nearest colour; parts of it at a time, for there may be many."""
    known = colours.astype(np.float32)
    # |a - b|² without |a|², which is the same for every b; float32 holds these numbers exactly.
    half = (known**2).sum(axis=1) / 2
    parts = [(half - rgb[start : start + 4096] @ known.T).argmin(axis=1) for start in range(0, len(rgb), 4096)]
    return np.concatenate(parts)
