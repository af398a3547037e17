"""Animated WebP files, by Pillow."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import numpy as np
from PIL import Image, features

from reportgen.errors import MachineError
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Pixels


@formats.register("webp")
class Webp:
    """Every pixel in its own color, in a quarter of the bytes of a GIF; not every place takes it."""

    suffix = "webp"
    media_type = "image/webp"
    always = False

    def made_by(self) -> str:
        return ""

    def check_available(self) -> None:
        if not features.check("webp"):
            raise MachineError("webp needs a Pillow with WebP, which this one is without; pip install --upgrade pillow")

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        out, film = BytesIO(), _Film(frames, len(delays))
        milliseconds = [10 * delay for delay in delays]
        film.save(out, "webp", save_all=True, duration=milliseconds, loop=0, lossless=True, method=4)
        check_webp(out.getvalue(), film.sums, sum(milliseconds))
        return out.getvalue()


class _Film(Image.Image):
    """An animated image that draws its frames when Pillow asks for them, so that memory does not grow with them."""

    def __init__(self, frames: Iterable[Pixels], count: int) -> None:
        super().__init__()
        self.n_frames = count
        self.sums: list[int] = []
        """Check sums of the frames, without those that repeat the one before: WebP shows that one for longer."""
        self._images = _images(frames)
        self._at = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        if frame <= self._at:
            return
        image = next(self._images)
        self._at = frame
        self.im, self._mode, self._size = image.im, image.mode, image.size
        total = _sum(image)
        if self.sums[-1:] != [total]:
            self.sums.append(total)

    def tell(self) -> int:
        return self._at


def _images(frames: Iterable[Pixels]) -> Iterator[Image.Image]:
    for frame in frames:
        channels = np.ascontiguousarray(frame, "<u4").view(np.uint8).reshape(*frame.shape, 4)
        yield Image.fromarray(np.ascontiguousarray(channels[..., :3]))


def _sum(image: Image.Image) -> int:
    return zlib.crc32(image.tobytes())


def check_webp(data: bytes, sums: Sequence[int], duration: int) -> None:
    """Decode a file and compare every pixel with what was meant, and its `duration` in milliseconds."""
    found, total = [], 0
    with Image.open(BytesIO(data)) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(_sum(image.convert("RGB")))
            total += image.info.get("duration", 0)
    # A file of one frame is no animation, and has no time.
    if found != list(sums) or (len(sums) > 1 and total != duration):
        raise RuntimeError(
            f"the WebP decodes to {len(found)} frames in {total} ms, not {len(sums)} in {duration}, or to other pixels"
        )
