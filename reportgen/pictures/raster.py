"""Frames of a scene, each equal to a full drawing of its figure, without drawing all of it again.

The still artists are drawn once. For each frame their pixels are restored where something moves, then the moving
artists and those above them are drawn in matplotlib's order. Heat maps and labels are not drawn again: the pixels of a
cell or a character are determined once, and copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import get_hinting_flag
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase
from numpy.typing import NDArray

from reportgen.pictures import scene_look
from reportgen.pictures.scenes import Scene

Pixels = NDArray[np.uint32]
"""Rows of pixels, one number each: red, green, blue and 255 from its lowest byte up."""

_PACKED = np.dtype("<u4")


class PixelRectangle(NamedTuple):
    """A rectangle of pixels; rows count from the top."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def pixels(self) -> tuple[slice, slice]:
        """The index of an array that cuts them out."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def touches(self, other: PixelRectangle) -> bool:
        """Whether the two have a pixel in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def joined(self, other: PixelRectangle) -> PixelRectangle:
        """The smallest rectangle around both."""
        low, high = map(min, zip(self, other, strict=True)), map(max, zip(self, other, strict=True))
        (top, _, left, _), (_, bottom, _, right) = low, high
        return PixelRectangle(top, bottom, left, right)


class Raster:
    """The frames of one scene, drawn in any order."""

    def __init__(self, scene: Scene, scale: float = 1, size: tuple[int, int] | None = None) -> None:
        """`scale` is the number of pixels along the side of a CSS pixel; `size` is the exact width and height in
        pixels, where they follow from a size that was asked for."""
        self._scene = scene
        self.count = scene.frames
        """Number of frames."""
        scene.figure.set_dpi(96 * scale)
        canvas: Any = scene_look.SceneCanvas(scene.figure)
        if size and size != canvas.get_width_height():
            # A little more than the size, since a canvas leaves out the fraction of a pixel.
            width, height = ((side + 0.01) / (96 * scale) for side in size)
            scene.figure.set_size_inches(width, height)
        self._canvas, self._renderer = canvas, canvas.get_renderer()
        self.size: tuple[int, int] = canvas.get_width_height()
        """Width and height in pixels."""
        scene.show(0)
        canvas.draw()  # computes the layout, which is then fixed, so that the axes do not move
        scene.figure.set_layout_engine("none")
        self.live: list[Artist] = []
        """The artists that are drawn in every frame, in order."""
        places: list[PixelRectangle] = []
        maps: list[Callable[[], None] | None] = []
        for artist in _live_artists(scene, canvas):
            if artist not in scene.moving:
                ink = self._draw_single(artist) >> 24
                if not any(ink[place.pixels].any() for place in places):
                    continue  # it has no pixels where something moves
            maps.append(self._heat_map(artist))
            places.append(self._place(artist))
            self.live.append(artist)
        for artist in self.live:
            artist.set_animated(True)
        canvas.draw()
        for artist in self.live:
            artist.set_animated(False)
        self._still = self._pixels().copy()
        self._paint: list[Callable[[], None]] = []
        for index, (artist, drawn) in enumerate(zip(self.live, maps, strict=True)):
            if isinstance(artist, Text) and artist in scene.moving:
                if _Label.suits(artist) and sum(places[index].touches(place) for place in places) == 1:
                    drawn = _Label(artist, self._renderer, self._pixels(), self._still, places[index])
                else:
                    places[index] = self._everywhere
            self._paint.append(drawn or self._full_draw(artist))
        # A heat map covers its whole rectangle.
        self._restored = _merge_rectangles([place for place, drawn in zip(places, maps, strict=True) if not drawn])
        self.places = _merge_rectangles(places)
        """The rectangles in which frames may differ."""

    @property
    def figures(self) -> list[Figure]:
        """The figure as the last frame that was drawn left it."""
        return [self._scene.figure]

    @property
    def colormap(self) -> Pixels:
        """Every color that the moving heat maps may show."""
        tables = [
            np.asarray(artist.cmap(np.arange(artist.cmap.N), bytes=True)).view(_PACKED).ravel()
            for artist in self._scene.moving
            if isinstance(artist, AxesImage)
        ]
        return np.unique(np.concatenate([np.empty(0, _PACKED), *tables]))

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame, valid until the next is drawn."""
        self._scene.show(index)
        try:
            self._draw()
        except _LabelMovedError:  # from now on draw every live artist in full
            self._restored = self.places = [self._everywhere]
            self._paint = [self._full_draw(artist) for artist in self.live]
            self._draw()
        return self._pixels()

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[Pixels]:
        """Every frame in turn, or those of `indices`."""
        return map(self.frame, range(self._scene.frames) if indices is None else indices)

    def _draw(self) -> None:
        pixels = self._pixels()
        for place in self._restored:
            pixels[place.pixels] = self._still[place.pixels]
        for paint in self._paint:
            paint()

    def _pixels(self) -> Pixels:
        return np.asarray(self._canvas.buffer_rgba()).view(_PACKED)[..., 0]

    def _draw_single(self, artist: Artist) -> Pixels:
        """The pixels of an artist drawn alone on a transparent canvas."""
        self._renderer.clear()
        artist.draw(self._renderer)
        return self._pixels()

    def _full_draw(self, artist: Artist) -> Callable[[], None]:
        return lambda: artist.draw(self._renderer)

    @property
    def _everywhere(self) -> PixelRectangle:
        width, height = self._canvas.get_width_height()
        return PixelRectangle(0, height, 0, width)

    def _place(self, artist: Artist) -> PixelRectangle:
        """The rectangle that an artist may change in any frame; for a label, as long as it does not move."""
        if artist not in self._scene.moving:
            return bounding_rectangle(self._draw_single(artist) >> 24)
        if clip := _clip(artist):
            box = clip.padded(2)
        elif isinstance(artist, Text):
            box = _extent(self._scene, artist, self._renderer)
        else:
            return self._everywhere
        height, width = self._pixels().shape
        edges = np.clip(np.asarray(box.extents), 0, [width, height, width, height])
        left, low, right, high = map(int, edges)
        return PixelRectangle(height - high, height - low, left, right)

    def _heat_map(self, artist: Artist) -> Callable[[], None] | None:
        """A function that paints an image of opaque cells by a color lookup; None for any other artist."""
        if not isinstance(artist, AxesImage) or np.ndim(_values(artist)) != 2:
            return None
        values = _values(artist)
        rows, columns = values.shape
        numbers = np.arange(rows * columns, dtype=_PACKED).reshape(rows, columns, 1).view(np.uint8)[..., :3]
        artist.set_data(numbers)  # a cell's color is its number
        drawn = self._draw_single(artist)
        artist.set_data(values)
        place = bounding_rectangle(drawn >> 24).pixels
        cells, opaque = drawn[place] & 0xFFFFFF, drawn[place] >> 24 == 255
        if not opaque.all():
            return None
        row, column = (cells[:, 0] // columns).astype(np.intp), (cells[0] % columns).astype(np.intp)
        if (cells != row[:, np.newaxis] * columns + column).any():
            return None
        pixels = self._pixels()[place]

        def paint() -> None:
            colors = np.asarray(artist.cmap(artist.norm(_values(artist)), bytes=True)).view(_PACKED)[..., 0]
            pixels[:] = colors[:, column][row]

        return paint


class Mosaic:
    """The frames of several scenes on one sheet, in step; what no scene covers is paper."""

    def __init__(self, parts: Sequence[Raster], corners: Sequence[tuple[int, int]], size: tuple[int, int]) -> None:
        """`corners` are the left and the top of each scene, `size` the width and height of the sheet, in pixels."""
        self._parts = parts
        self.count = parts[0].count
        paper = np.array(to_rgba_array(scene_look.settings().paper) * 255, np.uint8).view(_PACKED)[0, 0]
        self._sheet = np.full(size[::-1], paper)
        self._windows = []
        for part, (left, top) in zip(parts, corners, strict=True):
            pixels = part.frame(0)
            high, wide = pixels.shape
            window = self._sheet[top : top + high, left : left + wide]
            window[:] = pixels
            self._windows.append(window)

    @property
    def figures(self) -> list[Figure]:
        """The figures from left to right, as the last frame that was drawn left them."""
        return [figure for part in self._parts for figure in part.figures]

    @property
    def colormap(self) -> Pixels:
        """Every color that the moving heat maps may show."""
        return np.unique(np.concatenate([part.colormap for part in self._parts]))

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame, valid until the next is drawn."""
        for part, window in zip(self._parts, self._windows, strict=True):
            pixels = part.frame(index)
            for place in part.places:
                window[place.pixels] = pixels[place.pixels]
        return self._sheet

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[Pixels]:
        """Every frame in turn, or those of `indices`."""
        return map(self.frame, range(self.count) if indices is None else indices)


