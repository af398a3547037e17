"""The one function that workers run: a wanted picture or animation in, its files out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from reportgen import plugins
from reportgen.pictures import Animation, Picture, style
from reportgen.pictures.deltas import encode_all
from reportgen.pictures.formats import formats as registry
from reportgen.pictures.formats.apng import Apng
from reportgen.pictures.formats.gif import Gif
from reportgen.pictures.media import Media
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Mosaic, Pixels, Raster
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures


def render(item: Picture | Animation, formats: Sequence[str] = ()) -> Media:
    """Draw `item`; the same item gives the same bytes in any process.

    An animation is a GIF, an APNG and a poster, and also written in `formats`, names of registered formats. Raises
    `MachineError` if what encodes them is missing; `check_available` of a format tells that before any work.
    """
    return _picture(item) if isinstance(item, Picture) else _animation(item, formats)


def _picture(item: Picture) -> Media:
    with style.look(), plugins.blaming(figures[item.figure]):
        figure = figures[item.figure](**item.inputs)
        if any(axes.name == "3d" for axes in figure.axes):
            # A surface is thousands of facets, too many for an SVG.
            kind, light = "png", _png(figure)
            with style.look(dark=True):
                dark = _png(figures[item.figure](**item.inputs))
        else:
            drawn = _svg(figure)
            kind, light, dark = "svg", drawn.encode(), _darkened(drawn).encode()
    width, height = figure.get_size_inches() * 96
    files = {f"{item.name}.{kind}": light, f"{item.name}-dark.{kind}": dark}
    file, other = files
    return Media(
        name=item.name,
        kind="picture",
        alt=item.alt,
        width=round(width),
        height=round(height),
        file=file,
        dark=other,
        poster=None,
        files=files,
    )


def _animation(item: Animation, formats: Sequence[str]) -> Media:
    with style.look():
        raster = rasterized(item)
        palette = palette_of(raster)
        delays = item.timeline.delays(raster.count)
        always: tuple[Gif | Apng, ...] = (Gif(), Apng())
        contents = encode_all(always, raster.frames(), palette, delays)
        files = {f"{item.name}.{form.suffix}": data for form, data in zip(always, contents, strict=True)}
        file = f"{item.name}.gif"
        last = raster.frame(raster.count - 1)
        height, width = last.shape
        poster = f"{item.name}.png"
        files[poster] = still(last, palette)
        for form in (registry[name]() for name in formats):
            name = f"{item.name}.{form.suffix}"
            with plugins.blaming(type(form)):
                files[name] = files.get(name) or form.encode(raster.frames(), palette, delays)
    return Media(
        name=item.name,
        kind="animation",
        alt=item.alt,
        width=width,
        height=height,
        file=file,
        dark=None,
        poster=poster,
        files=files,
    )


def rasterized(item: Animation, scale: int = 1) -> Raster | Mosaic:
    """The frames of an animation; its scenes stand side by side, and the first of them counts the steps."""
    parts = []
    for i, name in enumerate(item.scenes):
        with plugins.blaming(scenes[name]):
            parts.append(Raster(scenes[name](**item.inputs, counter=not i), scale))
    return parts[0] if len(parts) == 1 else Mosaic(parts)


def palette_of(raster: Raster | Mosaic) -> Palette:
    """The colors of an animation. Some frames show nearly every one; what they miss gets the nearest."""
    sample = sorted({round(i * (raster.count - 1) / 19) for i in range(20)})
    return Palette.of(raster.frames(sample), raster.colormap)


def still(pixels: Pixels, palette: Palette) -> bytes:
    """A frame in the colors of its animation, so that nothing changes when one takes the place of the other."""
    out = BytesIO()
    image = Image.fromarray(palette.indices(pixels))
    image.putpalette(palette.colors.tobytes())
    image.save(out, "png", optimize=True)
    return out.getvalue()


def _png(figure: Figure) -> bytes:
    """Twice the pixels of the page, for dense screens; palettes are enough for these pictures."""
    out = BytesIO()
    figure.set_dpi(192)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    image.quantize(255, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def _svg(figure: Figure) -> str:
    out = BytesIO()
    nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(out, format="svg", metadata=nothing)
    return _slimmed(out.getvalue().decode())


def _slimmed(svg: str) -> str:
    """The same picture in fewer bytes: matplotlib writes comments, millionths of a point, and a style a marker."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r"\s*([A-Za-z])\s*", r"\1", _rounded(path[0])), svg)
    svg = re.sub(r'(?<= [xy]=")[^"]*|(?<=translate\()[^)]*', lambda place: _rounded(place[0]), svg)
    svg = re.sub(r"\n\s+", "\n", svg)
    return re.sub(r'<g( clip-path="[^"]*")?>\n((?:<use [^>]*/>\n)+)</g>', _one_style, svg)


def _rounded(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), numbers)


def _one_style(markers: re.Match[str]) -> str:
    """A group of markers with the style of all of them on the group."""
    styles = set(re.findall(r' style="[^"]*"', markers[2]))
    if len(styles) != 1 or markers[2].count(" style=") != markers[2].count("<use"):
        return markers[0]
    (style_of_all,) = styles
    return f"<g{markers[1] or ''}{style_of_all}>\n{markers[2].replace(style_of_all, '')}</g>"


def _darkened(svg: str) -> str:
    return re.sub("|".join(style.DARK), lambda color: style.DARK[color[0]], svg)
