"""Two classes on two half circles that reach into each other: a boundary that no line can be."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Data, datasets, two_classes
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("moons")
@checked
class Moons:
    """Two classes in the plane: (cos t, sin t) and (1 − cos t, 1/2 − sin t), t evenly spaced over [0, π], plus noise.

    These are the formulas of scikit-learn's `make_moons`. Class 0 is the upper half circle, class 1 the lower one. A
    seed draws the noise and the samples for testing.
    """

    task = "binary"
    collected = False

    samples: Annotated[int, Field(ge=4, le=100_000)] = 200
    """Number of samples of both classes, including those for testing."""
    test_samples: Annotated[int, Field(ge=1)] = 100
    """Number of test samples."""
    noise: Annotated[float, Field(ge=0)] = 0.2
    """Standard deviation of the noise of each input."""

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
        t, u = np.linspace(0.0, np.pi, first), np.linspace(0.0, np.pi, self.samples - first)
        upper = np.column_stack([np.cos(t), np.sin(t)])
        lower = np.column_stack([1.0 - np.cos(u), 0.5 - np.sin(u)])
        return two_classes({"upper": upper, "lower": lower}, self.noise, self.test_samples, rng)
