"""Drawing: from a picture or an animation to its files. Workers run `render`."""

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
from reportgen.pictures import scene_look, style
from reportgen.pictures.composition import rasterize
from reportgen.pictures.deltas import encode_all
from reportgen.pictures.formats import formats as registry
from reportgen.pictures.formats.apng import Apng
from reportgen.pictures.formats.gif import Gif
from reportgen.pictures.media import Media
from reportgen.pictures.palette import Palette
from reportgen.pictures.picture import Animation, Picture, PictureLook
from reportgen.pictures.raster import Mosaic, Pixels, Raster
from reportgen.pictures.stills import figures


def render(item: Picture | Animation, formats: Sequence[str] = (), look: PictureLook | None = None) -> Media:
    """Draw `item`; the same item gives the same bytes in any process. `look` is what the author set.

    An animation becomes a GIF, an APNG, a poster, and a file in each of `formats`, names of registered formats. Raises
    `MachineError` if an encoder is missing; `check_available` of a format checks that beforehand.
    """
    look = look or PictureLook()
    return _draw_picture(item, look) if isinstance(item, Picture) else _draw_animation(item, formats, look)


def _draw_picture(item: Picture, look: PictureLook) -> Media:
    with style.look(fonts=look.fonts), plugins.blaming(figures[item.figure]):
        figure = figures[item.figure](**item.inputs)
        if any(axes.name == "3d" for axes in figure.axes):
            # A surface has thousands of facets, too many for an SVG.
            kind, light = "png", _png(figure)
            with style.look(dark=True, fonts=look.fonts):
                dark = _png(figures[item.figure](**item.inputs))
        else:
            drawn = _svg(figure)
            kind, light, dark = "svg", drawn.encode(), _darken(drawn).encode()
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


def _draw_animation(item: Animation, formats: Sequence[str], look: PictureLook) -> Media:
    with scene_look.use(look):
        raster = rasterize(item)
        palette = animation_palette(raster)
        delays = item.timeline.delays(raster.count)
        always: tuple[Gif | Apng, ...] = (Gif(), Apng())
        contents = encode_all(always, raster.frames(), palette, delays)
        files = {f"{item.name}.{form.suffix}": data for form, data in zip(always, contents, strict=True)}
        file = f"{item.name}.gif"
        last = raster.frame(raster.count - 1)
        height, width = last.shape
        poster = f"{item.name}.png"
        files[poster] = still_png(last, palette)
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


def animation_palette(raster: Raster | Mosaic) -> Palette:
    """The palette of an animation, from a sample of its frames; other colors get the nearest in it."""
    sample = sorted({round(i * (raster.count - 1) / 19) for i in range(20)})
    return Palette.from_frames(raster.frames(sample), raster.colormap)


def still_png(pixels: Pixels, palette: Palette) -> bytes:
    """A frame as a PNG in the palette of its animation, so that it looks the same."""
    out = BytesIO()
    image = Image.fromarray(palette.indices(pixels))
    image.putpalette(palette.colors.tobytes())
    image.save(out, "png", optimize=True)
    return out.getvalue()


def _png(figure: Figure) -> bytes:
    """A PNG with twice the pixels of the page, for dense screens; a palette is enough for these pictures."""
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
    return _slim_svg(out.getvalue().decode())


def _slim_svg(svg: str) -> str:
    """The same picture in fewer bytes: without comments, with rounded coordinates, and one style for each group."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r"\s*([A-Za-z])\s*", r"\1", _round_numbers(path[0])), svg)
    svg = re.sub(r'(?<= [xy]=")[^"]*|(?<=translate\()[^)]*', lambda place: _round_numbers(place[0]), svg)
    svg = re.sub(r"\n\s+", "\n", svg)
    return re.sub(r'<g( clip-path="[^"]*")?>\n((?:<use [^>]*/>\n)+)</g>', _one_style, svg)


def _round_numbers(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), numbers)


def _one_style(markers: re.Match[str]) -> str:
    """A group of markers with their common style moved to the group."""
    styles = set(re.findall(r' style="[^"]*"', markers[2]))
    if len(styles) != 1 or markers[2].count(" style=") != markers[2].count("<use"):
        return markers[0]
    (style_of_all,) = styles
    return f"<g{markers[1] or ''}{style_of_all}>\n{markers[2].replace(style_of_all, '')}</g>"


def _darken(svg: str) -> str:
    return re.sub("|".join(style.DARK), lambda color: style.DARK[color[0]], svg)
