"""MP4 files: H.264 as every browser, telephone and slide program plays it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reportgen.pictures import ffmpeg
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Pixels


@formats.register("mp4")
class Mp4:
    """Small and smooth, its colours blurred a little: about 47 dB of a frame's own."""

    suffix = "mp4"
    media_type = "video/mp4"

    def made_by(self) -> str:
        return ffmpeg.identity()

    def check_available(self) -> None:
        ffmpeg.check_encoder("mp4", "libx264")

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        # With its index in front a film starts to play while it is loaded.
        codec = ["-c:v", "libx264", "-crf", "18", "-tune", "animation", "-movflags", "+faststart"]
        return ffmpeg.film("mp4", codec, frames, delays)
