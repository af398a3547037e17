"""Error and sparsity over strength and learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from reportgen.pictures import style
from reportgen.pictures.stills import figures

Array = NDArray[np.float64]

_COLORS = LinearSegmentedColormap.from_list(
    # Evenly darker from small to large; none is the color of a role, so the dark picture has the same.
    "much",
    ["#fdf3d8", "#f6cf83", "#eb9a5b", "#c9603f", "#8c2f2b", "#4a1419"],
)


@figures.register("landscape")
def landscape(
    strengths: Sequence[float],
    learning_rates: Sequence[float],
    panels: Sequence[Mapping[str, Any]],
    diverged: Any,
    best: tuple[int, int] | None = None,
    xlabel: str = "λ",
    ylabel: str = "learning rate η",
    products: str = "η·λ",
) -> Figure:
    """Two heat maps over logarithmic axes, with lines along which the product of both dials is the same.

    A panel is {"title", "values", "label"}, and "share" where values are shares; values and `diverged`, the share of
    runs of which the numbers stopped being finite, are [strengths, learning rates]. A cell in which most runs diverged
    is gray with a cross; one in which some did has a dot. `best` is the place of a cell with a star. A strength of zero
    has a column of its own at the left, where there are no products.
    """
    figure = style.blank_figure(430)
    x, y = _places(strengths), _places(learning_rates)
    lost = np.asarray(diverged, dtype=float)
    first = None
    for axes, panel in zip(np.ravel(figure.subplots(1, len(panels), sharey=True)), panels, strict=True):
        _draw(axes, panel, (x, y), lost)
        _ticks(axes, "x", x, strengths)
        _ticks(axes, "y", y, learning_rates)
        place = None if best is None else (float(x[best[0]]), float(y[best[1]]))
        if strengths[-1] > 0:
            _products(axes, (x, y), strengths[0] == 0, products, place)
        if place is not None:
            axes.plot(*place, "*", color=style.INK, markersize=15, markeredgecolor=style.PAPER, zorder=4)
        axes.set_title(style.wrap_label(panel["title"], 21, 2))
        axes.set_xlabel(style.wrap_label(xlabel, 22, 1))
        first = first or axes
    if first is not None:
        first.set_ylabel(style.wrap_label(ylabel, 30, 1))
    return figure


def _places(values: Sequence[float]) -> Array:
    """Positions of values: their logarithms, and for a zero a position at a distance before them."""
    strengths = np.asarray(values, dtype=float)
    logs = np.log10(strengths[strengths > 0])
    step = float(np.median(np.diff(logs))) if len(logs) > 1 else 0.5
    places: Array = np.r_[(logs[0] if len(logs) else 0.0) - 1.5 * step, logs] if strengths[0] == 0 else logs
    return places


def _edges(places: Array) -> list[tuple[float, float]]:
    """The edges of each cell: half-way to its neighbors, and symmetric for the cells at the ends."""
    if len(places) == 1:
        return [(places[0] - 0.25, places[0] + 0.25)]
    gaps = np.diff(places)
    # A zero keeps its distance: its column is as wide as the one beside it.
    before = np.r_[gaps[0], gaps] / 2
    after = np.r_[gaps, gaps[-1]] / 2
    if len(places) > 2 and gaps[0] > 1.4 * gaps[1]:
        before[0] = after[0] = before[1] = gaps[1] / 2
    return [(p - b, p + a) for p, b, a in zip(places, before, after, strict=True)]


def _draw(axes: Axes, panel: Mapping[str, Any], places: tuple[Array, ...], lost: Array) -> None:
    values = np.array(panel["values"], dtype=float)
    share = panel.get("share", False)
    values[~np.isfinite(values) | (lost > 0.5)] = np.nan
    known = values[np.isfinite(values)]
    low, high = (0.0, 1.0) if share or not len(known) else (float(known.min()), float(known.max()))
    wide = low > 0 and high > 3 * low
    norm = LogNorm(low, high) if wide else Normalize(low, max(high, low + 1e-9))
    columns, rows = map(_edges, places)
    for (i, j), value in np.ndenumerate(values):
        (left, right), (bottom, top) = columns[i], rows[j]
        color = _COLORS(norm(value)) if np.isfinite(value) else style.GRID
        axes.fill([left, right, right, left], [bottom, bottom, top, top], color=color, linewidth=0, zorder=1)
        if lost[i, j] > 0:
            mark = _CROSS if lost[i, j] > 0.5 else _DOT
            axes.plot((left + right) / 2, (bottom + top) / 2, linestyle="", zorder=3, **mark)
    axes.set(xlim=(columns[0][0], columns[-1][1]), ylim=(rows[0][0], rows[-1][1]))
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = axes.figure.colorbar(ScalarMappable(norm, _COLORS), ax=axes, orientation="horizontal", pad=0.04, aspect=16)
    bar.outline.set_visible(False)
    bar.set_label(style.wrap_label(panel["label"], 27, 2))
    if share:
        bar.set_ticks([0, 0.5, 1], labels=["0", "50%", "100%"])
    else:
        round_ones = [float(f"{value:.2g}") for value in np.geomspace(low * 1.05, high * 0.95, 3)] if wide else []
        bar.ax.xaxis.set_major_locator(FixedLocator(round_ones) if wide else MaxNLocator(3))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.number(value, 4)))
        bar.ax.xaxis.set_minor_locator(NullLocator())


_CROSS: dict[str, Any] = {"marker": "x", "markersize": 9, "color": style.INK}
_DOT: dict[str, Any] = {"marker": "o", "markersize": 5, "color": style.INK, "markeredgecolor": style.PAPER}


def _ticks(axes: Axes, which: str, places: Array, values: Sequence[float]) -> None:
    """Set the ticks of an axis to the values of cells, as many as fit."""
    texts = [style.number(value, 2) for value in values]
    across = which == "x"
    room = 240 / (max(map(style.text_length, texts)) + 6) if across else 12
    every = int(np.ceil(len(texts) / room))
    # A zero always has a label; that of its neighbor would be too close.
    chosen = list(range(0, len(texts), every)) if values[0] > 0 or every == 1 else [0, *range(2, len(texts), every)]
    (axes.set_xticks if across else axes.set_yticks)([places[i] for i in chosen], [texts[i] for i in chosen])


def _products(axes: Axes, at: tuple[Array, Array], zero: bool, name: str, best: tuple[float, float] | None) -> None:
    """Lines of equal products: on logarithmic axes they are straight, and fall."""
    columns = _edges(at[0])
    left, right = columns[min(int(zero), len(columns) - 1)][0], columns[-1][1]
    (low, _), (_, high) = _edges(at[1])[0], _edges(at[1])[-1]
    decades = range(int(np.ceil(left + low)), int(np.floor(right + high)) + 1)
    spans = {decade: (max(left, decade - high), min(right, decade - low)) for decade in decades}
    spans = {decade: span for decade, span in spans.items() if span[1] - span[0] > 0.15 * (right - left)}
    longest = max(spans, key=lambda decade: spans[decade][1] - spans[decade][0], default=None)
    for decade, (begin, end) in spans.items():
        line = np.array([begin, end])
        axes.plot(line, decade - line, color=style.PAPER, linewidth=2.4, zorder=2)
        axes.plot(line, decade - line, color=style.MUTED, linewidth=1.2, zorder=2.1)
        places = [begin + part * (end - begin) for part in (0.5, 0.2, 0.8)]
        # Keep the labels off the star.
        place = places[0] if best is None else max(places, key=lambda x: min(_far(x, decade - x, best), 0.45))
        axes.annotate(
            f"{name} = {style.power(decade)}" if decade == longest else style.power(decade),
            (place, decade - place),
            ha="center",
            va="center",
            fontsize=10.5,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": style.PAPER, "edgecolor": "none"},
            zorder=2.2,
        )


def _far(x: float, y: float, best: tuple[float, float]) -> float:
    return float(np.hypot(x - best[0], y - best[1]))
