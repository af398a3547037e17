"""Frames of a scene, each equal to a full drawing of its figure, without drawing all of it again.

What stands still is drawn once. A frame restores that where something moves, moves what moves, and draws it, together
with whatever lies above it, in matplotlib's own order. Heat maps and labels are not even drawn: which pixels show a
cell or a letter is found out once, and they are put there.
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
from matplotlib.backends.backend_agg import FigureCanvasAgg, get_hinting_flag
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase
from numpy.typing import NDArray

from reportgen.pictures import style
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
    """Draws the frames of one scene, in any order and as often as wanted."""

    def __init__(self, scene: Scene, scale: float = 1) -> None:
        """`scale` is how many pixels there are to a CSS pixel, along a line."""
        self._scene = scene
        self.count = scene.frames
        """How many frames there are."""
        scene.figure.set_dpi(96 * scale)
        canvas: Any = FigureCanvasAgg(scene.figure)
        self._canvas, self._renderer = canvas, canvas.get_renderer()
        scene.show(0)
        canvas.draw()  # the layout settles and is then kept, so that the axes hold still
        scene.figure.set_layout_engine("none")
        self.live: list[Artist] = []
        """What is drawn in every frame, in order."""
        places: list[PixelRectangle] = []
        maps: list[Callable[[], None] | None] = []
        for artist in _live(scene, canvas):
            if artist not in scene.moving:
                ink = self._alone(artist) >> 24
                if not any(ink[place.pixels].any() for place in places):
                    continue  # it seemed to lie above something that moves, and leaves no mark there
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
            self._paint.append(drawn or self._plainly(artist))
        # A heat map covers whatever was in its place.
        self._restored = _merged([place for place, drawn in zip(places, maps, strict=True) if not drawn])
        self.places = _merged(places)
        """Where frames may differ from each other."""

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
        """The pixels of one frame; they hold until the next is drawn."""
        self._scene.show(index)
        try:
            self._draw()
        except _Elsewhere:  # from now on nothing is taken for granted
            self._restored = self.places = [self._everywhere]
            self._paint = [self._plainly(artist) for artist in self.live]
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

    def _alone(self, artist: Artist) -> Pixels:
        """The pixels of an artist on nothing."""
        self._renderer.clear()
        artist.draw(self._renderer)
        return self._pixels()

    def _plainly(self, artist: Artist) -> Callable[[], None]:
        return lambda: artist.draw(self._renderer)

    @property
    def _everywhere(self) -> PixelRectangle:
        width, height = self._canvas.get_width_height()
        return PixelRectangle(0, height, 0, width)

    def _place(self, artist: Artist) -> PixelRectangle:
        """Where an artist may leave a mark in any frame; for a label, if it stays there."""
        if artist not in self._scene.moving:
            return around(self._alone(artist) >> 24)
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
        """Paints an image of opaque, upright cells by looking their colors up; None for any other artist."""
        if not isinstance(artist, AxesImage) or np.ndim(_values(artist)) != 2:
            return None
        values = _values(artist)
        rows, columns = values.shape
        numbers = np.arange(rows * columns, dtype=_PACKED).reshape(rows, columns, 1).view(np.uint8)[..., :3]
        artist.set_data(numbers)  # a cell's color is its number
        drawn = self._alone(artist)
        artist.set_data(values)
        place = around(drawn >> 24).pixels
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
    """The frames of several scenes side by side, in step; the lower ones end in blank paper."""

    def __init__(self, parts: Sequence[Raster]) -> None:
        self._parts = parts
        self.count = parts[0].count
        shapes = [part.frame(0).shape for part in parts]
        lefts = np.cumsum([0] + [width for _, width in shapes])
        paper = np.array(to_rgba_array(style.PAPER) * 255, np.uint8).view(_PACKED)[0, 0]
        self._sheet = np.full((max(height for height, _ in shapes), lefts[-1]), paper)
        self._windows = [
            self._sheet[:height, left : left + width] for (height, width), left in zip(shapes, lefts, strict=False)
        ]
        for part, window in zip(parts, self._windows, strict=True):
            window[:] = part.frame(0)

    @property
    def colormap(self) -> Pixels:
        """Every color that the moving heat maps may show."""
        return np.unique(np.concatenate([part.colormap for part in self._parts]))

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame; they hold until the next is drawn."""
        for part, window in zip(self._parts, self._windows, strict=True):
            pixels = part.frame(index)
            for place in part.places:
                window[place.pixels] = pixels[place.pixels]
        return self._sheet

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[Pixels]:
        """Every frame in turn, or those of `indices`."""
        return map(self.frame, range(self.count) if indices is None else indices)


