"""The card of a post: the picture that other people's pages show beside a link to it.

It is no registered figure: it has one size, no dark companion, and is looked at as small as 300 pixels wide.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.text import Text
from PIL import Image

from reportgen.pictures import style
from reportgen.text import printable

SIZE = (1200, 630)
"""What sites that show cards ask for."""

LARGEST = 300_000
"""Bytes; some sites that show cards fetch no more."""

_WASH, _LINE = "#f3f5f7", "#d9dde2"
_EDGE = 64
_BAR = 14
_PANEL = 496
"""Width of the field that holds a picture beside the words."""

_BELOW = 366
"""Height of the field that holds a picture below them."""


def card(title: str, site: str, byline: str, picture: bytes | None, accent: str = "") -> bytes:
    """A PNG of 1200 × 630 pixels: the words, and `picture` (a PNG, GIF, JPEG or WebP) as large as it fits.

    A title that the font cannot write is left out, and that of the site stands larger. Without an accent it is our
    blue. The same arguments give the same bytes in any process. Raises `OSError` if `picture` cannot be read.
    """
    image = _opened(picture) if picture else None
    with style.look():
        figure = drawn(title, site, byline, image, accent or style.BLUE)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    for colors in (256, 128, 64, 32, 8):
        out = BytesIO()
        pixels.quantize(colors, dither=Image.Dither.NONE).save(out, "png", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


def drawn(title: str, site: str, byline: str, image: Image.Image | None, accent: str) -> Figure:
    """The figure of a card; to be called within `style.look`."""
    width, height = SIZE
    figure = Figure(figsize=(width / 96, height / 96), dpi=96)
    figure.patch.set_facecolor(style.PAPER)
    if not _can_be_written(title):
        title, site = (site if _can_be_written(site) else ""), ""
    site, byline = (text if _can_be_written(text) else "" for text in (site, byline))
    right = width - _EDGE
    if image is None:
        _ornament(figure, accent)
        _words(figure, title, (_EDGE, 150, 780, 340), (76, 68, 60, 52, 44))
        _line(figure, site, (_EDGE, 96), 34, 780, color=accent, weight="bold")
        _line(figure, byline, (_EDGE, height - 56), 28, 780, color=style.MUTED)
    elif image.width >= 1.5 * image.height:
        _rectangle(figure, (0, height - _BELOW, width, _BELOW), _WASH)
        _place(figure, image, (_EDGE, height - _BELOW + 26, right - _EDGE, _BELOW - 52))
        _words(figure, title, (_EDGE, 98, right - _EDGE, 152), (66, 58, 50, 42, 36))
        half = (right - _EDGE) / 2 - 16
        _line(figure, site, (_EDGE, 78), 30, half, color=accent, weight="bold")
        _line(figure, byline, (right, 78), 26, half, color=style.MUTED, ha="right")
    else:
        left = width - _PANEL
        _rectangle(figure, (left, 0, _PANEL, height), _WASH)
        _place(figure, image, (left + 36, _BAR + 36, _PANEL - 72, height - _BAR - 72))
        room = left - _EDGE - 40
        _words(figure, title, (_EDGE, 140, room, 360), (64, 58, 52, 46, 40))
        _line(figure, site, (_EDGE, 92), 32, room, color=accent, weight="bold")
        _line(figure, byline, (_EDGE, height - 56), 26, room, color=style.MUTED)
    _rectangle(figure, (0, 0, width, _BAR), accent)
    return figure


def _opened(picture: bytes) -> Image.Image:
    image = Image.open(BytesIO(picture), formats=["PNG", "GIF", "JPEG", "WEBP"])
    image.draft("RGB", SIZE)  # a photograph need not be decoded in full
    paper = Image.new("RGBA", image.size, style.PAPER)
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


_Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels, from the upper left corner."""


def _rectangle(figure: Figure, box: _Box, color: str, **look: Any) -> None:
    left, top, width, height = box
    corner = (left, SIZE[1] - top - height)
    figure.add_artist(Rectangle(corner, width, height, transform=None, facecolor=color, **{"linewidth": 0, **look}))


