"""The style of every picture: fonts, colors by role, and markers and dashes for series.

Lengths are CSS pixels, 96 to the inch. Pictures are `WIDTH` wide, a little narrower than the page's column of text:
on a telephone they shrink to half of it, so their text is as large as that of the page.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, SymmetricalLogLocator
from numpy.typing import NDArray

from reportgen.pictures import colors
from reportgen.pictures.fonts import DEFAULT, DEFAULT_FONTS, FontChoice
from reportgen.text import printable

WIDTH = 560

FONT = DEFAULT
"""The font of all text, unless words of a user need another; it comes with matplotlib, so pictures are the same on
every machine."""

PAPER, INK, MUTED, GRID, GRAY = colors.PAPER, colors.INK, colors.MUTED, colors.GRID, colors.GRAY
BLUE, VERMILLION, GREEN = colors.BLUE, colors.VERMILLION, colors.GREEN
PURPLE, ORANGE, SKY = colors.PURPLE, colors.ORANGE, colors.SKY
DARK = colors.DARK

_LOOK: dict[str, Any] = {
    "figure.dpi": 96,
    "savefig.dpi": "figure",
    "font.size": 11.5,
    "axes.labelsize": 11.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.borderpad": 0.2,
    "legend.borderaxespad": 0.6,
    "legend.handlelength": 1.8,
    "legend.handletextpad": 0.6,
    "legend.columnspacing": 1.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 1.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "xtick.major.pad": 5,
    "ytick.major.pad": 5,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "lines.solid_capstyle": "round",
    "image.interpolation": "nearest",
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    # Labels may come from a user, so dollars are literal, and formulas use Unicode characters (λ, w₁).
    "text.parse_math": False,
    "path.simplify_threshold": 0.25,
    "svg.hashsalt": "reportgen",
}


@contextmanager
def look(dark: bool = False, fonts: FontChoice = DEFAULT_FONTS) -> Iterator[None]:
    """The context for drawing: matplotlib's defaults, whatever the user's settings are, with our settings.

    `fonts` are those that the words of a user need.
    """
    fonts.load()
    ink, muted, grid, paper = ((DARK[role] if dark else role) for role in (INK, MUTED, GRID, PAPER))
    settings: Any = {
        **_LOOK,
        "font.family": list(fonts.families),
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.edgecolor": muted,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": muted,
        "ytick.labelcolor": muted,
        "grid.color": grid,
        "figure.facecolor": paper,
        "axes.facecolor": paper,
        "savefig.facecolor": paper,
    }
    with matplotlib.style.context("default"), matplotlib.rc_context(settings), warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes; a warning for each frame would not help.
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)
        yield


class ArmStyle(NamedTuple):
    """The style of one series in every picture."""

    color: str
    marker: str
    dash: Any
    """A line style of matplotlib."""


_ARMS = (
    ArmStyle(GRAY, "o", (0, (1.2, 1.4))),
    ArmStyle(BLUE, "s", "-"),
    ArmStyle(SKY, "^", (0, (5, 1.6))),
    ArmStyle(VERMILLION, "D", (0, (9, 2))),
    ArmStyle(GREEN, "v", (0, (6, 1.5, 1.2, 1.5))),
    ArmStyle(PURPLE, "p", (0, (6, 1.4, 1.2, 1.4, 1.2, 1.4))),
    ArmStyle(ORANGE, ">", (0, (3, 1.2))),
)
"""Styles of the colors in `penalties.COLORS`, which color-blind readers can distinguish."""

_UNNAMED = (1, 3, 4, 5, 6, 2, 0)
"""The order of styles for series that are no arms: the most different ones first."""


def arm_style(entry: Mapping[str, Any] | int | str, place: int = 0) -> ArmStyle:
    """The style of the arm `entry`, or of the arm under its key "arm", or else the default of series number `place`.

    An arm is the index of its color in `penalties.COLORS` or a code like #44aa99, whose digits choose marker and dash.
    After seven series the colors repeat with the next markers and dashes.
    """
    choice = entry if isinstance(entry, int | str) else entry.get("arm")
    if isinstance(choice, str):
        other = _ARMS[int(choice.removeprefix("#"), 16) % len(_ARMS)]
        return ArmStyle(choice, other.marker, other.dash)
    if choice is None:
        choice = place // len(_UNNAMED) * len(_ARMS) + _UNNAMED[place % len(_UNNAMED)]
    turn, home = divmod(choice, len(_ARMS))
    other = _ARMS[(home + turn) % len(_ARMS)]
    return ArmStyle(_ARMS[home].color, other.marker, other.dash)


SIGNED = LinearSegmentedColormap.from_list(
    # Red and blue of equal darkness, white at zero; 101 levels leave room for the colors of text in a GIF's palette.
    "signed",
    ["#0b3c6f", "#1f6fb0", "#6bacd6", "#c9dff0", "#fdfdfd", "#f8d3c2", "#ec8f70", "#c73a3d", "#7d0a24"],
    N=101,
).with_extremes(bad=GRAY)
"""Colors of signed weights; symmetric, so zero is white; NaN is gray."""


def blank_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, sized in CSS pixels, whose layout keeps every label inside."""
    return Figure(figsize=(width / 96, height / 96), layout="constrained")


_LABEL_CHARACTERS = 2000
"""The most characters of a label that are used; no line of a picture holds as many."""


