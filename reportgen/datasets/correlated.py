"""Inputs in groups of near copies, among which L1 has to choose while L2 keeps all."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, without_outliers
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("correlated")
@checked
class Correlated:
    """y = x · w + N(0, noise²), with standard normal inputs in `groups` of `size`, of which the first `relevant` count.

    Inputs of one group correlate with each other by `correlation`, inputs of different groups do not. All inputs of a
    group that counts have the same weight: together ± U(1, 3), drawn with the data.

    References:
        Zou and Hastie, Regularization and Variable Selection via the Elastic Net, JRSS B 2005, section 2.3.
    """

    groups: Annotated[int, Field(ge=1, le=1000)] = 8
    """Number of groups of near copies."""
    size: Annotated[int, Field(ge=1, le=100)] = 4
    """Number of inputs in each group."""
    relevant: Annotated[int, Field(ge=0)] = 3
    """Number of groups whose inputs count."""
    correlation: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """Correlation of two inputs of one group."""
    samples: Annotated[int, Field(ge=2, le=100_000)] = 60
    """Number of training samples."""
    test_samples: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation of the noise of a target."""

    def __post_init__(self) -> None:
        if self.relevant > self.groups:
            raise ExperimentError(f"relevant must be at most groups ({self.groups}), got {self.relevant}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.groups * self.size, 1

    @property
    def training_samples(self) -> int:
        return self.samples

    def weights(self, seed: int) -> Array:
        """The true weights of the data of `seed`, one row for each input, group after group."""
        rng = np.random.default_rng([seed, 2])
        whole = np.zeros(self.groups)
        whole[: self.relevant] = rng.uniform(1.0, 3.0, self.relevant) * rng.choice([-1.0, 1.0], self.relevant)
        return np.repeat(whole / self.size, self.size)[:, None]

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        rows = self.samples + self.test_samples
        shared = np.repeat(rng.standard_normal((rows, self.groups)), self.size, axis=1)
        own = rng.standard_normal(shared.shape)
        x = self.correlation**0.5 * shared + (1.0 - self.correlation) ** 0.5 * own
        y = x @ self.weights(seed) + self.noise * rng.standard_normal((rows, 1))
        train, test = slice(self.samples), slice(self.samples, None)
        return without_outliers(
            x_train=x[train],
            y_train=y[train],
            x_test=x[test],
            y_test=y[test],
            noise=self.noise,
        )
