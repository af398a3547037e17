"""The scenes of an animation on one sheet: their arrangement, and the pixels of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import accumulate

from reportgen import plugins
from reportgen.pictures import scene_look
from reportgen.pictures.picture import Animation
from reportgen.pictures.raster import Mosaic, Raster
from reportgen.pictures.scenes import Scene, scenes

_SMALLEST = 0.6
"""The least pixels of a CSS pixel. In smaller pictures the scenes get less room instead, so that text can be read."""

_SHAPE = 4 / 3
"""The usual ratio of the width of a sheet to its height, and of a panel's."""


def rasterize(item: Animation, scale: float = 1) -> Raster | Mosaic:
    """The frames of an animation, to be called within `scene_look.use`.

    They have the size of its settings, or else `scale` pixels for a CSS pixel. The first of several scenes shows the
    counter.
    """
    settings = scene_look.settings()
    if settings.width and settings.height:
        return _fill_frame(item, settings.width, settings.height)
    return _as_large_as_needed(item, settings.width, settings.height, scale)


def _as_large_as_needed(item: Animation, width: int | None, height: int | None, scale: float) -> Raster | Mosaic:
    """The frames where the content sets one side or both: side by side if there is one panel, else in rows."""
    across = min(2, len(item.scenes)) if _panels(item) == 1 else 1
    wide = min(scene_look.WIDTH, width / _SMALLEST) if width else scene_look.WIDTH
    usual = across == len(item.scenes) == 1 and wide == scene_look.WIDTH
    made = [_make(item, i, None if usual else (wide / across, 0)) for i in range(len(item.scenes))]
    sizes = list(map(_css_size, made))
    rows = [sizes[i : i + across] for i in range(0, len(sizes), across)]
    if width:
        scale = width / max(sum(wide for wide, _ in row) for row in rows)
    elif height:
        scale = height / sum(max(high for _, high in row) for row in rows)
    pixels = [[(round(scale * wide), round(scale * high)) for wide, high in row] for row in rows]
    tops = list(accumulate((max(high for _, high in row) for row in pixels), initial=0))
    corners = [
        (left, top)
        for row, top in zip(pixels, tops, strict=False)
        for left in list(accumulate((wide for wide, _ in row), initial=0))[:-1]
    ]
    flat = [size for row in pixels for size in row]
    parts = [Raster(scene, scale, size) for scene, size in zip(made, flat, strict=True)]
    return _together(parts, corners, (max(sum(wide for wide, _ in row) for row in pixels), tops[-1]))


def _fill_frame(item: Animation, width: int, height: int) -> Raster | Mosaic:
    """The frames of a given size, divided among the scenes."""
    scale = max(_SMALLEST, height / 480 if width >= _SHAPE * height else width / scene_look.WIDTH)
    across = _columns(len(item.scenes), _panels(item), width / height)
    rows = math.ceil(len(item.scenes) / across)
    parts, corners = [], []
    for i in range(len(item.scenes)):
        left, right = (round(width * (i % across + side) / across) for side in (0, 1))
        top, bottom = (round(height * (i // across + side) / rows) for side in (0, 1))
        wide, high = right - left, bottom - top
        scene = _make(item, i, (wide / scale, high / scale))
        css_wide, css_high = _css_size(scene)
        own = min(wide / css_wide, high / css_high)
        # A scene that follows its room has the same shape, up to the rounding of CSS pixels.
        size = _snapped(own * css_wide, wide), _snapped(own * css_high, high)
        parts.append(Raster(scene, own, size))
        corners.append((left + (wide - size[0]) // 2, top + (high - size[1]) // 2))
    return _together(parts, corners, (width, height))


def _snapped(length: float, room: int) -> int:
    return room if room - length < 0.02 * room else round(length)


def _columns(count: int, panels: int, shape: float) -> int:
    """The number of scenes side by side whose rooms suit `panels` best, in a frame of this ratio."""
    best = _SHAPE * {1: 1, 2: 1.7}.get(panels, 1.2)
    return min(range(count, 0, -1), key=lambda across: abs(math.log(shape / across * math.ceil(count / across) / best)))


def _panels(item: Animation) -> int:
    return len(item.inputs.get("panels", (None,)))


def _make(item: Animation, index: int, room: tuple[float, float] | None) -> Scene:
    name = item.scenes[index]
    with plugins.blaming(scenes[name]), scene_look.room(*room) if room else nullcontext():
        return scenes[name](**item.inputs, counter=not index)


def _css_size(scene: Scene) -> tuple[float, float]:
    width, height = scene.figure.get_size_inches() * 96
    return float(width), float(height)


def _together(parts: Sequence[Raster], corners: Sequence[tuple[int, int]], size: tuple[int, int]) -> Raster | Mosaic:
    """The parts on one sheet; a single part that covers it is enough by itself."""
    if len(parts) == 1 and parts[0].size == size:
        return parts[0]
    return Mosaic(parts, corners, size)
