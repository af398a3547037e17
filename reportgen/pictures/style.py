"""One look for every picture: fonts, colors by role, and how to tell series apart without color.

Lengths are CSS pixels, 96 to the inch. Pictures are `WIDTH` wide, a little narrower than the page's column of text:
on a telephone they shrink to half of it, so letters are as large as the text around them.
"""

from __future__ import annotations

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

from reportgen.text import printable

WIDTH = 640

FONT = "DejaVu Sans"
"""It comes with matplotlib, so pictures are the same everywhere."""

# Roles, each a color that nothing else has: the dark picture is the light one with these replaced.
PAPER, INK, MUTED, GRID = "#ffffff", "#1f2328", "#59636e", "#e2e5e9"
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"
GRAY = "#7d858e"

DARK = {
    PAPER: "#14171c",
    INK: "#e6e9ed",
    MUTED: "#a3acb7",
    GRID: "#343a43",
    BLUE: "#4aa3e0",
    VERMILLION: "#f07f3c",
    GREEN: "#2fbf94",
}
"""The same roles on a dark page. Colors that are not named here are light enough for both."""

_LOOK: dict[str, Any] = {
    "figure.dpi": 96,
    "savefig.dpi": "figure",
    "font.family": ["sans-serif"],
    "font.sans-serif": [FONT],
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
    # Labels may come from a user: a dollar in one is a dollar, and formulas use the letters themselves (λ, w₁).
    "text.parse_math": False,
    "path.simplify_threshold": 0.25,
    "svg.fonttype": "path",
    "svg.hashsalt": "reportgen",
}


@contextmanager
def look(dark: bool = False) -> Iterator[None]:
    """Draw inside this: matplotlib's own defaults, whatever file of settings lies around, and then ours."""
    ink, muted, grid, paper = ((DARK[role] if dark else role) for role in (INK, MUTED, GRID, PAPER))
    settings: Any = {
        **_LOOK,
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
        # A box stands for a letter that the font does not have; a line about it for each frame helps nobody.
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)
        yield


class ArmStyle(NamedTuple):
    """How one series is drawn, here and in every other picture."""

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
"""Styles of the colors in `penalties.COLORS`, which stay apart for color-blind eyes."""

_UNNAMED = (1, 3, 4, 5, 6, 2, 0)
"""The order for series that are no arms: the most different ones first."""


def arm(entry: Mapping[str, Any] | int | str, place: int = 0) -> ArmStyle:
    """The style of the arm `entry`, or of the one under "arm" in it, or else of the `place`-th among its like.

    An arm is given by the number of its color in `penalties.COLORS` or by a code like #44aa99, whose digits choose
    marker and dash. After seven places the colors return with markers and dashes moved by one.
    """
    given = entry if isinstance(entry, int | str) else entry.get("arm")
    if isinstance(given, str):
        other = _ARMS[int(given.removeprefix("#"), 16) % len(_ARMS)]
        return ArmStyle(given, other.marker, other.dash)
    if given is None:
        given = place // len(_UNNAMED) * len(_ARMS) + _UNNAMED[place % len(_UNNAMED)]
    turn, home = divmod(given, len(_ARMS))
    other = _ARMS[(home + turn) % len(_ARMS)]
    return ArmStyle(_ARMS[home].color, other.marker, other.dash)


SIGNED = LinearSegmentedColormap.from_list(
    # Red and blue of one darkness, white at zero; 101 levels leave room for the letters in a GIF's palette.
    "signed",
    ["#0b3c6f", "#1f6fb0", "#6bacd6", "#c9dff0", "#fdfdfd", "#f8d3c2", "#ec8f70", "#c73a3d", "#7d0a24"],
    N=101,
).with_extremes(bad=GRAY)
"""Colors of signed weights; symmetric, so zero is white; what is no number is gray."""


