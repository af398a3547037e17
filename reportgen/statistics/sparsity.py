"""Sparsity: shares of zero and small weights, and dead units."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reportgen.training.network import Weights


def zero_share(kernels: Sequence[Weights]) -> float:
    """Share of weights that are exactly zero."""
    return below_share(kernels, 0.0)


def below_share(kernels: Sequence[Weights], threshold: float) -> float:
    """Share of weights with |w| <= threshold."""
    return float(np.mean(np.concatenate([np.abs(w).ravel() for w in kernels]) <= threshold))


def unit_sizes(kernels: Sequence[Weights]) -> list[Weights]:
    """For each hidden layer, the size of each of its units: the smallest threshold at which it counts as dead.

    A unit is dead when all its incoming or all its outgoing weights are within ±threshold.
    """
    return [
        np.minimum(np.abs(incoming).max(axis=0), np.abs(outgoing).max(axis=1))
        for incoming, outgoing in itertools.pairwise(kernels)
    ]


def dead_units(kernels: Sequence[Weights], threshold: float) -> list[NDArray[np.bool_]]:
    """For each hidden layer, which of its units are dead: all incoming or all outgoing weights within ±threshold."""
    return [sizes <= threshold for sizes in unit_sizes(kernels)]


HISTOGRAM_EDGES = np.logspace(-7, 1, 41)
"""Edges of the histogram of |w|, five bins a decade."""


def histogram(runs: Sequence[Sequence[Weights]]) -> NDArray[np.int64]:
    """Number of weights of all runs in each bin of |w|; exact zeros are left out, and tiny weights are in the first."""
    sizes = np.concatenate([np.abs(w).ravel() for kernels in runs for w in kernels])
    sizes = np.clip(sizes[sizes > 0], HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1])
    return np.histogram(sizes, HISTOGRAM_EDGES)[0]
