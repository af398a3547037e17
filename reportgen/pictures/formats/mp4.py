"""MP4 files: H.264 in the profile that every browser, telephone and slide program plays."""

from __future__ import annotations

from reportgen.pictures.film import VideoFormat
from reportgen.pictures.formats import formats


@formats.register("mp4")
class Mp4(VideoFormat):
    """Small files with slightly blurred colors: about 47 dB to the frames."""

    suffix = "mp4"
    media_type = "video/mp4"
    encoder = "libx264"
    # With its index in front a video starts to play while it loads.
    options = ("-crf", "18", "-tune", "animation", "-movflags", "+faststart")
