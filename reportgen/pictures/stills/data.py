"""The samples of a data set with one input."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("data")
def data(
    x_train: Any,
    y_train: Any,
    outlier_train: Any,
    x_test: Any,
    y_test: Any,
    outlier_test: Any,
    truth_x: Any = None,
    truth_y: Any = None,
    xlabel: str = "x",
    ylabel: str = "y",
) -> Figure:
    """Training and test samples of one input, outliers marked, and the noiseless function."""
    figure = style.blank_figure(400)
    axes = figure.subplots()
    style.scale(axes, "x")
    style.scale(axes, "y")
    entries: dict[str, Any] = {}
    sides = (
        ("training", x_train, y_train, outlier_train, style.MUTED, "o"),
        ("test", x_test, y_test, outlier_test, style.ORANGE, "s"),
    )
    for side, x, y, outlier, color, marker in sides:
        x, y, outlier = np.ravel(x), np.ravel(y), np.ravel(outlier).astype(bool)
        for name, chosen, face in ((side, ~outlier, color), (f"{side}, outlier", outlier, style.PAPER)):
            if chosen.any():
                (entries[name],) = axes.plot(
                    x[chosen],
                    y[chosen],
                    linestyle="",
                    marker=marker,
                    color=color,
                    markerfacecolor=face,
                    markeredgewidth=1.8,
                    markersize=7 if marker == "o" else 6.5,
                )
    if truth_x is not None:
        look: dict[str, Any] = {"color": style.INK, "linewidth": 1.5, "linestyle": (0, (4, 3)), "zorder": 2.1}
        (entries["truth"],) = axes.plot(np.ravel(truth_x), np.ravel(truth_y), **look)
    axes.set_xlabel(style.wrap_label(xlabel, 48))
    axes.set_ylabel(style.wrap_label(ylabel, 36))
    style.legend(figure, entries)
    return figure
