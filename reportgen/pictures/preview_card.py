"""The preview card of a page: the picture that other sites show beside a link to it.

It is not a registered figure: it has one size, no dark version, and must be legible at a width of 300 pixels.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.text import Text
from PIL import Image

from reportgen.pictures import style
from reportgen.pictures.fonts import DEFAULT_FONTS, FontChoice, characters_of
from reportgen.text import printable

SIZE = (1200, 630)
"""Width and height that sites with link previews recommend."""

LARGEST = 300_000
"""The most bytes of a card; some sites do not fetch larger ones."""

_WASH, _LINE = "#f3f5f7", "#d9dde2"
_EDGE = 64
_BAR = 14
_PANEL = 496
"""Width of the field that holds a picture beside the text."""

_BELOW = 366
"""Height of the field that holds a picture below them."""


def draw_card(
    title: str, site: str, byline: str, picture: bytes | None, accent: str = "", fonts: FontChoice = DEFAULT_FONTS
) -> bytes:
    """A PNG of 1200 × 630 pixels: the text, and `picture` (a PNG, GIF, JPEG or WebP) as large as it fits.

    A title without glyphs in `fonts` is left out, and that of the site is larger instead. The default accent is our
    blue. The same arguments give the same bytes in any process. Raises `OSError` if `picture` cannot be read.
    """
    image = _open_image(picture) if picture else None
    with style.look(fonts=fonts):
        figure = card_figure(title, site, byline, image, accent or style.BLUE)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    for colors in (256, 128, 64, 32, 8):
        out = BytesIO()
        pixels.quantize(colors, dither=Image.Dither.NONE).save(out, "png", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


def card_figure(title: str, site: str, byline: str, image: Image.Image | None, accent: str) -> Figure:
    """The figure of a card; call it within `style.look`."""
    width, height = SIZE
    figure = Figure(figsize=(width / 96, height / 96), dpi=96)
    figure.patch.set_facecolor(style.PAPER)
    if not _has_glyphs(title):
        title, site = (site if _has_glyphs(site) else ""), ""
    site, byline = (text if _has_glyphs(text) else "" for text in (site, byline))
    right = width - _EDGE
    if image is None:
        _ornament(figure, accent)
        _draw_title(figure, title, (_EDGE, 150, 780, 340), (76, 68, 60, 52, 44))
        _draw_line(figure, site, (_EDGE, 96), 34, 780, color=accent, weight="bold")
        _draw_line(figure, byline, (_EDGE, height - 56), 28, 780, color=style.MUTED)
    elif image.width >= 1.5 * image.height:
        _rectangle(figure, (0, height - _BELOW, width, _BELOW), _WASH)
        _draw_image(figure, image, (_EDGE, height - _BELOW + 26, right - _EDGE, _BELOW - 52))
        _draw_title(figure, title, (_EDGE, 98, right - _EDGE, 152), (66, 58, 50, 42, 36))
        half = (right - _EDGE) / 2 - 16
        _draw_line(figure, site, (_EDGE, 78), 30, half, color=accent, weight="bold")
        _draw_line(figure, byline, (right, 78), 26, half, color=style.MUTED, ha="right")
    else:
        left = width - _PANEL
        _rectangle(figure, (left, 0, _PANEL, height), _WASH)
        _draw_image(figure, image, (left + 36, _BAR + 36, _PANEL - 72, height - _BAR - 72))
        room = left - _EDGE - 40
        _draw_title(figure, title, (_EDGE, 140, room, 360), (64, 58, 52, 46, 40))
        _draw_line(figure, site, (_EDGE, 92), 32, room, color=accent, weight="bold")
        _draw_line(figure, byline, (_EDGE, height - 56), 26, room, color=style.MUTED)
    _rectangle(figure, (0, 0, width, _BAR), accent)
    return figure


def _open_image(picture: bytes) -> Image.Image:
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


def _draw_image(figure: Figure, image: Image.Image, box: _Box) -> None:
    """Draw the picture in the middle of a box, on paper with a thin border."""
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
    """Draw the ornament of a card without a picture: the balls of L1 and L2, cut by the edge."""
    x, y, radius = 1130, 300, 270
    look: dict[str, Any] = {"transform": None, "zorder": 0}
    corners = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius)]
    figure.add_artist(Circle((x, y), radius, facecolor=accent, alpha=0.08, **look))
    figure.add_artist(Polygon(corners, facecolor=accent, alpha=0.14, **look))
    figure.add_artist(Circle((x, y), radius, fill=False, edgecolor=accent, alpha=0.45, linewidth=3, **look))
    figure.add_artist(Polygon(corners, fill=False, edgecolor=accent, linewidth=3, **look))


def _draw_title(figure: Figure, text: str, box: _Box, sizes: tuple[int, ...]) -> None:
    """Draw the title in the largest of `sizes`, in pixels, at which it fits the box in at most three lines."""
    left, top, width, height = box
    for size in sizes:
        most = min(3, int(height // (1.24 * size)))
        lines = _break_lines(text, width, size, most)
        if not lines or not lines[-1].endswith(" …"):
            break
    # Center it vertically in its box.
    used = 1.24 * size * len(lines)
    for row, line in enumerate(lines):
        baseline = top + (height - used) / 2 + 1.24 * size * row + 0.97 * size
        _draw_text(figure, line, (left, baseline), size, color=style.INK, weight="bold")


def _draw_line(figure: Figure, text: str, at: tuple[float, float], size: float, width: float, **look: Any) -> None:
    """Draw one line of small text; reduce its size if it is too long, then cut it."""
    bold = look.get("weight") == "bold"
    size = max(0.72 * size, min(size, size * width / max(1.0, _text_width(printable(text[:500]), size, bold))))
    for line in _break_lines(text, width, size, 1, bold):
        _draw_text(figure, line, at, size, **look)


def _draw_text(figure: Figure, text: str, at: tuple[float, float], size: float, **look: Any) -> None:
    figure.add_artist(
        Text(at[0], SIZE[1] - at[1], text, fontsize=0.75 * size, va="baseline", transform=None, zorder=4, **look)
    )


def _break_lines(text: str, width: float, size: float, most: int, bold: bool = True) -> list[str]:
    """Break `text` into at most `most` lines no longer than `width`; an ellipsis replaces the rest."""
    text = " ".join(printable(" ".join(text[:500].split())).split())
    lines: list[str] = []
    for word in text.split():
        for piece in _pieces(word, width, size, bold):
            if lines and _text_width(f"{lines[-1]} {piece}", size, bold) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and _text_width(f"{last} …", size, bold) > width:
        last = last.rpartition(" ")[0] or last[:-1]
    return [*lines[: most - 1], f"{last} …"]


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Break a word into pieces no longer than a line."""
    pieces = [""]
    for character in word:
        if pieces[-1] and _text_width(pieces[-1] + character, size, bold) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _text_width(text: str, size: float, bold: bool) -> float:
    """The width of a line in pixels, with a margin, since characters are drawn at whole pixels."""
    return 1.02 * size * sum(_advance(character, bold) for character in text)


@cache
def _advance(character: str, bold: bool) -> float:
    """The width of a character as a share of the font size."""
    font = _font(bold)
    font.set_size(100, 72)
    try:
        return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100
    except RuntimeError:  # a character that the font lacks: another font draws it, or a box
        return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.8


def _font(bold: bool) -> Any:
    return get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))


def _has_glyphs(text: str) -> bool:
    """True if the fonts have glyphs for at least nine tenths of the letters and digits."""
    letters = [character for character in printable(text) if unicodedata.category(character)[0] in "LN"]
    known = characters_of(rcParams["font.family"])
    return sum(letter in known for letter in letters) >= 0.9 * len(letters)