class _LabelMovedError(Exception):
    """A label is outside of its rectangle or has another style."""


class _Label:
    """Paint a label of which only characters change; a character that was drawn once at its position is copied.

    Every character has its own columns under two conditions. The pen positions do not depend on the characters: they
    are equally wide and have no kerning. And no ink crosses into the columns of the next character: on one side of the
    border there is none. A text that does not meet both conditions is drawn.
    """

    def __init__(self, text: Text, renderer: Any, pixels: Pixels, still: Pixels, place: PixelRectangle) -> None:
        self._text, self._renderer, self._place = text, renderer, place
        self._height = pixels.shape[0]
        self._box, self._blank = pixels[place.pixels], still[place.pixels]
        self._look = self._appearance()
        self._advances: dict[str, set[float]] = {}
        """Widths of a character in front of each character that followed it."""
        self._pairs: set[tuple[str, str]] = set()
        self._first = ""
        """The first text that was drawn, from which others differ in a few characters."""
        self._sheet = self._blank
        self._characters: dict[tuple[int, str], Pixels] = {}

    @staticmethod
    def suits(text: Text) -> bool:
        """True if the look of a label depends on its characters alone, from its position to the right."""
        anchored = (text.get_horizontalalignment(), text.get_verticalalignment(), text.get_rotation())
        special = (text.get_bbox_patch(), text.get_path_effects(), text.get_wrap())
        formula = text.get_usetex() or text.get_parse_math()
        return anchored == ("left", "baseline", 0) and not (any(special) or formula or _clip(text))

    def __call__(self) -> None:
        if self._appearance() != self._look:
            raise _LabelMovedError
        content = self._text.get_text()
        if not self._copy(content):
            self._draw(content)

    def _appearance(self) -> tuple[object, ...]:
        text = self._text
        font = hash(text.get_fontproperties())
        return text.get_position(), text.get_color(), text.get_alpha(), text.get_visible(), font

    def _copy(self, content: str) -> bool:
        if len(content) != len(self._first):
            return False
        changed = [i for i, (old, new) in enumerate(zip(self._first, content, strict=True)) if old != new]
        if not all((i, text[i]) in self._characters for text in (self._first, content) for i in changed):
            return False
        pens = self._pens(content)
        if pens is None or pens != self._pens(self._first):
            return False
        self._box[:] = self._sheet
        for i in changed:
            self._box[:, pens[i] : pens[i + 1]] = self._characters[i, content[i]]
        return True

    def _draw(self, content: str) -> None:
        self._text.draw(self._renderer)
        left, low, right, high = self._text.get_window_extent(self._renderer).extents
        drawn = PixelRectangle(int(self._height - high), int(self._height - low) + 1, int(left), int(right) + 1)
        if content and drawn.joined(self._place) != self._place:
            raise _LabelMovedError
        if not self._first:
            self._first, self._sheet = content, self._box.copy()
        pens = self._pens(content)
        if pens is None:
            return
        inked = [False, *(self._box != self._blank).any(axis=0), False]
        own = [not (inked[pen] and inked[pen + 1]) for pen in pens]
        for i, character in enumerate(content):
            if own[i] and own[i + 1]:
                columns = self._box[:, pens[i] : pens[i + 1]]
                if not np.array_equal(self._characters.setdefault((i, character), columns.copy()), columns):
                    raise _LabelMovedError

    def _pens(self, content: str) -> list[int] | None:
        """The first column of each character, and the end of the last one; None if it is not known."""
        if "\n" in content or not self._has_glyphs(content):
            return None
        for pair in pairwise(content + " "):
            if pair not in self._pairs:
                self._pairs.add(pair)
                self._advances.setdefault(pair[0], set()).add(self._advance(*pair))
        advances = [self._advances[character] for character in content]
        if any(len(advance) != 1 for advance in advances):
            return None
        x, _ = self._text.get_transform().transform(self._text.get_position())
        ends = accumulate((min(advance) for advance in advances), initial=x - self._place.left)
        pens = [round(end) for end in ends]
        return pens if pens[0] >= 0 and pens[-1] <= self._box.shape[1] else None

    def _has_glyphs(self, content: str) -> bool:
        """False if another font draws some characters, whose widths `_advance` does not know."""
        font = get_font(findfont(self._text.get_fontproperties()))
        return all(font.get_char_index(ord(character)) for character in set(content))

    def _advance(self, character: str, following: str) -> float:
        """The width of a character before another, in pixels."""
        font = get_font(findfont(self._text.get_fontproperties()))
        font.set_size(float(self._text.get_fontsize()), self._text.figure.dpi)
        flags: Any = get_hinting_flag()  # type: ignore[no-untyped-call]
        places = font.set_text(character + following, 0, flags=flags)
        return float(places[1][0]) / 64 if len(places) == 2 else math.nan


