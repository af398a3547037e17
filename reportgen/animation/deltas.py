"""What changes from frame to frame: frames pass one at a time, so memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reportgen.animation.palette import Palette
from reportgen.animation.raster import Pixels

UNCHANGED = 255
"""The index of a pixel that stays as it is."""


class Delta(NamedTuple):
    """The smallest rectangle with every change of a frame, in palette indices."""

    left: int
    top: int
    part: NDArray[np.uint8]


def deltas(frames: Iterable[Pixels], palette: Palette) -> Iterator[Delta]:
    """The first frame whole, of the others what is new.

    A frame without a change becomes one unchanged pixel, for it must still take its time.
    """
    shown: NDArray[np.uint8] | None = None
    last = np.empty(0, np.uint32)
    for frame in frames:
        if shown is None:
            shown = palette.indices(frame)
            yield Delta(0, 0, shown)
        else:
            changed = frame != last
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            top, bottom = (rows[0], rows[-1] + 1) if rows.size else (0, 1)
            left, right = (columns[0], columns[-1] + 1) if columns.size else (0, 1)
            new, old = palette.indices(frame[top:bottom, left:right]), shown[top:bottom, left:right]
            part = np.where(new == old, np.uint8(UNCHANGED), new)
            old[:] = new
            yield Delta(int(left), int(top), part)
        last = frame.copy()
