"""Frames of a scene, each equal to a full drawing of its figure, without drawing all of it again.

What stands still is drawn once. A frame restores that, moves what moves, and draws it, together with whatever lies
above it, in matplotlib's own order. A heat map is not even drawn: which pixel shows which cell is found out once, and
its colours are put there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from reportgen.figures import Scene, style

Pixels = NDArray[np.uint32]
"""Rows of pixels, one number each: red, green, blue and 255 from its lowest byte up."""

_PACKED = np.dtype("<u4")


class Raster:
    """Draws the frames of one scene, in any order and as often as wanted."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.count = scene.frames
        """How many frames there are."""
        canvas: Any = FigureCanvasAgg(scene.figure)
        self._canvas = canvas
        scene.show(0)
        canvas.draw()  # the layout settles and is then kept, so that the axes hold still
        scene.figure.set_layout_engine("none")
        self.live = _live(scene, canvas)
        """What is drawn in every frame, in order."""
        self._paint = [self._painter(artist) for artist in self.live]
        for artist in self.live:
            artist.set_animated(True)
        canvas.draw()
        for artist in self.live:
            artist.set_animated(False)
        self._still = self._pixels().copy()

    @property
    def colormap(self) -> Pixels:
        """Every colour that the moving heat maps may show."""
        tables = [
            np.asarray(artist.cmap(np.arange(artist.cmap.N), bytes=True)).view(_PACKED).ravel()
            for artist in self._scene.moving
            if isinstance(artist, AxesImage)
        ]
        return np.unique(np.concatenate([np.empty(0, _PACKED), *tables]))

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame; they hold until the next is drawn."""
        pixels = self._pixels()
        pixels[:] = self._still
        self._scene.show(index)
        for paint in self._paint:
            paint()
        return pixels

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[Pixels]:
        """Every frame in turn, or those of `indices`."""
        return map(self.frame, range(self._scene.frames) if indices is None else indices)

    def _pixels(self) -> Pixels:
        return np.asarray(self._canvas.buffer_rgba()).view(_PACKED)[..., 0]

    def _painter(self, artist: Artist) -> Callable[[], None]:
        if isinstance(artist, AxesImage) and np.ndim(_values(artist)) == 2:
            cells = self._cells(artist)
            if cells is not None:
                return _HeatMap(artist, self._pixels().reshape(-1), *cells)
        renderer = self._canvas.get_renderer()
        return lambda: artist.draw(renderer)

    def _cells(self, image: AxesImage) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
        """Which pixels show the image, and which cell each shows; None where edges are blended."""
        values = _values(image)
        rows, columns = values.shape
        numbers = np.arange(rows * columns, dtype=_PACKED).reshape(rows, columns, 1).view(np.uint8)[..., :3]
        renderer = self._canvas.get_renderer()
        renderer.clear()
        image.set_data(numbers)  # a cell's colour is its number
        image.draw(renderer)
        image.set_data(values)
        drawn = self._pixels().reshape(-1)
        opacity = drawn >> 24
        where = np.flatnonzero(opacity)
        return (where, (drawn[where] & 0xFFFFFF).astype(np.intp)) if (opacity[where] == 255).all() else None


class Mosaic:
    """The frames of several scenes side by side, in step; the lower ones end in blank paper."""

    def __init__(self, parts: Sequence[Raster]) -> None:
        self._parts = parts
        self.count = parts[0].count
        shapes = [part.frame(0).shape for part in parts]
        self._lefts = np.cumsum([0] + [width for _, width in shapes])
        paper = np.array(to_rgba_array(style.PAPER) * 255, np.uint8).view(_PACKED)[0, 0]
        self._sheet = np.full((max(height for height, _ in shapes), self._lefts[-1]), paper)

    @property
    def colormap(self) -> Pixels:
        """Every colour that the moving heat maps may show."""
        return np.unique(np.concatenate([part.colormap for part in self._parts]))

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame; they hold until the next is drawn."""
        for part, left in zip(self._parts, self._lefts, strict=False):
            pixels = part.frame(index)
            self._sheet[: pixels.shape[0], left : left + pixels.shape[1]] = pixels
        return self._sheet

    def frames(self, indices: Iterable[int] | None = None) -> Iterator[Pixels]:
        """Every frame in turn, or those of `indices`."""
        return map(self.frame, range(self.count) if indices is None else indices)


class _HeatMap:
    """Paints a heat map by looking its colours up."""

    def __init__(self, image: AxesImage, pixels: Pixels, where: NDArray[np.intp], cells: NDArray[np.intp]) -> None:
        self._image, self._pixels, self._where, self._cells = image, pixels, where, cells

    def __call__(self) -> None:
        colours = np.asarray(self._image.cmap(self._image.norm(_values(self._image)), bytes=True))
        self._pixels[self._where] = colours.view(_PACKED).ravel()[self._cells]


def _values(image: AxesImage) -> Any:
    """The data of an image; matplotlib allows for none."""
    return image.get_array()


def _live(scene: Scene, canvas: Any) -> list[Artist]:
    """What has to be drawn in every frame, in order: the moving artists, and what lies above any of them."""
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
    for frame in {0, scene.frames // 2, scene.frames - 1}:
        scene.show(frame)
        for artist, seen in zip(scene.moving, boxes, strict=True):
            axes = artist.axes if artist.get_clip_on() else None
            free = None if axes else artist.get_tightbbox(renderer)
            seen.append(Bbox(axes.bbox) if axes else free.padded(8) if free else Bbox.null())
    scene.show(0)
    return [Bbox.union(seen) for seen in boxes]


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
