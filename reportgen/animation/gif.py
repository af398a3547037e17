"""GIF files: one palette for all frames, no dithering, and only what changed from frame to frame.

Frames pass through one at a time, so memory does not grow with their number. Pillow compresses the pixels and imageio
reads every file back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import BinaryIO

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reportgen.animation.raster import Pixels

_TRANSPARENT = 255


class Palette:
    """At most 255 colours, and which of them stands for any other."""

    def __init__(self, colours: Pixels, counts: NDArray[np.intp] | None = None) -> None:
        """The palette holds `colours` themselves if they fit; otherwise those that `counts` says are frequent, and
        of the others always the one farthest from all chosen so far, which bounds the largest error.
        """
        rgb = _channels(colours)
        if len(rgb) > _TRANSPARENT:
            order = np.argsort(-counts, kind="stable") if counts is not None else np.arange(len(rgb))
            rgb = rgb[order]
            chosen = list(range(_TRANSPARENT // 4))
            gap = np.min([_distance(rgb, rgb[index]) for index in chosen], axis=0)
            while len(chosen) < _TRANSPARENT:
                chosen.append(int(gap.argmax()))
                gap = np.minimum(gap, _distance(rgb, rgb[chosen[-1]]))
            rgb = rgb[chosen]
        self.colours = rgb.astype(np.uint8)
        # Index by colour, filled in when a colour is first met.
        self._table = np.full(1 << 24, _TRANSPARENT, np.uint8)

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
        new = found == _TRANSPARENT
        if new.any():
            colours = np.unique(plain[new])
            distances = _distance(_channels(colours)[:, np.newaxis], self.colours.astype(np.int32))
            self._table[colours] = distances.argmin(axis=1)
            found = self._table[plain]
        return found


def write_gif(out: BinaryIO, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> None:
    """Write an animation that loops for ever; `delays` are hundredths of a second, one a frame.

    A frame holds the smallest rectangle with every change, and in it the unchanged pixels are transparent. A frame
    without a change becomes one transparent pixel, for it must still take its time.
    """
    shown: NDArray[np.uint8] | None = None
    last = np.empty(0, np.uint32)
    for frame, delay in zip(frames, delays, strict=True):
        if shown is None:
            height, width = frame.shape
            table = np.zeros((256, 3), np.uint8)
            table[: len(palette.colours)] = palette.colours
            out.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + table.tobytes())
            out.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
            top = left = 0
            shown = part = palette.indices(frame)
        else:
            changed = frame != last
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            top, bottom = (rows[0], rows[-1] + 1) if rows.size else (0, 1)
            left, right = (columns[0], columns[-1] + 1) if columns.size else (0, 1)
            new, old = palette.indices(frame[top:bottom, left:right]), shown[top:bottom, left:right]
            part = np.where(new == old, np.uint8(_TRANSPARENT), new)
            old[:] = new
        last = frame.copy()
        out.write(b"\x21\xf9\x04" + struct.pack("<BHBB", 0x05, delay, _TRANSPARENT, 0))
        out.write(b"\x2c" + struct.pack("<HHHHBB", left, top, part.shape[1], part.shape[0], 0, 8))
        out.write(Image.fromarray(np.ascontiguousarray(part)).tobytes("gif", "L") + b"\x00")
    out.write(b"\x3b")


def gif_bytes(frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
    """The file that `write_gif` writes, read back and found whole."""
    out = BytesIO()
    write_gif(out, frames, palette, delays)
    check_gif(out.getvalue(), len(delays), sum(delays))
    return out.getvalue()


def timing(frames: int, seconds: float = 5.0, hold: float = 1.2) -> list[int]:
    """Delays in hundredths of a second that add up to `seconds`, the last frame held for at least about `hold`.

    No delay is below 2: browsers slow such frames down.
    """
    if frames == 1:
        return [round(100 * seconds)]
    delay = max(2, int(100 * (seconds - hold) / (frames - 1)))
    return [delay] * (frames - 1) + [max(round(100 * hold), round(100 * seconds) - delay * (frames - 1))]


def check_gif(data: bytes, frames: int, duration: int) -> None:
    """Decode a file and compare what a reader gets with what was meant; `duration` in hundredths of a second."""
    with iio.imopen(data, "r", plugin="pillow", extension=".gif") as file:
        size = struct.unpack("<HH", data[6:10])
        found = total = 0
        for image in file.iter():
            total += file.metadata(index=found)["duration"] // 10
            found += 1
            if image.shape[1::-1] != size:
                raise RuntimeError(f"frame {found} of the GIF is {image.shape[1::-1]}, the file {size}")
    if (found, total) != (frames, duration):
        raise RuntimeError(f"the GIF decodes to {found} frames in {total} cs, not {frames} in {duration}")


def _channels(colours: Pixels) -> NDArray[np.int32]:
    return np.stack([(colours >> shift) & 0xFF for shift in (0, 8, 16)], axis=-1).astype(np.int32)


def _distance(colours: NDArray[np.int32], to: NDArray[np.int32]) -> NDArray[np.int32]:
    difference: NDArray[np.int32] = ((colours - to) ** 2).sum(axis=-1)
    return difference
