"""Figures as SVG: real text in the font of the page that shows them, few bytes, and colors that follow a dark page.

matplotlib writes the drawing; `markup` reads it back and writes it again without what no reader sees. A file has the
colors of a light page, and a style that replaces them on a dark one. `Media.inline` puts variables in their place.
"""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO, StringIO
from itertools import groupby
from typing import Any, NamedTuple

from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from PIL import Image

from reportgen.pictures import style
from reportgen.pictures.colors import DARK, PAPER
from reportgen.text import escape_control_characters

_DOTS_PER_INCH = 192
"""Resolution of the parts that are pixels, for dense screens."""

# matplotlib's own annotations leave these out.
_MatplotlibRenderer: Any = RendererSVG
_MixedRenderer: Any = MixedModeRenderer

_SHARED = ("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap")
_TEXT = ("fill", "opacity", "font-size", "font-weight", "text-anchor")


def markup(figures: Sequence[Figure], alt: str) -> str:
    """Figures side by side as one SVG file; call it within `style.look`.

    The same figures give the same text in any process. They are changed: use them for nothing else afterwards.
    """
    inside, left, height = [], 0.0, max(figure.get_figheight() * 72 for figure in figures)
    for index, figure in enumerate(figures):
        root = ET.fromstring(_drawn(figure))  # noqa: S314  # matplotlib wrote it just now
        parts = _Parts(root, f"{index}-" if index else "")
        drawing = "".join([parts.definitions(), *parts.shapes(), *parts.texts()])
        inside.append(f'<g transform="translate({left:g})">{drawing}</g>' if index else drawing)
        left += figure.get_figwidth() * 72
    size = f'width="{left * 4 / 3:.0f}" height="{height * 4 / 3:.0f}" viewBox="0 0 {left:g} {height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{_escape(alt)}"'
    return f'{head} fill="none" stroke-linejoin="round">{_STYLE}{"".join(inside)}</svg>\n'


def _style() -> str:
    """The background and the colors of a file that no page has in it."""
    dark = "".join(
        f'[fill="{light}"]{{fill:{color}}}[stroke="{light}"]{{stroke:{color}}}' for light, color in DARK.items()
    )
    font = "svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif}"
    cells = ".cells{filter:invert(.92) hue-rotate(180deg)}"
    query = f"@media (prefers-color-scheme:dark){{{dark}{cells}}}"
    return f'<g class="own"><style>{font}{query}</style><path fill="{PAPER}" d="M0 0h9999v9999H0z"/></g>'


_STYLE = _style()
_WHITE = to_rgba(PAPER)


def _drawn(figure: Figure) -> str:
    """The figure as matplotlib writes it, with each text anchored as it is aligned."""
    if figure.get_facecolor() == _WHITE:
        figure.patch.set_visible(False)
    for axes in figure.axes:
        if axes.get_facecolor() == _WHITE:
            axes.patch.set_visible(False)
    for image in figure.findobj(AxesImage):
        image.set_interpolation("none")  # one pixel for each cell
    figure.set_dpi(72)
    figure.draw_without_rendering()  # makes the labels of ticks
    for text in figure.findobj(Text):
        text.set_gid(_anchor(text))
    out = StringIO()
    width, height = figure.get_size_inches()
    inner = _Renderer(72 * width, 72 * height, out, image_dpi=_DOTS_PER_INCH, metadata={"Date": None})
    renderer = _MixedRenderer(figure, width, height, _DOTS_PER_INCH, inner)
    figure.draw(renderer)
    renderer.finalize()
    return out.getvalue()


def _anchor(text: Text) -> str:
    """The place of a text along its own line that stays where it is, whatever the font."""
    upright = round(text.get_rotation()) % 180 == 0 or text.get_rotation_mode() == "anchor"
    aligned = text.get_horizontalalignment() if upright else text.get_verticalalignment()
    return {"center": "middle", "right": "end", "top": "end"}.get(aligned, "start")


class _Renderer(_MatplotlibRenderer):  # type: ignore[misc]
    """matplotlib's, except for text: the browser sets it, so only its anchor is known."""

    _at = "start"

    def open_group(self, s: str, gid: str | None = None) -> None:
        if s == "text":
            self._at = gid or "start"
        super().open_group(s)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        width = self.get_text_width_height_descent(s, prop, False)[0]
        along = {"start": 0.0, "middle": 0.5, "end": 1.0}[self._at] * width
        x, y = x + along * math.cos(math.radians(angle)), y - along * math.sin(math.radians(angle))
        place = {"x": _number(x), "y": _number(y)}
        if angle:
            place["transform"] = f"rotate({_number(-angle)} {place['x']} {place['y']})"
        if not style.has_glyphs(s):  # another font draws it, as wide as it was laid out
            place |= {"textLength": _number(width), "lengthAdjust": "spacingAndGlyphs"}
        alpha = gc.get_alpha() if gc.get_forced_alpha() else gc.get_rgb()[3]
        look = {"fill": to_hex(gc.get_rgb()), "font-size": f"{prop.get_size_in_points():g}"}
        look |= {"opacity": f"{alpha:g}"} if alpha != 1 else {}
        look |= {"font-weight": "bold"} if prop.get_weight() in ("bold", 700) else {}
        look |= {"text-anchor": self._at} if self._at != "start" else {}
        self.writer.element("text", escape_control_characters(s), attrib=place | look)


