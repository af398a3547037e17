"""A linear function of many inputs of which few count: the case for the lasso."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, without_outliers
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("sparse_linear")
@checked
class SparseLinear:
    """y = x · w + N(0, noise²), with standard normal inputs and `relevant` of the `inputs` weights not zero.

    The relevant weights have random signs, sizes U(0.5, 2), and random positions.
    """

    inputs: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Number of all inputs, including those that do not count."""
    relevant: Annotated[int, Field(ge=0)] = 10
    """Number of inputs that count."""
    samples: Annotated[int, Field(ge=2, le=100_000)] = 100
    """Number of training samples."""
    test_samples: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation of the noise of a target."""

    def __post_init__(self) -> None:
        if self.relevant > self.inputs:
            raise ExperimentError(f"relevant must be at most inputs ({self.inputs}), got {self.relevant}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.inputs, 1

    @property
    def training_samples(self) -> int:
        return self.samples

    def weights(self, seed: int) -> Array:
        """The true weights of the data of `seed`, one row for each input."""
        rng = np.random.default_rng([seed, 2])
        w = np.zeros((self.inputs, 1))
        rows = rng.choice(self.inputs, self.relevant, replace=False)
        w[rows, 0] = rng.uniform(0.5, 2.0, self.relevant) * rng.choice([-1.0, 1.0], self.relevant)
        return w

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        x = rng.standard_normal((self.samples + self.test_samples, self.inputs))
        y = x @ self.weights(seed) + self.noise * rng.standard_normal((len(x), 1))
        train, test = slice(self.samples), slice(self.samples, None)
        return without_outliers(
            x_train=x[train],
            y_train=y[train],
            x_test=x[test],
            y_test=y[test],
            noise=self.noise,
        )
