"""Two classes on two circles, one within the other."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Data, datasets, two_classes
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("circles")
@checked
class Circles:
    """Two classes in the plane: (cos t, sin t) and `factor` times that, with t evenly spaced over [0, 2π), plus noise.

    These are the formulas of scikit-learn's `make_circles`. Class 0 is the outer circle, class 1 the inner one. A seed
    draws the noise and the samples for testing.
    """

    task = "binary"
    collected = False

    samples: Annotated[int, Field(ge=4, le=100_000)] = 200
    """Number of samples of both classes, including those for testing."""
    test_samples: Annotated[int, Field(ge=1)] = 100
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of the noise of each input."""
    factor: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Radius of the inner circle; that of the outer one is 1."""

    def __post_init__(self) -> None:
        if self.test_samples > self.samples - 2:
            raise ExperimentError(
                f"test_samples must be at most {self.samples - 2}, two less than samples, got {self.test_samples}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return 2, 1

    @property
    def training_samples(self) -> int:
        return self.samples - self.test_samples

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        first = self.samples // 2
        t, u = (2.0 * np.pi * np.arange(count) / count for count in (first, self.samples - first))
        outer = np.column_stack([np.cos(t), np.sin(t)])
        inner = self.factor * np.column_stack([np.cos(u), np.sin(u)])
        return two_classes({"outer": outer, "inner": inner}, self.noise, self.test_samples, rng)