class _Box(NamedTuple):
    """A rectangle that clips."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, points: list[tuple[float, float]]) -> bool:
        """True if no point lies more than a little outside."""
        return all(
            self.left - 0.6 <= x <= self.right + 0.6 and self.top - 0.6 <= y <= self.bottom + 0.6 for x, y in points
        )


class _Shape(NamedTuple):
    """A path, marker or image: what it shares with its neighbors, and its own part."""

    look: tuple[tuple[str, str], ...]
    own: str


class _Parts:
    """The drawing as flat lists of shapes and texts, each with all that matters to it."""

    def __init__(self, root: ET.Element, prefix: str) -> None:
        """`prefix` begins all ids."""
        self._prefix = prefix
        self._boxes: dict[str, _Box] = {}
        self._clips: dict[str, str] = {}
        self._markers: dict[str, tuple[str, str]] = {}
        self._used: set[str] = set()
        self._shapes: list[_Shape] = []
        self._texts: list[_Shape] = []
        for clip in root.iter(f"{_SVG}clipPath"):
            self._boxes[f"url(#{clip.get('id')})"] = _box(clip)
        self._read(root, "")

    def definitions(self) -> str:
        """Markers, and the clips that cut something off."""
        markers = "".join(
            f'<path id="{name}" d="{path}"/>' for name, path in self._markers.values() if name in self._used
        )
        clips = "".join(
            f'<clipPath id="{name}"><path d="M{_number(b.left)} {_number(b.top)}H{_number(b.right)}'
            f'V{_number(b.bottom)}H{_number(b.left)}z"/></clipPath>'
            for url, name in self._clips.items()
            for b in [self._boxes[url]]
        )
        return f"<defs>{markers}{clips}</defs>" if markers or clips else ""

    def shapes(self) -> Iterator[str]:
        """Shapes in the order in which they are drawn; neighbors that look the same are in one group."""
        return _grouped(self._shapes)

    def texts(self) -> Iterator[str]:
        """Texts, above all shapes."""
        return _grouped(sorted(self._texts, key=lambda text: text.look))

    def _read(self, parent: ET.Element, clip: str) -> None:
        for element in parent:
            kind, has = element.tag.removeprefix(_SVG), element.attrib
            inner = has.get("clip-path", clip)
            if kind == "g":
                self._read(element, inner)
            elif kind == "defs":
                for path in element.findall(f"{_SVG}path"):
                    self._markers[f"#{path.get('id')}"] = (
                        f"{self._prefix}m{len(self._markers)}",
                        _relative(path.get("d", ""), 2),
                    )
            elif kind == "path":
                self._path(element, inner)
            elif kind == "use":
                self._marker(element, inner)
            elif kind == "image":
                self._image(element, inner)
            elif kind == "text":
                look = tuple((name, has[name]) for name in _TEXT if name in has)
                own = "".join(f' {name}="{has[name]}"' for name in has if name not in _TEXT)
                self._texts.append(_Shape(look, f"<text{own}>{_escape(element.text or '')}</text>"))

    def _path(self, element: ET.Element, clip: str) -> None:
        path = element.get("d", "")
        if path.strip():
            self._add(f'<path d="{_relative(path)}"/>', _look(element), clip, _points(path))

    def _marker(self, element: ET.Element, clip: str) -> None:
        x, y = (float(element.get(axis, "0")) for axis in "xy")
        name, _ = self._markers[element.get(f"{_XLINK}href", "")]
        self._used.add(name)
        own = f'<use href="#{name}" x="{_number(x)}" y="{_number(y)}"/>'
        self._add(own, _look(element), clip, [(x, y)])

    def _image(self, element: ET.Element, clip: str) -> None:
        own = {name: element.get(name, "") for name in ("x", "y", "width", "height", "transform") if element.get(name)}
        own = {name: re.sub(r"-?\d+\.\d+", _five_digits, value) for name, value in own.items()}
        cells = "style" in element.attrib  # as opposed to a part that was drawn in pixels
        look = ' class="cells" image-rendering="pixelated" preserveAspectRatio="none"' if cells else ""
        content = base64.b64encode(_small(element.get(f"{_XLINK}href", ""))).decode()
        size = "".join(f' {name}="{value}"' for name, value in own.items())
        self._add(f'<image{look}{size} href="data:image/png;base64,{content}"/>', {}, "", [])

    def _add(self, own: str, look: dict[str, str], clip: str, points: list[tuple[float, float]]) -> None:
        if clip and not self._boxes[clip].holds(points):
            name = self._clips.setdefault(clip, f"{self._prefix}c{len(self._clips)}")
            look = look | {"clip-path": f"url(#{name})"}
        self._shapes.append(_Shape(tuple(look.items()), own))


_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def _grouped(shapes: list[_Shape]) -> Iterator[str]:
    for look, same in groupby(shapes, key=lambda shape: shape.look):
        inside = [shape.own for shape in same]
        words = "".join(f' {name}="{value}"' for name, value in look)
        if not {"fill", "stroke-opacity"} & dict(look).keys() and all(own.startswith("<path") for own in inside):
            inside = [f'<path d="{"".join(own[9:-3] for own in inside)}"/>']
        # The x and y of a use would move its clip-path with it.
        moved = "clip-path" in dict(look) and inside[0].startswith("<use")
        if len(inside) == 1 and words and not moved:
            kind, _, rest = inside[0].partition(" ")
            yield f"{kind}{words} {rest}\n"
        elif words:
            yield f"<g{words}>{''.join(inside)}</g>\n"
        else:
            yield "".join(inside) + "\n"


def _look(element: ET.Element) -> dict[str, str]:
    """The presentation of a shape, in attributes; matplotlib leaves black out."""
    given = dict(part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    has = {name.strip(): value.strip() for name, value in given.items()}
    has.setdefault("fill", "#000000")
    if has.get("opacity"):
        has |= {"fill-opacity": has["opacity"], "stroke-opacity": has["opacity"]}
    if has.get("stroke", "none") == "none":
        has = {name: value for name, value in has.items() if not name.startswith("stroke")}
    elif "stroke-width" not in has:
        has["stroke-width"] = "1"
    if has["fill"] == "none":
        has = {name: value for name, value in has.items() if not name.startswith("fill")}
    return {name: has[name] for name in _SHARED if name in has and (name, has[name]) not in _DEFAULTS}


_DEFAULTS = {("stroke-width", "1"), ("stroke-linecap", "butt"), ("fill-opacity", "1"), ("stroke-opacity", "1")}


def _box(clip: ET.Element) -> _Box:
    (shape,) = clip
    if shape.tag == f"{_SVG}rect":
        left, top, width, height = (float(shape.get(name, "0")) for name in ("x", "y", "width", "height"))
        return _Box(left, top, left + width, top + height)
    points = _points(shape.get("d", ""))
    return _Box(*(end(p[axis] for p in points) for end in (min, max) for axis in (0, 1)))


_TOKEN = re.compile(r"[MLQCz]|-?\d+(?:\.\d+)?(?:e-?\d+)?")


def _points(path: str) -> list[tuple[float, float]]:
    numbers = [float(part) for part in _TOKEN.findall(path) if part not in "MLQCz"]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _relative(path: str, digits: int = 1) -> str:
    """A path with relative, rounded coordinates; each counts from a rounded one, so that errors do not add up."""
    unit = 10**digits
    done: list[str] = []
    x = y = start_x = start_y = 0  # in units of the last digit
    command, last = "", ""
    tokens = iter(_TOKEN.findall(path))
    for part in tokens:
        if part == "z":
            done.append("z")
            x, y, last = start_x, start_y, ""
            continue
        if part in "MLQC":
            command = part
            part = next(tokens)
        count = {"M": 1, "L": 1, "Q": 2, "C": 3}[command]
        numbers = [round(float(part) * unit), *(round(float(next(tokens)) * unit) for _ in range(2 * count - 1))]
        if command == "M":
            done.append(f"M{_words(numbers, digits)}")
            x, y = start_x, start_y = numbers
            command, last = "L", "M"
            continue
        moves = [value - (x, y)[i % 2] for i, value in enumerate(numbers)]
        if command == "L" and not any(moves) and last != "M":
            continue  # a dot alone is drawn, with round ends
        letter = command.lower()
        if command == "L" and 0 in moves:
            letter, moves = ("v", moves[1:]) if moves[0] == 0 else ("h", moves[:1])
        words = _words(moves, digits)
        done.append(f"{letter}{words}" if letter != last else words if words[0] == "-" else f" {words}")
        x, y = numbers[-2:]
        last = letter
    return "".join(done)


def _words(numbers: list[int], digits: int) -> str:
    """Numbers in units of the last digit as text, with no more space between them than is needed."""
    words = [re.sub(r"^(-?)0\.", r"\1.", _number(number / 10**digits, digits)) for number in numbers]
    return "".join(word if not i or word[0] == "-" else f" {word}" for i, word in enumerate(words))


def _number(value: float, digits: int = 1) -> str:
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _small(address: str) -> bytes:
    """The picture of a data URL as a PNG with a palette."""
    image: Image.Image = Image.open(BytesIO(base64.b64decode(address.partition(",")[2])))
    out = BytesIO()
    if len(image.getcolors(1 << 24) or ()) > 256:
        image = image.convert("RGBA").quantize(255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    image.save(out, "png", optimize=True)
    return out.getvalue()


def _five_digits(number: re.Match[str]) -> str:
    return f"{float(number[0]):.5g}"


def _escape(text: str) -> str:
    return escape(escape_control_characters(text)).replace("\n", "&#10;")
