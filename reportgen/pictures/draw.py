"""Drawing: from a picture or an animation to its files. Workers run `render`."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from reportgen import plugins
from reportgen.pictures import scene_look, style, svg
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

LARGEST_STILL = 40_000
"""The most bytes of the last frame of an animation as an SVG; a page shows a larger one in pixels."""


def render(item: Picture | Animation, formats: Sequence[str] = (), look: PictureLook | None = None) -> Media:
    """Draw `item`; the same item gives the same bytes in any process. `look` is what the author set.

    An animation becomes a GIF, an APNG, its last frame, and a file in each of `formats`, names of registered formats.
    Raises `MachineError` if an encoder is missing; `check_available` of a format checks that beforehand.
    """
    look = look or PictureLook()
    return _draw_picture(item, look) if isinstance(item, Picture) else _draw_animation(item, formats, look)


def _draw_picture(item: Picture, look: PictureLook) -> Media:
    with style.look(fonts=look.fonts), plugins.blaming(figures[item.figure]):
        figure = figures[item.figure](**item.inputs)
        drawn = svg.markup([figure], item.alt)
    width, height = figure.get_size_inches() * 96
    file = f"{item.name}.svg"
    return Media(
        name=item.name,
        kind="picture",
        alt=item.alt,
        width=round(width),
        height=round(height),
        file=file,
        poster=None,
        files={file: drawn.encode()},
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
        raster.frame(raster.count - 1)
        drawn = svg.markup(raster.figures, item.alt).encode()
        still = f"{item.name}.svg" if len(drawn) <= LARGEST_STILL else None
        files |= {still: drawn} if still else {}
    return Media(
        name=item.name,
        kind="animation",
        alt=item.alt,
        width=width,
        height=height,
        file=file,
        poster=poster,
        still=still,
        keep=item.keep,
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
