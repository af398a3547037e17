"""Ranks of weight matrices: their singular values, and how outputs change if only the largest are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reportgen.training.network import Activation, Weights, forward
from reportgen.training.trajectory import Trajectory

ROUNDING = 1e-6
"""Singular values below this share of the first are rounding errors of the weights."""


def inner_kernels(kernels: Sequence[Weights]) -> list[Weights]:
    """The matrices between hidden layers, whose rank can exceed the number of inputs and outputs of the network."""
    return [w for w in kernels[1:-1] if min(w.shape[-2:]) > 1]


def singular_values(kernels: Sequence[Weights]) -> list[Weights]:
    """Singular values of each matrix between hidden layers, descending; recorded kernels [S, I, O] give [S, values]."""
    return [np.linalg.svd(np.asarray(w, np.float64), compute_uv=False) for w in inner_kernels(kernels)]


def second_share(kernels: Sequence[Weights]) -> float:
    """The second singular value as a share of the first, in the matrix between hidden layers where it is largest.

    Zero means that each of these matrices has rank one: its rows are multiples of a single row. A matrix of zeros
    counts as such. NaN if the network has no such matrices.
    """
    shares = [values[1] / values[0] if values[0] else 0.0 for values in singular_values(kernels)]
    return float(max(shares, default=np.nan))


def rank_changes(
    kernels: Sequence[Weights], biases: Sequence[Weights], x: Weights, activation: Activation, most: int
) -> Weights:
    """The largest change of outputs at inputs x [B, I] if every matrix between hidden layers keeps 0, 1, … `most` of
    its singular values: [most + 1].

    A matrix with only its largest singular values is the nearest matrix of that rank.

    References:
        Eckart and Young, The Approximation of One Matrix by Another of Lower Rank, Psychometrika 1936.
    """
    kernels, biases = ([np.asarray(w, np.float64) for w in part] for part in (kernels, biases))
    before = forward(kernels, biases, x, activation)
    parts = [np.linalg.svd(w, full_matrices=False) for w in kernels[1:-1]]
    changes = []
    for rank in range(most + 1):
        between = [(u[:, :rank] * s[:rank]) @ v[:rank] for u, s, v in parts]
        lowered = [kernels[0], *between, kernels[-1]]
        changes.append(np.abs(forward(lowered, biases, x, activation) - before).max())
    return np.array(changes)


def singular_value_path(trajectories: Sequence[Trajectory], records: int) -> tuple[list[int], dict[str, list[float]]]:
    """The three largest singular values and the smallest over training, medians over runs and matrices.

    They are taken at `records` steps, which are the first part of the result. The trajectories, at least one, have
    the same recorded steps.
    """
    steps = trajectories[0].steps
    kept = np.unique(np.linspace(0, len(steps) - 1, records).astype(int))
    layers = range(len(trajectories[0].kernels))
    values = singular_values([np.stack([t.kernels[layer][kept] for t in trajectories]) for layer in layers])
    medians: dict[str, list[float]] = {}
    for place, label in enumerate(("first", "second", "third")):
        pooled = [v[..., place] for v in values if v.shape[-1] > place]
        if pooled:
            medians[label] = np.median(np.concatenate(pooled), axis=0).tolist()
    if max(v.shape[-1] for v in values) > 3:
        medians["last"] = np.median(np.concatenate([v[..., -1] for v in values]), axis=0).tolist()
    return steps[kept].tolist(), medians


def second_decay(trajectory: Trajectory, begin: int, end: int) -> float:
    """The fall of the logarithm of the second singular value between two records, in the mean of the matrices.

    NaN if it has fallen to the rounding errors of the first.
    """
    falls = []
    for values in singular_values([w[[begin, end]] for w in trajectory.kernels]):
        if values[1, 1] < ROUNDING * values[1, 0]:
            return math.nan
        falls.append(math.log(values[0, 1] / values[1, 1]))
    return float(np.mean(falls))
