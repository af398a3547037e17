"""What changes from frame to frame, and files made of that.

Frames pass one at a time, so memory does not grow with their number; only the files do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reportgen.animation.palette import Palette
from reportgen.animation.raster import Pixels, around


class Delta(NamedTuple):
    """The smallest rectangle with every change of a frame, in palette indices."""

    left: int
    top: int
    part: NDArray[np.uint8]


class DeltaFormat(ABC):
    """A file format that holds deltas one after another, so that several can be written in one pass over the frames."""

    @abstractmethod
    def head(self, width: int, height: int, palette: Palette, frames: int) -> bytes:
        """What comes before all frames."""

    @abstractmethod
    def frame(self, index: int, delta: Delta, delay: int) -> bytes:
        """One frame, of a delay in hundredths of a second."""

    @abstractmethod
    def tail(self) -> bytes:
        """What comes after all frames."""

    @abstractmethod
    def check(self, data: bytes, frames: int, duration: int) -> None:
        """Decode a file and compare what a reader gets with what was meant; `duration` in hundredths of a second."""

    def check_available(self) -> None:  # noqa: B027 - Pillow is always there, so there is nothing to find missing
        """Both need nothing but Pillow."""

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        """The file of an animation."""
        (data,) = encode_all([self], frames, palette, delays)
        return data


def encode_all(
    kinds: Sequence[DeltaFormat], frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]
) -> list[bytes]:
    """The file of an animation in several formats."""
    files = [BytesIO() for _ in kinds]
    write_all(list(zip(kinds, files, strict=True)), frames, palette, delays)
    contents = [file.getvalue() for file in files]
    for kind, data in zip(kinds, contents, strict=True):
        kind.check(data, len(delays), sum(delays))
    return contents


def write_all(
    files: Sequence[tuple[DeltaFormat, BinaryIO]], frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]
) -> None:
    """Write the same frames to files of several formats."""
    for index, (delta, delay) in enumerate(zip(deltas(frames, palette), delays, strict=True)):
        height, width = delta.part.shape
        for kind, file in files:
            if index == 0:
                file.write(kind.head(width, height, palette, len(delays)))
            file.write(kind.frame(index, delta, delay))
    for kind, file in files:
        file.write(kind.tail())


def deltas(frames: Iterable[Pixels], palette: Palette) -> Iterator[Delta]:
    """The first frame whole, of the others what is new.

    A frame without a change becomes one unchanged pixel, for it must still take its time.
    """
    shown, last = np.empty((0, 0), np.uint8), np.empty((0, 0), np.uint32)
    for frame in frames:
        if not shown.size:
            shown, last = _indices(frame, palette), frame.copy()
            yield Delta(0, 0, shown.copy())
            continue
        changed = frame != last
        place = around(changed)
        new, old, seen = changed[place.pixels], shown[place.pixels], frame[place.pixels]
        if 4 * np.count_nonzero(new) < new.size:
            found = old.copy()
            found[new] = palette.indices(seen[new])
        else:
            found = _indices(seen, palette)
        last[place.pixels] = seen
        fresh = found != old  # colours that differ may still have one index
        part = found * fresh  # where nothing is fresh, UNCHANGED
        old[:] = found
        inner = around(fresh)
        yield Delta(place.left + inner.left, place.top + inner.top, part[inner.pixels])


def _indices(pixels: Pixels, palette: Palette) -> NDArray[np.uint8]:
    """Looks rows up that differ from the row above; those of a heat map repeat."""
    starts = np.flatnonzero(np.append(True, (pixels[1:] != pixels[:-1]).any(axis=1)))
    return np.repeat(palette.indices(pixels[starts]), np.diff(starts, append=len(pixels)), axis=0)
