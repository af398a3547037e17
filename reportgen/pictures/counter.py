"""The counter: the number of the step that an animation shows."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import ClassVar

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from reportgen.pictures import style


class Counter:
    """A label such as "step 1,250", `left` and `bottom` pixels from the corner of a figure.

    Numbers are padded to one width and the digits of the font are equally wide, so the text does not move. If `values`
    is None there is no label.
    """

    SIZE: ClassVar[float] = 15.0
    """Points."""

    def __init__(
        self,
        figure: Figure,
        values: Iterable[object] | None,
        left: float,
        bottom: float,
        name: str = "step",
        size: float = SIZE,
    ) -> None:
        self.artists: tuple[Artist, ...] = ()
        if values is None:
            return
        texts = [f"{value:,}" if isinstance(value, Integral) else str(value) for value in values]
        longest = max(texts, key=len)
        # Spaces as wide as the digits and commas of a longer number.
        blanks = "".join("\u2008" if character in ",." else "\u2007" for character in longest)
        self._texts = [f"{name} {blanks[: len(longest) - len(text)]}{text}" for text in texts]
        width, height = figure.get_size_inches() * 96
        self._label = figure.text(left / width, bottom / height, self._texts[0], fontsize=size, color=style.INK)
        self.artists = (self._label,)

    def show(self, frame: int) -> None:
        """Show the value of `frame`."""
        if self.artists:
            self._label.set_text(self._texts[frame])
