"""Dense networks as arrays: shapes, initial weights, and a forward and a backward pass over a *stack* of networks.

A stack holds many networks of one architecture along a run axis. Where that axis lies decides the speed: with one
sample a step the runs belong on the last axis, where every operation is elementwise and vectorizes over runs; with
larger batches they belong on the first, where each layer is one batched matrix product. `layout` chooses, and nothing
outside this module knows more than the `Layout` it was given.

Shapes below use R runs, B samples of a batch, and I inputs and O outputs of a layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen.values import checked

Weights = NDArray[np.floating[Any]]

Activation = Literal["linear", "relu", "tanh", "sigmoid"]
Initializer = Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal"]


@checked
class Network:
    """Dense layers with one activation after each hidden layer and none after the last."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=32)] = (10, 10, 10)
    """Units of each hidden layer; empty for a linear model."""
    activation: Activation = "linear"
    """After each hidden layer; there is none after the last layer."""
    initializer: Initializer = "glorot_uniform"
    """Of the first weights, as Keras names it; biases begin at zero."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of hidden units silenced at each training step; the others are scaled up to make good for them."""

    def shapes(self, inputs: int, outputs: int) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each kernel."""
        widths = (inputs, *self.hidden, outputs)
        return tuple(itertools.pairwise(widths))

    def parameters(self, inputs: int, outputs: int) -> int:
        """How many numbers training adjusts, biases included."""
        return sum(i * o + o for i, o in self.shapes(inputs, outputs))

    def initial_weights(self, inputs: int, outputs: int, seed: int) -> tuple[list[Weights], list[Weights]]:
        """Kernels [I, O] drawn from `seed`, and biases [O] of zeros, as float32.

        References:
            Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
            He et al., Delving Deep into Rectifiers, 2015.
        """
        rng = np.random.default_rng([seed, 3])
        kernels = [self._draw(rng, i, o) for i, o in self.shapes(inputs, outputs)]
        biases = [np.zeros(o, np.float32) for _, o in self.shapes(inputs, outputs)]
        return kernels, biases

    def _draw(self, rng: np.random.Generator, inputs: int, outputs: int) -> Weights:
        family, _, shape = self.initializer.partition("_")
        variance = 2.0 / (inputs + outputs) if family == "glorot" else 2.0 / inputs
        if shape == "uniform":
            limit = (3.0 * variance) ** 0.5
            drawn = rng.uniform(-limit, limit, (inputs, outputs))
        else:
            drawn = rng.normal(0.0, variance**0.5, (inputs, outputs))
        return drawn.astype(np.float32)


@dataclass(frozen=True)
class _Slope:
    """An activation and its derivative, the latter from the activation's own value."""

    value: Callable[[Any, Any], Any]
    derivative: Callable[[Any, Any], Any]


_ACTIVATIONS: dict[str, _Slope] = {
    "linear": _Slope(lambda z, xp: z, lambda a, xp: None),
    "relu": _Slope(lambda z, xp: xp.maximum(z, 0.0), lambda a, xp: xp.sign(a)),
    "tanh": _Slope(lambda z, xp: xp.tanh(z), lambda a, xp: 1.0 - a * a),
    "sigmoid": _Slope(lambda z, xp: 1.0 / (1.0 + xp.exp(-z)), lambda a, xp: a * (1.0 - a)),
}

RESTS_AT_ZERO = frozenset({"linear", "relu", "tanh"})
"""Activations for which a unit without weights stays without: padding a network with such units changes nothing."""


def forward(kernels: Sequence[Weights], biases: Sequence[Weights], x: Weights, activation: Activation) -> Weights:
    """Outputs [..., B, O] of networks with kernels [..., I, O] and biases [..., O] at inputs [..., B, I]."""
    a = x
    for layer, (w, b) in enumerate(zip(kernels, biases, strict=True)):
        z = a @ w + b[..., None, :]
        a = z if layer == len(kernels) - 1 else _ACTIVATIONS[activation].value(z, np)
    return a