def blank(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of so many CSS pixels whose layout keeps every label inside."""
    return Figure(figsize=(width / 96, height / 96), layout="constrained")


_READ = 2000
"""Letters of a label that are looked at; no line of a picture holds as many."""


def wrapped(label: object, width: float = 20, lines: int = 3) -> str:
    """`label` broken into lines as wide as `width` usual letters; what does not fit in `lines` ends in an ellipsis.

    A label may come from anywhere: what a font has no letters for, as control characters, is written out.
    """
    done = [""]
    for word in printable(" ".join(str(label)[:_READ].split())).split():
        for piece in _pieces(word, width):
            longer = f"{done[-1]} {piece}" if done[-1] else piece
            if _letters(longer) <= width:
                done[-1] = longer
            else:
                done.append(piece)
    if len(done) > lines:
        last = done[lines - 1]
        while last and _letters(f"{last} …") > width:
            last = last.rpartition(" ")[0] or last[:-1]
        done[lines - 1 :] = [f"{last} …"]
    return "\n".join(done)


def _pieces(word: str, width: float) -> Iterator[str]:
    """`word` in pieces that fit a line."""
    piece = ""
    for letter in word:
        if piece and _letters(piece + letter) > width:
            yield piece
            piece = ""
        piece += letter
    yield piece


def _letters(text: str) -> float:
    """The width of `text` in usual letters: six tenths of the size of the font."""
    return sum(map(_advance, text)) / 0.6


def length(text: str, size: float = 10.5) -> float:
    """How many CSS pixels `text` in one line is long, at so many points; numbers beside axes have 10.5."""
    return sum(map(_advance, text)) * size / 0.75


@cache
def _advance(letter: str) -> float:
    """The width of a letter as a share of the size of the font."""
    font = get_font(findfont(FONT))
    font.set_size(100, 72)
    try:
        return font.load_char(ord(letter)).linearHoriAdvance / 65536 / 100
    except RuntimeError:  # a letter that the font does not have, for which it draws a box
        return 0.6


def note(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float] = (0, 0), **look: Any) -> None:
    """Small text beside the point `at`, so many points to the right and up; `xycoords` may say what `at` counts in."""
    axes.annotate(text, at, offset, textcoords="offset points", **{"fontsize": 10.5, "va": "bottom", **look})


def legend(figure: Figure, entries: dict[str, Artist], where: Axes | None = None, columns: int = 0) -> Legend | None:
    """One legend for the whole figure: above it, or filling `where`; nothing for a single entry without a name."""
    if not any(entries):
        return None
    labels = [wrapped(label, 44, 2) if where is None else wrapped(label, 22) for label in entries]
    handles = list(entries.values())
    if where is not None:
        where.set_axis_off()
        return where.legend(handles, labels, loc="center left")
    widths = [58 + 9 * max(map(_letters, label.split("\n"))) for label in labels]
    room = figure.get_figwidth() * 96 - 20
    fitting = len(labels) if sum(widths) <= room else max(1, int(room // max(widths)))
    return figure.legend(handles, labels, loc="outside upper left", ncols=columns or fitting, alignment="left")


def number(value: float, digits: int = 3) -> str:
    """`value` in so many significant digits, the way a reader writes it: 0.003, 12.5, 1,200, −4."""
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
    """`12.5%`; a hundred percent is said only of all."""
    return f"{value if value == 1 else min(value, 0.999):.1%}"


def power(exponent: float) -> str:
    """`10⁻³`, for an axis of logarithms."""
    return f"10{_raised(int(exponent))}" if float(exponent).is_integer() else ""


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def scale(axes: Axes, which: str, kind: str = "linear", values: Any = (1.0,)) -> None:
    """Set the scale of axis `which` ("x" or "y"), with few ticks and plain numbers on them.

    A logarithmic axis that is to show `values` with a zero among them, as a sweep that starts at λ = 0, keeps a place
    for it before the logarithms begin.
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


def spread(count: int, width: float) -> NDArray[np.float64]:
    """Offsets within ± `width` that keep neighbors apart, the same every time: steps of the golden ratio."""
    steps = np.arange(count, dtype=np.float64) * 0.6180339887498949
    return ((steps + 0.5) % 1.0 - 0.5) * 2 * width
