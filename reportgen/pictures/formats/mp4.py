"""MP4 files: H.264 as every browser, telephone and slide program plays it."""

from __future__ import annotations

from reportgen.pictures.film import Film
from reportgen.pictures.formats import formats


@formats.register("mp4")
class Mp4(Film):
    """Small and smooth, its colors blurred a little: about 47 dB of a frame's own."""

    suffix = "mp4"
    media_type = "video/mp4"
    encoder = "libx264"
    # With its index in front a film starts to play while it is loaded.
    options = ("-crf", "18", "-tune", "animation", "-movflags", "+faststart")
