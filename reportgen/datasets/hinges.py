"""A piecewise linear function of many inputs, of which few count, and a correlated double of one that does not."""

from dataclasses import field
from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, without_outliers
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("hinges")
@checked
class Hinges:
    """y = Σ aₖ · max(0, ± x₂ₖ₋₁ ± x₂ₖ) + N(0, noise²), with standard normal inputs.

    The first `relevant` inputs count, two for each hinge; signs and sizes of the hinges, aₖ of ± U(1, 2), are drawn
    with the data. The input after them is the double of the first: it correlates with it, but does not count.
    """

    inputs: Annotated[int, Field(ge=3, le=10_000)] = 50
    """Number of all inputs, including those that do not count."""
    relevant: Annotated[int, Field(ge=2)] = 10
    """Number of inputs that count; it must be even."""
    correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.9
    """Correlation between the first input and its double."""
    samples: Annotated[int, Field(ge=2, le=100_000)] = 500
    """Number of training samples."""
    test_samples: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 0.5
    """Standard deviation of the noise of a target."""
    unmeasured: tuple[Annotated[int, Field(ge=0)], ...] = field(default=(), metadata={"described": "if any"})
    """Inputs, numbered from 0, that are not measured: zero in every sample, though the targets depend on them."""

    def __post_init__(self) -> None:
        if self.relevant % 2:
            raise ExperimentError(f"relevant must be even, since inputs count in pairs, got {self.relevant}")
        if self.relevant >= self.inputs:
            raise ExperimentError(f"relevant must be less than inputs ({self.inputs}), got {self.relevant}")
        if max(self.unmeasured, default=0) >= self.inputs:
            raise ExperimentError(
                f"unmeasured must be numbers below inputs ({self.inputs}), got {max(self.unmeasured)}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return self.inputs, 1

    @property
    def training_samples(self) -> int:
        return self.samples

    @property
    def roles(self) -> tuple[str, ...]:
        """The role of each input, the same in every draw: "counts", "has a double", "double" or "does not count"."""
        others = self.inputs - self.relevant - 1
        return ("has a double", *["counts"] * (self.relevant - 1), "double", *["does not count"] * others)

    def function(self, x: Array, seed: int) -> Array:
        """The noiseless targets [B, 1] of inputs [B, I], by the hinges of `seed`."""
        rng = np.random.default_rng([seed, 2])
        hinges = self.relevant // 2
        signs = rng.choice([-1.0, 1.0], (hinges, 2))
        sizes = rng.uniform(1.0, 2.0, hinges) * rng.choice([-1.0, 1.0], hinges)
        pairs = x[:, : self.relevant].reshape(len(x), hinges, 2)
        y: Array = (np.maximum((pairs * signs).sum(axis=2), 0.0) * sizes).sum(axis=1, keepdims=True)
        return y

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        x = rng.standard_normal((self.samples + self.test_samples, self.inputs))
        own = (1.0 - self.correlation**2) ** 0.5
        x[:, self.relevant] = self.correlation * x[:, 0] + own * x[:, self.relevant]
        y = self.function(x, seed) + self.noise * rng.standard_normal((len(x), 1))
        x[:, list(self.unmeasured)] = 0.0
        train, test = slice(self.samples), slice(self.samples, None)
        return without_outliers(
            x_train=x[train],
            y_train=y[train],
            x_test=x[test],
            y_test=y[test],
            noise=self.noise,
        )
