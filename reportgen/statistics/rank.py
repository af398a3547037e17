"""Ranks of weight matrices: their singular values, and how outputs change if only the largest are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reportgen.training.network import Activation, Weights, forward


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
