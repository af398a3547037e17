"""Sparsity: shares of zero and small weights, and dead units."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.training.network import Weights
from reportgen.training.trajectory import Trajectory


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


def mean_dead_counts(layers: Sequence[Weights], threshold: float) -> list[float]:
    """Number of dead units in each hidden layer, means over runs; `layers` hold sizes of units [runs, units]."""
    return [float((sizes <= threshold).sum(axis=1).mean()) for sizes in layers]


def kept_inputs(kernels: Sequence[Weights]) -> NDArray[np.bool_]:
    """Which inputs [I] have a weight that is not exactly zero."""
    kept: NDArray[np.bool_] = np.any(kernels[0] != 0, axis=1)
    return kept


def kept_units(kernels: Sequence[Weights]) -> list[NDArray[np.bool_]]:
    """For each hidden layer, which of its units have an incoming and an outgoing weight that are not exactly zero."""
    return [~dead for dead in dead_units(kernels, 0.0)]


def zeros_at_rest(trajectory: Trajectory, steps: int) -> bool:
    """True if the same weights were exactly zero at all records of the last `steps` steps.

    Zeros also stand still while the learning rate is next to zero, so let `steps` reach back to where it is not: over
    `Training.full_batch_steps` it falls along a line. False for a run that diverged or is shorter.
    """
    first = int(np.searchsorted(trajectory.steps, trajectory.steps[-1] - steps, side="right")) - 1
    if trajectory.diverged is not None or first < 0:
        return False
    return all(bool(((w[first:] == 0) == (w[-1] == 0)).all()) for w in trajectory.kernels)


HISTOGRAM_EDGES = np.logspace(-7, 1, 41)
"""Edges of the histogram of |w|, five bins a decade."""


def histogram(runs: Sequence[Sequence[Weights]]) -> NDArray[np.int64]:
    """Number of weights of all runs in each bin of |w|; exact zeros are left out, and tiny weights are in the first."""
    sizes = np.concatenate([np.abs(w).ravel() for kernels in runs for w in kernels])
    sizes = np.clip(sizes[sizes > 0], HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1])
    return np.histogram(sizes, HISTOGRAM_EDGES)[0]


BAND_QUANTILES = np.linspace(0.02, 0.9, 31)
"""Quantiles of the sizes of weights; the weights beyond them are those that the loss needs."""


@dataclass(frozen=True)
class Band:
    """Sizes of the weights that subgradient steps leave, against the width η·λ of a step of L1."""

    learning_rate: float
    strength: float
    band: float
    """η·λ."""
    runs: int
    below: float
    """Share of the weights within η·λ of zero."""
    median: float
    share: float
    """The median size in units of η·λ."""
    quantiles: list[float]
    """Of the sizes, at `BAND_QUANTILES`."""


def measure_band(runs: Sequence[Sequence[Weights]], learning_rate: float, strength: float) -> Band:
    """The sizes of the weights of all runs, given as kernels; at least one run."""
    sizes = np.abs(np.concatenate([w.ravel() for kernels in runs for w in kernels]))
    band, median = learning_rate * strength, float(np.median(sizes))
    return Band(
        learning_rate=learning_rate,
        strength=strength,
        band=band,
        runs=len(runs),
        below=float(np.mean(sizes <= band)),
        median=median,
        share=median / band,
        quantiles=np.quantile(sizes, BAND_QUANTILES).tolist(),
    )
