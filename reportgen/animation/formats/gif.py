"""GIF files. Pillow compresses the pixels and imageio reads every file back."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import BinaryIO

import imageio.v3 as iio
import numpy as np
from PIL import Image

from reportgen.animation.deltas import UNCHANGED, deltas
from reportgen.animation.formats import formats
from reportgen.animation.palette import Palette
from reportgen.animation.raster import Pixels


@formats.register("gif")
class Gif:
    """The format that everything shows."""

    suffix = "gif"
    media_type = "image/gif"

    def check_available(self) -> None:
        pass

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        out = BytesIO()
        write_gif(out, frames, palette, delays)
        check_gif(out.getvalue(), len(delays), sum(delays))
        return out.getvalue()


def write_gif(out: BinaryIO, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> None:
    """Write an animation that loops for ever; `delays` are hundredths of a second, one a frame."""
    for index, (delta, delay) in enumerate(zip(deltas(frames, palette), delays, strict=True)):
        height, width = delta.part.shape
        if index == 0:
            table = np.zeros((256, 3), np.uint8)
            table[: len(palette.colours)] = palette.colours
            out.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + table.tobytes())
            out.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        out.write(b"\x21\xf9\x04" + struct.pack("<BHBB", 0x05, delay, UNCHANGED, 0))
        out.write(b"\x2c" + struct.pack("<HHHHBB", delta.left, delta.top, width, height, 0, 8))
        out.write(Image.fromarray(np.ascontiguousarray(delta.part)).tobytes("gif", "L") + b"\x00")
    out.write(b"\x3b")


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
