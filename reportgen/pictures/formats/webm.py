"""WebM files: VP9, which is free of patents that cost."""

from __future__ import annotations

from reportgen.pictures.film import Film
from reportgen.pictures.formats import formats


@formats.register("webm")
class Webm(Film):
    """As sharp as the MP4 and a little smaller; it takes three times as long to write."""

    suffix = "webm"
    media_type = "video/webm"
    encoder = "libvpx-vp9"
    options = ("-crf", "20", "-b:v", "0", "-deadline", "good", "-cpu-used", "2")
