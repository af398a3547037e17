"""Many inputs of which few count: where the lasso shows what it is for."""

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

    The relevant weights have random signs and sizes U(0.5, 2), and sit at random places.
    """

    inputs: Annotated[int, Field(ge=1, le=10_000)] = 50
    """All inputs, those that count and those that do not."""
    relevant: Annotated[int, Field(ge=0)] = 10
    """Inputs that count."""
    samples: Annotated[int, Field(ge=2, le=100_000)] = 100
    """For training."""
    test_samples: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """For testing."""
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
        """The weights behind the data of `seed`, one row an input."""
        rng = np.random.default_rng([seed, 2])
        w = np.zeros((self.inputs, 1))
        places = rng.choice(self.inputs, self.relevant, replace=False)
        w[places, 0] = rng.uniform(0.5, 2.0, self.relevant) * rng.choice([-1.0, 1.0], self.relevant)
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
        )