def wrap_label(label: object, width: float = 20, lines: int = 3) -> str:
    """`label` broken into lines of `width` average characters; an ellipsis replaces what does not fit in `lines`.

    A label may come from a user: control characters are printed as escapes.
    """
    done = [""]
    for word in printable(" ".join(str(label)[:_LABEL_CHARACTERS].split())).split():
        for piece in _pieces(word, width):
            longer = f"{done[-1]} {piece}" if done[-1] else piece
            if _width_in_characters(longer) <= width:
                done[-1] = longer
            else:
                done.append(piece)
    if len(done) > lines:
        last = done[lines - 1]
        while last and _width_in_characters(f"{last} …") > width:
            last = last.rpartition(" ")[0] or last[:-1]
        done[lines - 1 :] = [f"{last} …"]
    return "\n".join(done)


def _pieces(word: str, width: float) -> Iterator[str]:
    """The parts of `word`, each of which fits a line."""
    piece = ""
    for character in word:
        if piece and _width_in_characters(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def _width_in_characters(text: str) -> float:
    """The width of `text` in average characters, which are six tenths of the font size."""
    return sum(map(_advance, text)) / 0.6


def text_length(text: str, size: float = 10.5) -> float:
    """The width of `text` in CSS pixels, on one line at `size` points; tick labels have 10.5."""
    return sum(map(_advance, text)) * size / 0.75


@cache
def has_glyphs(text: str) -> bool:
    """True if the font of pictures has a glyph for each character of `text`."""
    return all(ord(character) in get_font(findfont(FONT)).get_charmap() for character in text)


@cache
def _advance(character: str) -> float:
    """The width of a character as a share of the font size."""
    font = get_font(findfont(FONT))
    font.set_size(100, 72)
    try:
        return font.load_char(ord(character)).linearHoriAdvance / 65536 / 100
    except RuntimeError:  # a character that the font lacks: another font draws it, or a box
        return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.6


def annotate(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float] = (0, 0), **look: Any) -> None:
    """Add small text beside the point `at`, moved by `offset` points; `xycoords` may give the coordinates of `at`."""
    axes.annotate(text, at, offset, textcoords="offset points", **{"fontsize": 10.5, "va": "bottom", **look})


def legend(figure: Figure, entries: dict[str, Artist], where: Axes | None = None, columns: int = 0) -> Legend | None:
    """Add one legend for the whole figure, above it or filling `where`; none for a single entry without a name."""
    if not any(entries):
        return None
    labels = [wrap_label(label, 44, 2) if where is None else wrap_label(label, 22) for label in entries]
    handles = list(entries.values())
    if where is not None:
        where.set_axis_off()
        return where.legend(handles, labels, loc="center left")
    widths = [58 + 9 * max(map(_width_in_characters, label.split("\n"))) for label in labels]
    room = figure.get_figwidth() * 96 - 20
    fitting = len(labels) if sum(widths) <= room else max(1, int(room // max(widths)))
    return figure.legend(handles, labels, loc="outside upper left", ncols=columns or fitting, alignment="left")


def number(value: float, digits: int = 3) -> str:
    """`value` as text with `digits` significant digits: 0.003, 12.5, 1,200, −4."""
    if not np.isfinite(value):
        return {np.inf: "∞", -np.inf: "−∞"}.get(float(value), "–")
    if value == 0:
        return "0"
    size = int(np.floor(np.log10(abs(value))))
    if size < -5 or size > 8:
        return f"{value / 10.0**size:.{digits - 1}f}".rstrip("0").rstrip(".").replace("-", "−") + f"·10{_raised(size)}"
    text = f"{value:,.{max(0, digits - 1 - size)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def share(value: float) -> str:
    """A share as text, `12.5%`; only 1 itself becomes 100%."""
    return f"{value if value == 1 else min(value, 0.999):.1%}"


def power(exponent: float) -> str:
    """A power of ten as text, `10⁻³`, for a logarithmic axis."""
    return f"10{_raised(int(exponent))}" if float(exponent).is_integer() else ""


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def scale(axes: Axes, which: str, kind: str = "linear", values: Any = (1.0,)) -> None:
    """Set the scale of axis `which` ("x" or "y"), with few ticks and plain numbers on them.

    A logarithmic axis for `values` with a zero among them, as a grid that starts at λ = 0, gets a linear part for it.
    """
    values = np.asarray(values, dtype=float)
    positive = values[values > 0]
    if kind == "log" and positive.size == 0:
        kind = "linear"
    axis = axes.xaxis if which == "x" else axes.yaxis
    most = 6 if which == "x" else 5
    if kind == "linear":
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))
        return
    zero = positive.size < values.size
    if zero:
        getattr(axes, f"set_{which}scale")("symlog", linthresh=positive.min(), linscale=0.6)
        axis.set_major_locator(SymmetricalLogLocator(axis.get_transform()))
    else:
        getattr(axes, f"set_{which}scale")("log")
        span = positive.max() / positive.min()
        between = (1.0,) if span > 50 else (1.0, 2.0, 5.0) if span > 8 else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
        axis.set_major_locator(LogLocator(subs=between, numticks=most if span > 50 else 9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _decade(value)))
    axis.set_minor_formatter(NullFormatter())


def _decade(value: float) -> str:
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return ("−" if value < 0 else "") + power(round(float(np.log10(abs(value)))))
    return number(value)


def jitter_offsets(count: int, width: float) -> NDArray[np.float64]:
    """Offsets within ± `width` that keep neighbors apart, without randomness: steps of the golden ratio."""
    steps = np.arange(count, dtype=np.float64) * 0.6180339887498949
    return ((steps + 0.5) % 1.0 - 0.5) * 2 * width
