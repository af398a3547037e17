"""Views of trajectories for scenes of training: weights of any shape, names of layers, data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets import Data
from reportgen.errors import DataError
from reportgen.pictures.picture import Panel
from reportgen.pictures.scene_look import word
from reportgen.training.trajectory import Trajectory

Weights = NDArray[np.floating[Any]]

_MOST = np.float64(1e30)


def kernels(panel: Panel, scene: str) -> list[Weights]:
    """The weights of each layer; weights beyond ±10³⁰, which no scale can show, become NaN.

    Raises `DataError` if there are none.
    """
    found = panel.trajectory.kernels
    if not found:
        raise DataError(
            f"scene {scene!r} draws weights, and this trajectory has none; record a layer that has a kernel"
        )
    for layer, w in enumerate(found):
        if not w.size:
            raise DataError(
                f"scene {scene!r} draws weights, and {layer_name(panel.trajectory, layer)!r} has none: "
                f"its kernel is {shape_text(w.shape[1:])}; leave that layer out of the recording"
            )
    return [np.where(np.abs(w) <= _MOST, w, np.nan) for w in found]


def largest_weight(networks: Sequence[Sequence[Weights]]) -> float:
    """The largest |w| of these networks at any record; 1 if all are zero or NaN."""
    return max(float(np.nanmax(np.abs(w), initial=0)) for layers in networks for w in layers) or 1.0


def matrices(kernel: Weights) -> Weights:
    """A kernel as matrices [S, I, O], whatever its axes: a convolution's [H·W·I, O], a vector as a row."""
    return kernel.reshape(len(kernel), -1, kernel.shape[-1] if kernel.ndim > 1 else 1)


def layer_name(trajectory: Trajectory, layer: int) -> str:
    """The name of a layer in the program that trained it, or its number."""
    return trajectory.layers[layer] if layer < len(trajectory.layers) else f"{word('layer')} {layer + 1}"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as text: `3×3×16×32`."""
    return "×".join(map(str, shape)) or "1"


def count_text(number: int, thing: str) -> str:
    """A number with its noun: `1 input`, `50 inputs`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def padded_range(arrays: Sequence[NDArray[np.float64]], room: float) -> tuple[float, float]:
    """The smallest and the largest number, extended by the share `room` of their range on either side."""
    values = np.concatenate([array.ravel() for array in arrays])
    more = room * float(np.ptp(values) or 1.0)
    return float(values.min()) - more, float(values.max()) + more


def data(panel: Panel, scene: str) -> Data:
    """The data of a panel's training, from `Run.draw`; raises `DataError` if the trajectory has no run."""
    if panel.trajectory.source is None:
        raise DataError(
            f"scene {scene!r} needs the data that a network was trained on, and this trajectory, recorded from another "
            "model, has only its weights; take 'histogram', 'network', 'paths', 'singular_values' or 'weights'"
        )
    return panel.trajectory.run.draw()


def block_extremes(cells: Weights, block: tuple[int, int]) -> Weights:
    """The weight farthest from zero in each block of `block` rows and columns of matrices [S, R, C].

    A block with a NaN is NaN.
    """
    rows, columns = (range(0, count, step) for count, step in zip(cells.shape[1:], block, strict=True))
    high = np.maximum.reduceat(np.maximum.reduceat(cells, rows, axis=1), columns, axis=2)
    low = np.minimum.reduceat(np.minimum.reduceat(cells, rows, axis=1), columns, axis=2)
    found: Weights = np.where(high >= -low, high, low)
    return found