class _Elsewhere(Exception):
    """A label is not where it was."""


class _Label:
    """Paints a label that changes nothing but its letters; a letter that was drawn once in its place is copied.

    Every letter has columns of its own if two things hold. The pen comes to the same places whatever the letters are:
    they are equally wide, and no two of them move together. And no ink crosses into the next letter's columns: on one
    side of the border there is none. A text for which this is not known to hold is drawn.
    """

    def __init__(self, text: Text, renderer: Any, pixels: Pixels, still: Pixels, place: PixelRectangle) -> None:
        self._text, self._renderer, self._place = text, renderer, place
        self._height = pixels.shape[0]
        self._box, self._blank = pixels[place.pixels], still[place.pixels]
        self._look = self._looks()
        self._advances: dict[str, set[float]] = {}
        """How far the pen goes over a letter, before all those that came next."""
        self._pairs: set[tuple[str, str]] = set()
        self._first = ""
        """The first text that was drawn, from which others differ in a few letters."""
        self._sheet = self._blank
        self._letters: dict[tuple[int, str], Pixels] = {}

    @staticmethod
    def suits(text: Text) -> bool:
        """Whether letters alone decide what the label looks like, from its place on to the right."""
        anchored = (text.get_horizontalalignment(), text.get_verticalalignment(), text.get_rotation())
        special = (text.get_bbox_patch(), text.get_path_effects(), text.get_wrap())
        formula = text.get_usetex() or text.get_parse_math()
        return anchored == ("left", "baseline", 0) and not (any(special) or formula or _clip(text))

    def __call__(self) -> None:
        if self._looks() != self._look:
            raise _Elsewhere
        says = self._text.get_text()
        if not self._copy(says):
            self._draw(says)

    def _looks(self) -> tuple[object, ...]:
        text = self._text
        font = hash(text.get_fontproperties())
        return text.get_position(), text.get_color(), text.get_alpha(), text.get_visible(), font

    def _copy(self, says: str) -> bool:
        if len(says) != len(self._first):
            return False
        changed = [i for i, (old, new) in enumerate(zip(self._first, says, strict=True)) if old != new]
        if not all((i, text[i]) in self._letters for text in (self._first, says) for i in changed):
            return False
        pens = self._pens(says)
        if pens is None or pens != self._pens(self._first):
            return False
        self._box[:] = self._sheet
        for i in changed:
            self._box[:, pens[i] : pens[i + 1]] = self._letters[i, says[i]]
        return True

    def _draw(self, says: str) -> None:
        self._text.draw(self._renderer)
        left, low, right, high = self._text.get_window_extent(self._renderer).extents
        drawn = PixelRectangle(int(self._height - high), int(self._height - low) + 1, int(left), int(right) + 1)
        if says and drawn.joined(self._place) != self._place:
            raise _Elsewhere
        if not self._first:
            self._first, self._sheet = says, self._box.copy()
        pens = self._pens(says)
        if pens is None:
            return
        inked = [False, *(self._box != self._blank).any(axis=0), False]
        own = [not (inked[pen] and inked[pen + 1]) for pen in pens]
        for i, letter in enumerate(says):
            if own[i] and own[i + 1]:
                columns = self._box[:, pens[i] : pens[i + 1]]
                if not np.array_equal(self._letters.setdefault((i, letter), columns.copy()), columns):
                    raise _Elsewhere

    def _pens(self, says: str) -> list[int] | None:
        """The column where each letter begins, and where the last one ends; None if that cannot be told."""
        if "\n" in says:
            return None
        for pair in pairwise(says + " "):
            if pair not in self._pairs:
                self._pairs.add(pair)
                self._advances.setdefault(pair[0], set()).add(self._advance(*pair))
        advances = [self._advances[letter] for letter in says]
        if any(len(advance) != 1 for advance in advances):
            return None
        x, _ = self._text.get_transform().transform(self._text.get_position())
        ends = accumulate((min(advance) for advance in advances), initial=x - self._place.left)
        pens = [round(end) for end in ends]
        return pens if pens[0] >= 0 and pens[-1] <= self._box.shape[1] else None

    def _advance(self, letter: str, following: str) -> float:
        """How far the pen moves over a letter before another, in pixels."""
        font = get_font(findfont(self._text.get_fontproperties()))
        font.set_size(float(self._text.get_fontsize()), self._text.figure.dpi)
        flags: Any = get_hinting_flag()  # type: ignore[no-untyped-call]
        places = font.set_text(letter + following, 0, flags=flags)
        return float(places[1][0]) / 64 if len(places) == 2 else math.nan


