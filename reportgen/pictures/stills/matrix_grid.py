"""The weight matrices of many networks, one panel each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reportgen.pictures import style
from reportgen.pictures.stills import figures


@figures.register("matrix_grid")
def matrix_grid(panels: Sequence[Mapping[str, Any]], columns: int) -> Figure:
    """Panels {"title", "detail", "kernels"} in so many columns: kernels [I, O] side by side, red above zero.

    Weights below zero are blue. All panels have one color scale, up to the largest weight.
    """
    kernels = [[np.asarray(kernel, dtype=float) for kernel in panel["kernels"]] for panel in panels]
    limit = max((float(np.nanmax(np.abs(k))) for network in kernels for k in network), default=1.0) or 1.0
    rows = math.ceil(len(panels) / columns)
    images = [_side_by_side(network) for network in kernels]
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    figure = style.blank_figure(10 + rows * (52 + min(560 / columns * tallest, 400)))
    # Cells between matrices, and weights that are not numbers, have the color of the page.
    colors = style.SIGNED.with_extremes(bad=(0, 0, 0, 0))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel, network, image in zip(grid, panels, kernels, images, strict=False):
        lines = [style.wrap_label(panel[name], 60 // columns, 1) for name in ("title", "detail")]
        axes.set_title("\n".join(lines), fontsize=10.5)
        axes.imshow(image, cmap=colors, vmin=-limit, vmax=limit, interpolation="nearest")
        for left, (height, width), top in _edges(network):
            axes.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=style.GRID))
    for axes in grid:
        axes.set_axis_off()
    return figure


def _side_by_side(network: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """One image of all kernels of a network, with empty cells around them."""
    edges = _edges(network)
    last, (_, width), _ = edges[-1]
    image = np.full((max(kernel.shape[0] for kernel in network), last + width), np.nan)
    for kernel, (left, (height, wide), top) in zip(network, edges, strict=True):
        image[top : top + height, left : left + wide] = kernel
    return image


def _edges(network: Sequence[NDArray[np.float64]]) -> list[tuple[int, tuple[int, int], int]]:
    """For each kernel its left edge in the image, its shape, and its upper edge."""
    edges, left = [], 0
    tallest = max(kernel.shape[0] for kernel in network)
    for kernel in network:
        height, width = kernel.shape
        edges.append((left, (height, width), (tallest - height) // 2))
        left += width + 2
    return edges