def _clip(artist: Artist) -> BboxBase | None:
    """The clip box of an artist."""
    return artist.get_clip_box() if artist.get_clip_on() else None


def _extent(scene: Scene, label: Text, renderer: Any) -> Bbox:
    """The box around the texts of a label in a few frames, with a margin for others."""
    boxes = []
    for frame in _sample_frames(scene):
        scene.show(frame)
        boxes.append(label.get_window_extent(renderer).padded(8))
    scene.show(0)
    return Bbox.union(boxes)


def bounding_rectangle(marks: NDArray[Any]) -> PixelRectangle:
    """The rectangle around all values that are not zero; one pixel if there are none."""
    rows = np.flatnonzero(marks.any(axis=1))
    if not rows.size:
        return PixelRectangle(0, 1, 0, 1)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(marks[top:bottom].any(axis=0))
    return PixelRectangle(top, bottom, int(columns[0]), int(columns[-1]) + 1)


def _merge_rectangles(places: Iterable[PixelRectangle]) -> list[PixelRectangle]:
    """Disjoint rectangles that contain all of `places`."""
    apart: list[PixelRectangle] = []
    for place in places:
        while touching := [other for other in apart if other.touches(place)]:
            apart = [other for other in apart if other not in touching]
            place = reduce(PixelRectangle.joined, touching, place)
        apart.append(place)
    return apart


