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
    """True if every animation of a report is written in this format."""

    def encoder_identity(self) -> str:
        """The program and version that its bytes depend on; empty if only on this package and Pillow."""

    def check_available(self) -> None:
        """Raise `MachineError`, which says how to install it, if an encoder is missing; called before any work."""

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        """The file of an animation that loops forever; `delays` are hundredths of a second, one for each frame.

        The file is decoded again and checked: every frame has its size and delay.
        """


formats: Registry[type[Format]] = Registry(
    "format", __name__, needs=("suffix", "media_type", "encoder_identity", "check_available", "encode")
)
