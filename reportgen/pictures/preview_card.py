"""The preview card of a page: the picture that other sites show beside a link to it.

It is not a registered figure: it has one size, no dark version, and must be legible at a width of 300 pixels. Pillow
draws it, since a new title makes a new card, and matplotlib takes longer to load than a page to be written.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from reportgen.pictures.colors import BLUE, INK, MUTED, PAPER
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


_other_fonts: ContextVar[tuple[str, ...]] = ContextVar("_other_fonts", default=())
"""Files of fonts for texts with characters that the font of pictures lacks."""


def draw_card(
    title: str, site: str, byline: str, picture: bytes | None, accent: str = "", fonts: tuple[str, ...] = ()
) -> bytes:
    """A PNG of 1200 × 630 pixels: the text, and `picture` (a PNG, GIF, JPEG or WebP) as large as it fits.

    A text that the font of pictures cannot draw is drawn with the first of the files `fonts` that can. A title without
    glyphs in any of them is left out, and that of the site is larger instead. The default accent is our
    blue. The same arguments give the same bytes in any process. Raises `OSError` if `picture` cannot be read.
    """
    mine = _other_fonts.set(fonts)
    try:
        pixels = lay_out(title, site, byline, _open_image(picture) if picture else None, accent or BLUE).sheet
    finally:
        _other_fonts.reset(mine)
    for colors in (256, 128, 64, 32, 8):
        out = BytesIO()
        pixels.quantize(colors, dither=Image.Dither.NONE).save(out, "png", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


def lay_out(title: str, site: str, byline: str, image: Image.Image | None, accent: str) -> Card:
    """The card with its texts and picture on it."""
    width, height = SIZE
    card = Card()
    if not _has_glyphs(title):
        title, site = (site if _has_glyphs(site) else ""), ""
    site, byline = (text if _has_glyphs(text) else "" for text in (site, byline))
    right = width - _EDGE
    if image is None:
        card.ornament(accent)
        card.title(title, (_EDGE, 150, 780, 340), (76, 68, 60, 52, 44))
        card.line(site, (_EDGE, 96), 34, 780, accent, bold=True)
        card.line(byline, (_EDGE, height - 56), 28, 780, MUTED)
    elif image.width >= 1.5 * image.height:
        card.rectangle((0, height - _BELOW, width, _BELOW), _WASH)
        card.image(image, (_EDGE, height - _BELOW + 26, right - _EDGE, _BELOW - 52))
        card.title(title, (_EDGE, 98, right - _EDGE, 152), (66, 58, 50, 42, 36))
        half = (right - _EDGE) / 2 - 16
        card.line(site, (_EDGE, 78), 30, half, accent, bold=True)
        card.line(byline, (right, 78), 26, half, MUTED, at_right=True)
    else:
        left = width - _PANEL
        card.rectangle((left, 0, _PANEL, height), _WASH)
        card.image(image, (left + 36, _BAR + 36, _PANEL - 72, height - _BAR - 72))
        room = left - _EDGE - 40
        card.title(title, (_EDGE, 140, room, 360), (64, 58, 52, 46, 40))
        card.line(site, (_EDGE, 92), 32, room, accent, bold=True)
        card.line(byline, (_EDGE, height - 56), 26, room, MUTED)
    card.rectangle((0, 0, width, _BAR), accent)
    return card


def _open_image(picture: bytes) -> Image.Image:
    image = Image.open(BytesIO(picture), formats=["PNG", "GIF", "JPEG", "WEBP"])
    image.draft("RGB", SIZE)  # a photograph need not be decoded in full
    paper = Image.new("RGBA", image.size, PAPER)
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


_Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels, from the upper left corner."""