def _values(image: AxesImage) -> Any:
    """The data of an image, which matplotlib declares as optional."""
    return image.get_array()


def _live_artists(scene: Scene, canvas: Any) -> list[Artist]:
    """The artists to draw in every frame, in order: the moving ones, and those above any of them."""
    renderer = canvas.get_renderer()
    reach = {id(artist): box for artist, box in zip(scene.moving, _reach(scene, renderer), strict=True)}
    live, covered = [], list[Bbox]()
    for artist in _drawing_order(scene.figure):
        moves = id(artist) in reach
        extent = reach[id(artist)] if moves else artist.get_tightbbox(renderer)
        if isinstance(artist, Axis):  # its own extent leaves the grid out
            extent = Bbox.union([box for box in (extent, artist.axes.bbox) if box is not None])
        wordless = isinstance(artist, Text) and not artist.get_text() and not moves
        if extent is None or wordless:
            continue
        wide = extent.padded(3)  # lines are wider than their extent
        if moves or any(wide.overlaps(other) for other in covered):
            live.append(artist)
            covered.append(extent.padded(1))
    return live


def _reach(scene: Scene, renderer: Any) -> list[Bbox]:
    """The box of each moving artist: its axes if it is clipped, otherwise its extent in a few frames."""
    boxes: list[list[Bbox]] = [[] for _ in scene.moving]
    for frame in _sample_frames(scene):
        scene.show(frame)
        for artist, seen in zip(scene.moving, boxes, strict=True):
            axes = artist.axes if artist.get_clip_on() else None
            free = None if axes else artist.get_tightbbox(renderer)
            seen.append(Bbox(axes.bbox) if axes else free.padded(8) if free else Bbox.null())
    scene.show(0)
    return [Bbox.union(seen) for seen in boxes]


def _sample_frames(scene: Scene) -> set[int]:
    """Indices of a few frames that represent all."""
    return {0, scene.frames // 2, scene.frames - 1}


def _drawing_order(figure: Figure) -> Iterator[Artist]:
    """The artists of a figure in matplotlib's drawing order, with the artists of axes instead of the axes."""
    for artist in _sorted(figure.get_children(), figure.patch):
        if not isinstance(artist, Axes):
            yield artist
            continue
        hidden = [] if artist.axison else [*artist.spines.values(), artist.xaxis, artist.yaxis]
        yield from _sorted(artist.get_children(), artist.patch, *hidden)


def _sorted(artists: Iterable[Artist], *without: Artist) -> list[Artist]:
    left_out = {id(artist) for artist in without}
    kept = (artist for artist in artists if id(artist) not in left_out and artist.get_visible())
    return sorted(kept, key=lambda artist: artist.get_zorder())
