"""The look of animations: size, colors, words and fonts, as the table [animation] sets them.

Scenes use the colors of `style` and ask `word` for their words. The canvas replaces the colors, as those of a still
picture are replaced on a dark page, so that a scene of a plugin follows the settings too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb, to_rgba

from reportgen.experiment.animation_settings import AnimationSettings
from reportgen.pictures import style
from reportgen.pictures.picture import PictureLook

WIDTH = 640
"""Width of an animation in CSS pixels, unless its settings or its room have another. Charts have that of `style`."""

SMALL, TITLE = 13.5, 14.5
"""Sizes of text in points. A picture 640 CSS pixels wide is 328 wide on a telephone, where text of 13.5 points is nine
pixels high."""

NEGATIVE, POSITIVE = (to_hex(style.SIGNED(share)) for share in (0.1, 0.9))
"""The colors of lines for weights below and above zero."""

_SIZES: Any = {
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.titlesize": TITLE,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.handlelength": 1.4,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.0,
    "legend.borderaxespad": 0.0,
    "legend.borderpad": 0.0,
}


def replaced_colors(look: PictureLook) -> dict[str, str]:
    """The colors of `style` that a look replaces, with those that replace them."""
    settings = look.animation
    own, dark = settings.colors, settings.theme == "dark"
    replaced = dict(style.DARK) if dark else {}
    if own.paper or own.ink:
        paper, ink = settings.paper, settings.ink
        replaced |= {style.PAPER: paper, style.INK: ink}
        replaced |= {style.MUTED: mix(ink, paper, 0.3), style.GRID: mix(ink, paper, 0.86)}
    signs = {NEGATIVE: own.negative, POSITIVE: own.positive}
    replaced |= {sign: color or _DARK_SIGNS[sign] for sign, color in signs.items() if color or dark}
    return replaced | {style.arm_style(arm).color: color for arm, color in look.arms}


def signed_colors() -> Colormap:
    """The colors of signed weights in the current look, with the paper at zero.

    Values below the scale, which mark gaps between filters, have the color of the grid; NaN is gray.
    """
    replaced = replaced_colors(_LOOK.get())
    gap = replaced.get(style.GRID, style.GRID)
    if not replaced.keys() & {style.PAPER, NEGATIVE, POSITIVE}:
        return style.SIGNED.with_extremes(under=gap, bad=style.GRAY)
    settings = _LOOK.get().animation
    paper, ink = settings.paper, settings.ink
    low, high = (replaced.get(sign, sign) for sign in (NEGATIVE, POSITIVE))
    stops = [mix(low, ink, 0.4), low, mix(low, paper, 0.5), paper, mix(high, paper, 0.5), high, mix(high, ink, 0.4)]
    levels = LinearSegmentedColormap.from_list("signed", stops, N=style.SIGNED.N)
    return levels.with_extremes(under=gap, bad=style.GRAY)


_DARK_SIGNS = {NEGATIVE: "#4aa3e0", POSITIVE: "#ee6a5f"}

_LOOK: ContextVar[PictureLook] = ContextVar("look", default=PictureLook())  # noqa: B039  # it is frozen
_ROOM: ContextVar[tuple[float, float] | None] = ContextVar("room", default=None)


@contextmanager
def use(look: PictureLook) -> Iterator[None]:
    """The context in which scenes are made and drawn."""
    token = _LOOK.set(look)
    try:
        with style.look(fonts=look.fonts), matplotlib.rc_context(_SIZES):
            yield
    finally:
        _LOOK.reset(token)


@contextmanager
def room(wide: float, high: float) -> Iterator[None]:
    """The context for a scene that should fill a rectangle, in CSS pixels; `high` is 0 if any height will do."""
    token = _ROOM.set((wide, high))
    try:
        yield
    finally:
        _ROOM.reset(token)


def current_room() -> tuple[float, float] | None:
    """The rectangle that the scene should fill; None for its usual size."""
    return _ROOM.get()


def settings() -> AnimationSettings:
    """The settings of the current look."""
    return _LOOK.get().animation


def word(name: str) -> str:
    """A word in the language of the author; `name` is a field of `AnimationWords`."""
    text: str = getattr(_LOOK.get().animation.words, name)
    return text


def mix(color: str, other: str, share: float) -> str:
    """A color between two, with this share of the other."""
    mixed: Any = (1 - share) * np.array(to_rgb(color)) + share * np.array(to_rgb(other))
    return to_hex(mixed)


class SceneCanvas(FigureCanvasAgg):
    """A canvas that draws a figure in the colors of the current look."""

    _drawn_with: tuple[int, int, float] | None = None
    _own: _Renderer

    def get_renderer(self) -> RendererAgg:
        replaced = {_code(to_rgb(old)): to_rgb(new) for old, new in replaced_colors(_LOOK.get()).items()}
        if not replaced:
            return super().get_renderer()  # type: ignore[no-untyped-call,no-any-return]
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi
        if self._drawn_with != key:
            self._drawn_with, self._own = key, _Renderer(width, height, self.figure.dpi, replaced)
            self.renderer = self._own
        return self._own


_Rgb = tuple[float, float, float]


def _code(rgb: Any) -> int:
    """A color as one number, with the precision of a code like #0072b2."""
    red, green, blue = (round(255 * float(channel)) for channel in rgb[:3])
    return red << 16 | green << 8 | blue


class _Renderer(RendererAgg):
    """Draws with some colors replaced, whatever artist asks for them; transparency stays as it is."""

    def __init__(self, width: float, height: float, dpi: float, replaced: Mapping[int, _Rgb]) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self._replaced = replaced
        # RendererAgg sets these two on the instance, as functions of its compiled part.
        this: Any = self
        self._markers, self._collection = this.draw_markers, this.draw_path_collection
        this.draw_markers, this.draw_path_collection = self._draw_markers, self._draw_collection

    def new_gc(self) -> GraphicsContextBase:
        return _Context(self)

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:  # matplotlib's name
        face = None if rgbFace is None else self.replace(rgbFace)
        super().draw_path(gc, path, transform, face)  # type: ignore[no-untyped-call]

    def _draw_markers(self, gc: Any, marker: Any, place: Any, path: Any, transform: Any, face: Any = None) -> None:
        self._markers(gc, marker, place, path, transform, None if face is None else self.replace(face))

    def _draw_collection(self, *arguments: Any, **others: Any) -> None:
        before, (faces, edges), after = arguments[:6], arguments[6:8], arguments[8:]
        self._collection(*before, self._replace_all(faces), self._replace_all(edges), *after, **others)

    def replace(self, color: Any) -> Any:
        """A color, or the one that replaces it, with its own transparency."""
        return (*self._replaced.get(_code(color), color[:3]), *color[3:])

    def _replace_all(self, colors: Any) -> Any:
        if not len(colors):
            return colors
        table = np.array(colors, float)
        codes = np.round(255 * table[:, :3]).astype(int) @ [1 << 16, 1 << 8, 1]
        for code, new in self._replaced.items():
            table[codes == code, :3] = new
        return table


class _Context(GraphicsContextBase):
    """The settings of one drawing call; the color is replaced when it is set."""

    def __init__(self, renderer: _Renderer) -> None:
        super().__init__()
        self._renderer = renderer

    def set_foreground(self, fg: Any, isRGBA: bool = False) -> None:  # matplotlib's name
        color = self._renderer.replace(fg if isRGBA else to_rgba(fg))
        super().set_foreground(color, isRGBA=True)