class Card:
    """A sheet of the size of a card, and what is drawn on it."""

    def __init__(self) -> None:
        self.sheet = Image.new("RGB", SIZE, PAPER)
        self._pen = ImageDraw.Draw(self.sheet)
        self.texts: list[_Box] = []
        """The boxes of the lines of text."""
        self.pictures: list[_Box] = []

    def rectangle(self, box: _Box, color: str, edge: str | None = None) -> None:
        """Fill a box."""
        left, top, width, height = box
        self._pen.rectangle((left, top, left + width - 1, top + height - 1), color, edge)

    def image(self, image: Image.Image, box: _Box) -> None:
        """Draw the picture in the middle of a box, on paper with a thin border."""
        left, top, width, height = box
        margin = 14
        scale = min((width - 2 * margin) / image.width, (height - 2 * margin) / image.height, 2.0)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        x, y = round(left + (width - size[0]) / 2), round(top + (height - size[1]) / 2)
        self.rectangle((x - margin, y - margin, size[0] + 2 * margin, size[1] + 2 * margin), PAPER, _LINE)
        self.sheet.paste(image.resize(size, Image.Resampling.LANCZOS), (x, y))
        self.pictures.append((x, y, *size))

    def ornament(self, accent: str) -> None:
        """Draw the ornament of a card without a picture: the balls of L1 and L2, cut by the edge."""
        finer = 4  # Pillow's edges are not smooth
        x, y, radius = (finer * length for length in (1130, 300, 270))
        corners = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius)]
        circle = (x - radius, y - radius, x + radius, y + radius)
        for share, outline in ((0.08, False), (0.14, True), (0.45, False), (1.0, True)):
            mask = Image.new("L", (finer * SIZE[0], finer * SIZE[1]))
            pen = ImageDraw.Draw(mask)
            edge = share > 0.2
            fill, line = (None, 255) if edge else (255, None)
            if outline:
                pen.polygon(corners, fill, line, width=3 * finer if edge else 1)
            else:
                pen.ellipse(circle, fill, line, width=3 * finer if edge else 1)
            mask = mask.resize(SIZE, Image.Resampling.BOX).point(lambda value, share=share: round(share * value))
            self.sheet.paste(accent, mask=mask)

    def title(self, text: str, box: _Box, sizes: Sequence[int]) -> None:
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
            self._text(line, (left, baseline), size, INK, bold=True)

    def line(
        self,
        text: str,
        at: tuple[float, float],
        size: float,
        width: float,
        color: str,
        bold: bool = False,
        at_right: bool = False,
    ) -> None:
        """Draw one line of small text; reduce its size if it is too long, then cut it."""
        size = max(0.72 * size, min(size, size * width / max(1.0, _text_width(printable(text[:500]), size, bold))))
        for line in _break_lines(text, width, size, 1, bold):
            self._text(line, at, size, color, bold, "rs" if at_right else "ls")

    def _text(
        self, text: str, at: tuple[float, float], size: float, color: str, bold: bool = False, anchor: str = "ls"
    ) -> None:
        font = _font(text, bold, round(size))
        self._pen.text(at, text, color, font, anchor)
        left, top, right, bottom = self._pen.textbbox(at, text, font, anchor)
        self.texts.append((left, top, right - left, bottom - top))


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
    """The width of a line in pixels."""
    return _font(text, bold, round(size)).getlength(text)


def _font(text: str, bold: bool, size: int) -> ImageFont.FreeTypeFont:
    """The font of a text: that of pictures, or else the one of `_other_fonts` with the most of its characters."""
    own = _load(_own_file(bold), size)
    others = [_load(file, size) for file in _other_fonts.get()]
    return max([own, *others], key=lambda font: _known_share(font, text)) if others else own


def _own_file(bold: bool) -> str:
    """The font of pictures, from the files of matplotlib, which is not imported for that."""
    found = importlib.util.find_spec("matplotlib")
    if not found or not found.origin:
        raise ImportError("matplotlib is not installed")
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return str(fonts / f"DejaVuSans{'-Bold' if bold else ''}.ttf")


@cache
def _load(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)


def _has_glyphs(text: str) -> bool:
    """True if a font has glyphs for at least nine tenths of the letters and digits."""
    return _known_share(_font(text, bold=True, size=20), text) >= 0.9


def _known_share(font: ImageFont.FreeTypeFont, text: str) -> float:
    """The share of the letters and digits of `text` for which a font has glyphs; 1 if there are none."""
    characters = [character for character in printable(text) if unicodedata.category(character)[0] in "LN"]
    box = bytes(font.getmask(chr(0xFFFF)))  # what is drawn for a character without a glyph
    known = sum(bytes(font.getmask(character)) != box for character in characters)
    return known / len(characters) if characters else 1.0
