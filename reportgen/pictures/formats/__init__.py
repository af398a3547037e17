"""File formats of animations, one a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from reportgen.registry import Registry

if TYPE_CHECKING:  # naming the formats in a help text loads no matplotlib
    from reportgen.pictures.palette import Palette
    from reportgen.pictures.raster import Pixels


class Format(Protocol):
    """Turns frames into a file."""

    suffix: str
    media_type: str
    always: bool
    """Whether every animation of a report is written in it."""

    def made_by(self) -> str:
        """The program and version that decide about its bytes; empty if that is no other than ours and Pillow."""

    def check_available(self) -> None:
        """Raise `MachineError`, which says how to get it, if an encoder is missing; asked before any work begins."""

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        """The file of an animation that loops for ever; `delays` are hundredths of a second, one a frame.

        What is returned has been decoded again and holds every frame in its size and for its time.
        """


formats: Registry[type[Format]] = Registry(
    "format", __name__, needs=("suffix", "media_type", "made_by", "check_available", "encode")
)
