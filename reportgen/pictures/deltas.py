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

from reportgen.pictures.palette import UNCHANGED, Palette
from reportgen.pictures.raster import Pixels

_SHORT = 8
"""Pixels."""


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

    def made_by(self) -> str:
        return ""

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
    last, shown = np.empty(0, np.uint32), np.empty(0, np.uint8)
    for frame in frames:
        width = frame.shape[1]
        if not last.size:
            last, shown = frame.flatten(), palette.indices(frame).ravel()
            yield Delta(0, 0, shown.reshape(-1, width).copy())
            continue
        pixels = frame.ravel()
        places = np.flatnonzero(pixels != last)
        last[places] = pixels[places]
        found = palette.indices(pixels[places])
        fresh = found != shown[places]  # colors that differ may still have one index
        places = places[fresh]
        shown[places] = found[fresh]
        yield _cut(shown, _closed(places), width)


def _closed(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """`places`, rising, and those in short gaps between two of them: a row with fewer holes takes fewer bytes."""
    gaps = np.diff(places) - 1
    short = np.flatnonzero((gaps > 0) & (gaps <= _SHORT))
    lengths = gaps[short]
    ends = lengths.cumsum()
    within = np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
    return np.concatenate([places, np.repeat(places[short] + 1, lengths) + within])


def _cut(shown: NDArray[np.uint8], places: NDArray[np.intp], width: int) -> Delta:
    """The smallest rectangle around `places`, which alone are not left as they are."""
    top, bottom = (int(places.min()) // width, int(places.max()) // width + 1) if places.size else (0, 1)
    rows = np.full((bottom - top, width), UNCHANGED, np.uint8)
    rows.reshape(-1)[places - top * width] = shown[places]
    columns = np.flatnonzero(rows.any(axis=0)) if places.size else np.zeros(1, np.intp)
    left, right = int(columns[0]), int(columns[-1]) + 1
    return Delta(left, top, rows[:, left:right])
