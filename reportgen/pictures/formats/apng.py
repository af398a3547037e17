"""Animated PNG files, from the same deltas as GIF files. Pillow reads every file back."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image, ImageSequence

from reportgen.pictures.deltas import Delta, DeltaFormat
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import UNCHANGED, Palette


@formats.register("apng")
class Apng(DeltaFormat):
    """The pixels of the GIF in fewer bytes; what knows no animated PNG shows the first frame.

    References:
        Portable Network Graphics (PNG) Specification, third edition, W3C 2025.
    """

    suffix = "apng"
    media_type = "image/apng"
    always = True

    def head(self, width: int, height: int, palette: Palette, frames: int) -> bytes:
        image = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        control = _chunk(b"acTL", struct.pack(">II", frames, 0))
        opacity = b"\xff" * UNCHANGED + b"\x00"
        colors = _chunk(b"PLTE", palette.colors.tobytes()) + _chunk(b"tRNS", opacity)
        return b"\x89PNG\r\n\x1a\n" + image + control + colors

    def frame(self, index: int, delta: Delta, delay: int) -> bytes:
        height, width = delta.part.shape
        # Control and data of each frame are numbered in one row, in which the data of the first have no place.
        number = max(0, 2 * index - 1)
        place = struct.pack(">IIII", width, height, delta.left, delta.top)
        control = struct.pack(">I", number) + place + struct.pack(">HHBB", delay, 100, 0, 1 if index else 0)
        rows = np.zeros((height, 1 + width), np.uint8)  # a row begins with the number of its filter: none
        rows[:, 1:] = delta.part
        pixels = zlib.compress(rows.tobytes(), 6)
        if index == 0:
            return _chunk(b"fcTL", control) + _chunk(b"IDAT", pixels)
        return _chunk(b"fcTL", control) + _chunk(b"fdAT", struct.pack(">I", number + 1) + pixels)

    def tail(self) -> bytes:
        return _chunk(b"IEND", b"")

    def check(self, data: bytes, frames: int, duration: int) -> None:
        if not data.endswith(self.tail()):
            raise RuntimeError(f"the APNG has no end: {len(data)} bytes of {frames} frames")
        size = struct.unpack(">II", data[16:24])
        found = total = 0
        try:
            with Image.open(BytesIO(data), formats=["png"]) as file:
                for image in ImageSequence.Iterator(file):
                    image.load()
                    found += 1
                    total += round(image.info["duration"] / 10)
                    if image.size != size:
                        raise RuntimeError(f"frame {found} of the APNG is {image.size}, the file {size}")
        except (OSError, SyntaxError) as error:
            raise RuntimeError(f"the APNG cannot be read after {found} of {frames} frames: {error}") from error
        if (found, total) != (frames, duration):
            raise RuntimeError(f"the APNG decodes to {found} frames in {total} cs, not {frames} in {duration}")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
