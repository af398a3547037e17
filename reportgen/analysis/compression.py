"""Removing dead units, and the proof that it changed nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.analysis.sparsity import dead_units
from reportgen.network import Activation, Weights, forward


@dataclass(frozen=True, eq=False)
class Compressed:
    """A network without its dead units."""

    kernels: tuple[Weights, ...]
    biases: tuple[Weights, ...]

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units left in each hidden layer."""
        return tuple(w.shape[1] for w in self.kernels[:-1])

    @property
    def parameters(self) -> int:
        return sum(w.size + b.size for w, b in zip(self.kernels, self.biases, strict=True))

    def largest_change(
        self, kernels: Sequence[Weights], biases: Sequence[Weights], grid: Weights, activation: Activation
    ) -> float:
        """The certificate: how far outputs on a dense grid [B, I] moved from those of the network it was made of."""
        before = forward(kernels, biases, grid, activation)
        return float(np.max(np.abs(forward(self.kernels, self.biases, grid, activation) - before)))


def compress(
    kernels: Sequence[Weights], biases: Sequence[Weights], threshold: float, activation: Activation
) -> Compressed:
    """The network without units that are dead at `threshold`.

    A dead unit that is not fed still says something, the same at every input: its activation at its bias. That constant
    times its outgoing weights is folded into the next layer's biases. Weights within the threshold that are not exactly
    zero are what the certificate then shows. A layer keeps at least one unit, so that the depth stays.
    """
    kernels, biases = [np.asarray(w, np.float64) for w in kernels], [np.asarray(b, np.float64) for b in biases]
    for layer, dead in enumerate(dead_units(kernels, threshold)):
        if dead.all():
            # The strongest path through the layer stays; with nothing left the function is a constant anyway.
            through = np.abs(kernels[layer]).sum(axis=0) * np.abs(kernels[layer + 1]).sum(axis=1)
            dead[through.argmax()] = False
        alone = [np.zeros((1, dead.sum())), np.eye(dead.sum())]
        constant = forward(alone, [biases[layer][dead], np.zeros(dead.sum())], np.zeros((1, 1)), activation)[0]
        biases[layer + 1] = biases[layer + 1] + constant @ kernels[layer + 1][dead]
        kernels[layer], biases[layer] = kernels[layer][:, ~dead], biases[layer][~dead]
        kernels[layer + 1] = kernels[layer + 1][~dead]
    return Compressed(tuple(kernels), tuple(biases))