def _clip(artist: Artist) -> BboxBase | None:
    """The box that an artist cannot leave."""
    return artist.get_clip_box() if artist.get_clip_on() else None


def _extent(scene: Scene, label: Text, renderer: Any) -> Bbox:
    """Around what a label says in a few frames, with some room for others."""
    boxes = []
    for frame in _few(scene):
        scene.show(frame)
        boxes.append(label.get_window_extent(renderer).padded(8))
    scene.show(0)
    return Bbox.union(boxes)


def around(marks: NDArray[Any]) -> PixelRectangle:
    """The rectangle around all that is not zero; one pixel if there is nothing."""
    rows = np.flatnonzero(marks.any(axis=1))
    if not rows.size:
        return PixelRectangle(0, 1, 0, 1)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(marks[top:bottom].any(axis=0))
    return PixelRectangle(top, bottom, int(columns[0]), int(columns[-1]) + 1)


def _merged(places: Iterable[PixelRectangle]) -> list[PixelRectangle]:
    """The same pixels and perhaps more in rectangles that have none in common."""
    apart: list[PixelRectangle] = []
    for place in places:
        while touching := [other for other in apart if other.touches(place)]:
            apart = [other for other in apart if other not in touching]
            place = reduce(PixelRectangle.joined, touching, place)
        apart.append(place)
    return apart


def _values(image: AxesImage) -> Any:
    """The data of an image; matplotlib allows for none."""
    return image.get_array()


def _live(scene: Scene, canvas: Any) -> list[Artist]:
    """What may have to be drawn in every frame, in order: the moving artists, and what lies above any of them."""
    renderer = canvas.get_renderer()
    reach = {id(artist): box for artist, box in zip(scene.moving, _reach(scene, renderer), strict=True)}
    live, covered = [], list[Bbox]()
    for artist in _drawn(scene.figure):
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
    """Where each moving artist may come: all of its axes, or, for one that is not clipped, what a few frames show."""
    boxes: list[list[Bbox]] = [[] for _ in scene.moving]
    for frame in _few(scene):
        scene.show(frame)
        for artist, seen in zip(scene.moving, boxes, strict=True):
            axes = artist.axes if artist.get_clip_on() else None
            free = None if axes else artist.get_tightbbox(renderer)
            seen.append(Bbox(axes.bbox) if axes else free.padded(8) if free else Bbox.null())
    scene.show(0)
    return [Bbox.union(seen) for seen in boxes]


def _few(scene: Scene) -> set[int]:
    """Frames to learn from."""
    return {0, scene.frames // 2, scene.frames - 1}


def _drawn(figure: Figure) -> Iterator[Artist]:
    """The artists of a figure in the order in which matplotlib draws them, axes taken apart."""
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
