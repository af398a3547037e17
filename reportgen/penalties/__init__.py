"""Penalties on the kernels of a network. Biases are never penalised.

The contract is `Penalty`. A kernel has an axis of inputs and an axis of outputs, named by `axes`, and may have further
axes (runs, recorded steps) anywhere else: the trainer keeps its runs where the arithmetic is fastest. `xp` is the
array library: `numpy`, or the trainer's namespace of the same functions over TensorFlow.

Here belong formulas. How a step uses them, and which arms have them, does not.
"""

from typing import Any, Protocol

from reportgen.registry import Registry

Axes = tuple[int, int]
"""Where a kernel keeps its inputs and its outputs."""


class Penalty(Protocol):
    """How much a kernel costs at strength 1, and the two ways to push it down."""

    def __hash__(self) -> int: ...

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The penalty, summed over inputs and outputs; the other axes of `w` remain."""

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """One element of the subdifferential of `cost`, of the shape of `w`; zero where `w` sits at a kink."""

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The z that minimises `scale * cost(z) + sum((z - w)**2) / 2`; `scale` broadcasts against `w`."""


penalties: Registry[type[Penalty]] = Registry("penalty", __name__)