def _place(figure: Figure, image: Image.Image, box: _Box) -> None:
    """The picture in the middle of a box, on a sheet of paper with a thin edge."""
    left, top, width, height = box
    margin = 14
    scale = min((width - 2 * margin) / image.width, (height - 2 * margin) / image.height, 2.0)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    x, y = round(left + (width - size[0]) / 2), round(top + (height - size[1]) / 2)
    sheet = (x - margin, y - margin, size[0] + 2 * margin, size[1] + 2 * margin)
    _rectangle(figure, sheet, style.PAPER, linewidth=1.2, edgecolor=_LINE)
    pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    figure.figimage(pixels, x, SIZE[1] - y - size[1], zorder=3)


def _ornament(figure: Figure, accent: str) -> None:
    """Where no picture is: the balls of L1 and L2, cut by the edge."""
    x, y, radius = 1130, 300, 270
    look: dict[str, Any] = {"transform": None, "zorder": 0}
    corners = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius)]
    figure.add_artist(Circle((x, y), radius, facecolor=accent, alpha=0.08, **look))
    figure.add_artist(Polygon(corners, facecolor=accent, alpha=0.14, **look))
    figure.add_artist(Circle((x, y), radius, fill=False, edgecolor=accent, alpha=0.45, linewidth=3, **look))
    figure.add_artist(Polygon(corners, fill=False, edgecolor=accent, linewidth=3, **look))


def _words(figure: Figure, text: str, box: _Box, sizes: tuple[int, ...]) -> None:
    """The title in the largest of `sizes`, in pixels, in which it is no more than three lines that fit the box."""
    left, top, width, height = box
    for size in sizes:
        most = min(3, int(height // (1.24 * size)))
        lines = _broken(text, width, size, most)
        if not lines or not lines[-1].endswith(" …"):
            break
    # In the middle of its box, so that a short one does not hang from the top.
    used = 1.24 * size * len(lines)
    for row, line in enumerate(lines):
        baseline = top + (height - used) / 2 + 1.24 * size * row + 0.97 * size
        _text(figure, line, (left, baseline), size, color=style.INK, weight="bold")


def _line(figure: Figure, text: str, at: tuple[float, float], size: float, width: float, **look: Any) -> None:
    """One line of small text: smaller where it would be too long, and then cut."""
    bold = look.get("weight") == "bold"
    size = max(0.72 * size, min(size, size * width / max(1.0, _long(printable(text[:500]), size, bold))))
    for line in _broken(text, width, size, 1, bold):
        _text(figure, line, at, size, **look)


def _text(figure: Figure, text: str, at: tuple[float, float], size: float, **look: Any) -> None:
    figure.add_artist(
        Text(at[0], SIZE[1] - at[1], text, fontsize=0.75 * size, va="baseline", transform=None, zorder=4, **look)
    )


def _broken(text: str, width: float, size: float, most: int, bold: bool = True) -> list[str]:
    """`text` in at most so many lines that are no longer than `width`; what is left out is an ellipsis."""
    text = " ".join(printable(" ".join(text[:500].split())).split())
    lines: list[str] = []
    for word in text.split():
        for piece in _pieces(word, width, size, bold):
            if lines and _long(f"{lines[-1]} {piece}", size, bold) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and _long(f"{last} …", size, bold) > width:
        last = last.rpartition(" ")[0] or last[:-1]
    return [*lines[: most - 1], f"{last} …"]


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """A word in pieces no longer than a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and _long(pieces[-1] + letter, size, bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _long(text: str, size: float, bold: bool) -> float:
    """The length of a line in pixels, and a little more: letters are drawn on whole ones."""
    return 1.02 * size * sum(_advance(letter, bold) for letter in text)


@cache
def _advance(letter: str, bold: bool) -> float:
    """The width of a letter as a share of the size of the font."""
    font = _font(bold)
    font.set_size(100, 72)
    try:
        return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100
    except RuntimeError:  # a letter that the font does not have, for which it draws a box
        return 0.8


def _font(bold: bool) -> Any:
    return get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))


def _can_be_written(text: str) -> bool:
    """Whether the font has nearly every letter; rows of empty boxes tell nobody anything."""
    letters = [ord(letter) for letter in printable(text) if unicodedata.category(letter)[0] in "LN"]
    known = _font(bold=True).get_charmap()
    return sum(letter in known for letter in letters) >= 0.9 * len(letters)
