"""Presets: the limits of platforms where animations are posted, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reportgen.errors import ExperimentError, ReportgenError, did_you_mean

MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class PresetLimits:
    """The limits of a platform for one format; None for no stated limit."""

    bytes: int | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    frames: int | None = None
    pixels: int | None = None
    """Width × height × frames."""
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Formats and defaults for one platform, with the limits above which it refuses a file."""

    name: str
    formats: Mapping[str, PresetLimits]
    """Limits by suffix, the default format first."""
    scale: int = 1
    """Pixels of a CSS pixel; reduced if a picture would be too large."""
    frame: tuple[int, int] | None = None
    """Width and height in pixels, for a platform whose frame has one size; otherwise the content sets them."""
    rate: float | None = None
    """Frames per second; None for the default rate."""

    @property
    def default_format(self) -> str:
        """The format of files whose name chooses none."""
        return next(iter(self.formats))

    def limits(self, suffix: str) -> PresetLimits:
        """The limits for a format; raises `ExperimentError` if the platform does not accept it."""
        if suffix not in self.formats:
            *most, last = self.formats
            takes = f"{', '.join(most)} or {last}" if most else last
            raise ExperimentError(
                f"{self.name} takes {takes}, not {suffix}; try a file that ends in .{self.default_format}"
            )
        return self.formats[suffix]

    def fits(self, suffix: str, size: tuple[int, int]) -> bool:
        """True if a picture of this width and height is within the limits."""
        most = self.limits(suffix).size
        return most is None or (size[0] <= most[0] and size[1] <= most[1])

    def check(self, suffix: str, size: tuple[int, int], frames: int, seconds: float, scale: int) -> None:
        """Raise `ExperimentError`, which says what to change, if the platform would refuse the animation."""
        limits, (width, height) = self.limits(suffix), size
        if limits.size and not self.fits(suffix, size):
            fitting = min(limits.size[0] * scale // width, limits.size[1] * scale // height)
            self._refuse(
                f"{limits.size[0]}×{limits.size[1]} pixels of a {suffix}, and this has {width}×{height}",
                *([f"--scale {fitting}"] if fitting and scale > 1 else _sizes(limits.size, size)),
            )
        if limits.seconds and seconds > limits.seconds:
            self._refuse(
                f"{limits.seconds:g} s of a {suffix}, and this has {seconds:g} s", f"--length {limits.seconds:g}"
            )
        if limits.frames and frames > limits.frames:
            self._refuse(f"{limits.frames} frames of a {suffix}, and this has {frames}", f"--frames {limits.frames}")
        if limits.pixels and width * height * frames > limits.pixels:
            self._refuse(
                f"{limits.pixels // MB:,} million pixels (width × height × frames) of a {suffix}, "
                f"and this has {width * height * frames // MB:,} million",
                f"--frames {limits.pixels // (width * height)}",
                _smaller(scale),
            )

    def check_bytes(self, suffix: str, count: int, frames: int, scale: int) -> None:
        """Raise `ReportgenError`, which says what to change, if the platform would refuse the file."""
        most = self.limits(suffix).bytes
        if most and count > most:
            # Bytes are roughly proportional to the number of frames, so leave a tenth as a margin.
            fewer = max(2, int(0.9 * frames * most / count))
            raise ReportgenError(
                f"{self.name} takes at most {most / MB:g} MB of a {suffix}, and this has {count / MB:.1f} MB; "
                f"{_advice(f'--frames {fewer}', _smaller(scale))}"
            )

    def _refuse(self, what: str, *instead: str) -> None:
        raise ExperimentError(f"{self.name} takes at most {what}; {_advice(*instead)}")


def _advice(*instead: str) -> str:
    return f"try {' or '.join(filter(None, instead))}"


def _sizes(most: tuple[int, int], size: tuple[int, int]) -> list[str]:
    """The options for the largest picture of this shape within `most`."""
    share = min(limit / side for limit, side in zip(most, size, strict=True))
    return [f"--width {int(share * size[0])} --height {int(share * size[1])}"]


def _smaller(scale: int) -> str:
    return f"--scale {scale - 1}" if scale > 1 else ""


def _by_name(*presets: Preset) -> Mapping[str, Preset]:
    return MappingProxyType({preset.name: preset for preset in presets})


PRESETS = _by_name(
    # GitHub Docs, "Attaching files": 10 MB for images and GIFs, for videos 10 MB on a free plan and 100 MB on a paid
    # one, as .mp4, .mov or .webm; no WebP. A README shows a GIF from its repository, but no video. A column of text
    # is wider there than a picture here, so it gets two pixels for one.
    Preset(
        name="github",
        formats={
            "gif": PresetLimits(bytes=10 * MB),
            "mp4": PresetLimits(bytes=10 * MB),
            "webm": PresetLimits(bytes=10 * MB),
        },
        scale=2,
    ),
    # X developer documentation, "Media: best practices": an animated GIF has at most 15 MB, 1280×1080, 350 frames and
    # 300 million pixels in all; a video (H.264, 4:2:0) at most 8 GB, 1280×1024 and 20 minutes.
    Preset(
        name="x",
        formats={
            "gif": PresetLimits(bytes=15 * MB, size=(1280, 1080), frames=350, pixels=300 * MB),
            "mp4": PresetLimits(bytes=8000 * MB, size=(1280, 1024), seconds=1200),
        },
        scale=2,
    ),
    # Slack Help, "Add files to Slack": 1 GB for a file. It states no limit for GIFs; by measurements of users, GIFs
    # below 5 MB play automatically. It shows them small, so one pixel for one and ten frames a second are enough.
    Preset(
        name="slack",
        formats={"gif": PresetLimits(bytes=5 * MB), "mp4": PresetLimits(bytes=1000 * MB)},
        rate=10,
    ),
    # Google Slides API, "CreateImageRequest": PNG, JPEG or GIF below 50 MB and 25 megapixels, which no picture here
    # comes near. Microsoft Support, "Video and audio file formats supported in PowerPoint": MP4 with H.264. Slides of
    # both are 16:9, which the picture fills. On a large screen low rates are visible, so it gets as many frames as were
    # recorded, up to 25 per second.
    Preset(
        name="slide",
        formats={"gif": PresetLimits(bytes=50 * MB), "mp4": PresetLimits()},
        frame=(1920, 1080),
        rate=25,
    ),
)
"""Presets by name."""


def find_preset(name: str) -> Preset:
    """The preset called `name`; raises `ExperimentError` if there is none."""
    if name not in PRESETS:
        raise ExperimentError(f"unknown preset {name!r}.{did_you_mean(name, PRESETS)}")
    return PRESETS[name]
