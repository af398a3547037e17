"""A polynomial with few noisy samples: a curve that a network can fit, and overfit."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, without_outliers
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("polynomial")
@checked
class Polynomial:
    """y = Σ cₖ · xᵏ + N(0, noise²), the coefficients cₖ in ascending order of k, for x uniform over [−1, 1].

    Test samples are spaced evenly over the same interval.
    """

    coefficients: tuple[float, ...] = (0.0, -6.0, 0.0, 8.0)
    """Coefficients, the constant first; by default those of 8x³ − 6x, which rises, falls and rises between −2 and 2."""
    samples: Annotated[int, Field(ge=2, le=100_000)] = 30
    """Number of training samples."""
    test_samples: Annotated[int, Field(ge=2, le=100_000)] = 100
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 0.5
    """Standard deviation of the noise of a target."""

    def __post_init__(self) -> None:
        if not self.coefficients:
            raise ExperimentError("coefficients must have at least one number, got none")

    @property
    def shape(self) -> tuple[int, int]:
        return 1, 1

    @property
    def training_samples(self) -> int:
        return self.samples

    def function(self, x: Array) -> Array:
        """The noiseless targets of inputs."""
        y = np.zeros_like(x)
        for coefficient in reversed(self.coefficients):
            y = y * x + coefficient
        return y

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        x = np.sort(rng.uniform(-1.0, 1.0, self.samples))[:, None]
        x_test = np.linspace(-1.0, 1.0, self.test_samples)[:, None]
        return without_outliers(
            x_train=x,
            y_train=self.function(x) + self.noise * rng.standard_normal(x.shape),
            x_test=x_test,
            y_test=self.function(x_test) + self.noise * rng.standard_normal(x_test.shape),
            truth=(x_test, self.function(x_test)),
            noise=self.noise,
        )
