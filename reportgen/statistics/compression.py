"""Compression: remove dead units, and certify how little the outputs change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.statistics.sparsity import dead_units
from reportgen.training.network import Activation, Weights, forward


@dataclass(frozen=True, eq=False)
class Compressed:
    """A network without its dead units."""

    kernels: tuple[Weights, ...]
    biases: tuple[Weights, ...]
    kept: tuple[NDArray[np.bool_], ...]
    """For each hidden layer, which units of the original network are kept."""

    @property
    def hidden(self) -> tuple[int, ...]:
        """Number of units in each hidden layer."""
        return tuple(w.shape[1] for w in self.kernels[:-1])

    @property
    def parameters(self) -> int:
        return sum(w.size + b.size for w, b in zip(self.kernels, self.biases, strict=True))

    def largest_change(
        self, kernels: Sequence[Weights], biases: Sequence[Weights], grid: Weights, activation: Activation
    ) -> float:
        """The certificate: the largest change of outputs on a dense grid [B, I], against the original network.

        Both are computed in float64, so that rounding stays below any change that matters.
        """
        kernels, biases = ([np.asarray(a, np.float64) for a in arrays] for arrays in (kernels, biases))
        before = forward(kernels, biases, grid, activation)
        return float(np.max(np.abs(forward(self.kernels, self.biases, grid, activation) - before)))


def compress(
    kernels: Sequence[Weights], biases: Sequence[Weights], threshold: float, activation: Activation
) -> Compressed:
    """The network without units that are dead at `threshold`.

    A dead unit without incoming weights has a constant output: its activation at its bias. That constant times its
    outgoing weights is added to the next layer's biases. The certificate shows the effect of removed weights within the
    threshold that are not exactly zero. A layer keeps at least one unit, so that the depth stays.
    """
    kernels, biases = [np.asarray(w, np.float64) for w in kernels], [np.asarray(b, np.float64) for b in biases]
    kept = []
    for layer, dead in enumerate(dead_units(kernels, threshold)):
        if dead.all():
            # Keep the unit with the strongest path through the layer; the function is a constant anyway.
            strengths = np.abs(kernels[layer]).sum(axis=0) * np.abs(kernels[layer + 1]).sum(axis=1)
            dead[strengths.argmax()] = False
        unfed = [np.zeros((1, dead.sum())), np.eye(dead.sum())]
        constant = forward(unfed, [biases[layer][dead], np.zeros(dead.sum())], np.zeros((1, 1)), activation)[0]
        biases[layer + 1] = biases[layer + 1] + constant @ kernels[layer + 1][dead]
        kernels[layer], biases[layer] = kernels[layer][:, ~dead], biases[layer][~dead]
        kernels[layer + 1] = kernels[layer + 1][~dead]
        kept.append(~dead)
    return Compressed(tuple(kernels), tuple(biases), tuple(kept))


def subnetwork(
    kernels: Sequence[Weights], biases: Sequence[Weights], kept: Sequence[NDArray[np.bool_]]
) -> tuple[list[Weights], list[Weights]]:
    """Kernels and biases of a network with only its `kept` hidden units, constants not added to biases."""
    ends = np.ones(kernels[0].shape[0], bool), np.ones(kernels[-1].shape[1], bool)
    units = [ends[0], *kept, ends[1]]
    smaller = [w[np.ix_(*sides)] for w, sides in zip(kernels, itertools.pairwise(units), strict=True)]
    return smaller, [b[mask] for b, mask in zip(biases, units[1:], strict=True)]


def is_collapsed(outputs: Weights, targets: Weights, share: float = 0.01) -> bool:
    """True if the range of outputs [B, O] at the training inputs is below `share` of the range of the targets.

    Such a network predicts nearly the same for every sample.
    """
    return bool(np.ptp(outputs, axis=0).max() < share * np.ptp(targets, axis=0).max())