class Layout:
    """Where a stack keeps its runs. `runs` is that axis; `kernel` names a kernel's input and output axes."""

    runs: int
    kernel: tuple[int, int]

    def stack(self, arrays: Sequence[Weights]) -> Weights:
        """One array from an equal-shaped array a run."""
        return np.stack(arrays, axis=self.runs)

    def unstack(self, stacked: Weights, axis_before: int = 0) -> Weights:
        """Runs moved to the front; `axis_before` counts the axes (recorded steps, say) in front of the stack's own."""
        return np.moveaxis(stacked, axis_before if self.runs == 0 else -1, 0)

    def per_run(self, values: Any, ndim: int, xp: Any) -> Any:
        """A vector [R] shaped to broadcast against a stacked array of `ndim` axes."""
        shape = [1] * ndim
        shape[self.runs] = -1
        return xp.reshape(values, shape)

    def batch(self, samples: Any, xp: Any) -> Any:
        """Samples gathered as [R, B, I], laid out as `dense` wants its inputs."""
        raise NotImplementedError

    def dense(self, a: Any, w: Any, b: Any, xp: Any) -> Any:
        """One layer: a · w + b."""
        raise NotImplementedError

    def dense_gradients(self, a: Any, delta: Any, xp: Any) -> tuple[Any, Any]:
        """Gradients with respect to w and b, `delta` being the one with respect to the layer's outputs."""
        raise NotImplementedError

    def dense_back(self, delta: Any, w: Any, xp: Any) -> Any:
        """Gradient with respect to the layer's inputs."""
        raise NotImplementedError

    def forward(
        self, kernels: Sequence[Any], biases: Sequence[Any], x: Any, activation: str, masks: Any, xp: Any
    ) -> Any:
        """Every layer's activations, inputs first and predictions last; `masks` silence hidden units, or None."""
        activations = [x]
        for layer, (w, b) in enumerate(zip(kernels, biases, strict=True)):
            a = self.dense(activations[-1], w, b, xp)
            if layer < len(kernels) - 1:
                a = _ACTIVATIONS[activation].value(a, xp)
                a = a if masks is None else a * masks[layer]
            activations.append(a)
        return activations

    def backward(
        self, kernels: Sequence[Any], activations: Sequence[Any], delta: Any, activation: str, masks: Any, xp: Any
    ) -> tuple[list[Any], list[Any]]:
        """Gradients of kernels and biases from the gradient `delta` with respect to the predictions.

        Written out rather than left to automatic differentiation: 1.5 times as fast inside the compiled loop.
        """
        kernel_gradients: list[Any] = []
        bias_gradients: list[Any] = []
        for layer in reversed(range(len(kernels))):
            gradient, bias_gradient = self.dense_gradients(activations[layer], delta, xp)
            kernel_gradients.insert(0, gradient)
            bias_gradients.insert(0, bias_gradient)
            if layer > 0:
                delta = self.dense_back(delta, kernels[layer], xp)
                a = activations[layer]
                if masks is not None:
                    delta = delta * masks[layer - 1]
                    # The derivative belongs to the activation before the mask scaled it.
                    a = a / xp.maximum(masks[layer - 1], 1.0)
                slope = _ACTIVATIONS[activation].derivative(a, xp)
                delta = delta if slope is None else delta * slope
        return kernel_gradients, bias_gradients


class RunsLast(Layout):
    """Kernels [I, O, R], biases [O, R], activations [B, I, R]."""

    runs = -1
    kernel = (0, 1)

    def batch(self, samples: Any, xp: Any) -> Any:
        return xp.transpose(samples, (1, 2, 0))

    def dense(self, a: Any, w: Any, b: Any, xp: Any) -> Any:
        return xp.sum(a[:, :, None, :] * w, axis=1) + b

    def dense_gradients(self, a: Any, delta: Any, xp: Any) -> tuple[Any, Any]:
        return xp.sum(a[:, :, None, :] * delta[:, None, :, :], axis=0), xp.sum(delta, axis=0)

    def dense_back(self, delta: Any, w: Any, xp: Any) -> Any:
        return xp.sum(delta[:, None, :, :] * w, axis=2)


class RunsFirst(Layout):
    """Kernels [R, I, O], biases [R, O], activations [R, B, I]."""

    runs = 0
    kernel = (1, 2)

    def batch(self, samples: Any, xp: Any) -> Any:
        return samples

    def dense(self, a: Any, w: Any, b: Any, xp: Any) -> Any:
        return xp.matmul(a, w) + b[:, None, :]

    def dense_gradients(self, a: Any, delta: Any, xp: Any) -> tuple[Any, Any]:
        return xp.matmul(xp.transpose(a, (0, 2, 1)), delta), xp.sum(delta, axis=1)

    def dense_back(self, delta: Any, w: Any, xp: Any) -> Any:
        return xp.matmul(delta, xp.transpose(w, (0, 2, 1)))


_RUNS_LAST, _RUNS_FIRST = RunsLast(), RunsFirst()


def layout(batch_size: int) -> Layout:
    """The layout that is faster for this batch size."""
    return _RUNS_LAST if batch_size == 1 else _RUNS_FIRST
