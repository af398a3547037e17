"""GIF files. Pillow compresses the pixels and reads every file back."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from PIL import GifImagePlugin, Image, ImageSequence

from reportgen.pictures.deltas import Delta, DeltaFormat
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import UNCHANGED, Palette


@formats.register("gif")
class Gif(DeltaFormat):
    """The format that everything shows."""

    suffix = "gif"
    media_type = "image/gif"
    always = True

    def head(self, width: int, height: int, palette: Palette, frames: int) -> bytes:
        screen = struct.pack("<HHBBB", width, height, 0xF7, 0, 0)
        table = palette.colors.tobytes().ljust(3 * 256, b"\0")
        return b"GIF89a" + screen + table + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"

    def frame(self, index: int, delta: Delta, delay: int) -> bytes:
        height, width = delta.part.shape
        # The first frame is whole and needs no transparency; the others stay on top of it.
        control = struct.pack("<BHBB", 0x05 if index else 0x04, delay, UNCHANGED, 0)
        bits = max(2, int(delta.part.max()).bit_length())  # codes begin as short as the largest index allows
        image = struct.pack("<HHHHBB", delta.left, delta.top, width, height, 0, bits)
        coded = Image.fromarray(np.ascontiguousarray(delta.part)).tobytes("gif", "L", bits)
        return b"\x21\xf9\x04" + control + b"\x2c" + image + coded + b"\x00"

    def tail(self) -> bytes:
        return b"\x3b"

    def check(self, data: bytes, frames: int, duration: int) -> None:
        if not data.endswith(self.tail()):
            raise RuntimeError(f"the GIF has no end: {len(data)} bytes of {frames} frames")
        size = struct.unpack("<HH", data[6:10])
        found = total = 0
        usual = GifImagePlugin.LOADING_STRATEGY
        # Indices are half the work of colors, and every frame has the same palette.
        GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
        try:
            with Image.open(BytesIO(data)) as file:
                for image in ImageSequence.Iterator(file):
                    image.load()
                    found += 1
                    total += image.info["duration"] // 10
                    if image.size != size:
                        raise RuntimeError(f"frame {found} of the GIF is {image.size}, the file {size}")
        except OSError as error:
            raise RuntimeError(f"the GIF cannot be read after {found} of {frames} frames: {error}") from error
        finally:
            GifImagePlugin.LOADING_STRATEGY = usual
        if (found, total) != (frames, duration):
            raise RuntimeError(f"the GIF decodes to {found} frames in {total} cs, not {frames} in {duration}")
