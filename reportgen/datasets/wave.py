"""A sine with few noisy samples, which a network overfits easily."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Data, datasets, without_outliers
from reportgen.values import checked


@datasets.register("wave")
@checked
class Wave:
    """y = sin(π · x) + N(0, noise²) for x uniform over [−1, 1]; test samples are spaced evenly."""

    samples: Annotated[int, Field(ge=2, le=100_000)] = 24
    """Number of training samples."""
    test_samples: Annotated[int, Field(ge=2, le=100_000)] = 200
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 0.4
    """Standard deviation of the noise of a target."""

    @property
    def shape(self) -> tuple[int, int]:
        return 1, 1

    @property
    def training_samples(self) -> int:
        return self.samples

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        x = np.sort(rng.uniform(-1.0, 1.0, self.samples))[:, None]
        x_test = np.linspace(-1.0, 1.0, self.test_samples)[:, None]
        return without_outliers(
            x_train=x,
            y_train=np.sin(np.pi * x) + self.noise * rng.standard_normal(x.shape),
            x_test=x_test,
            y_test=np.sin(np.pi * x_test) + self.noise * rng.standard_normal(x_test.shape),
            truth=(x_test, np.sin(np.pi * x_test)),
            noise=self.noise,
        )
