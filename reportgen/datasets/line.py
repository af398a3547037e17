"""A straight line with one-sided noise and upward outliers: the data of the 2018 post."""

from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Data, datasets, split
from reportgen.errors import ExperimentError
from reportgen.values import checked


@datasets.register("line")
@checked
class Line:
    """y = slope · x + U(0, noise), with equally spaced samples raised by one shared U(0, 1) · outlier_size.

    The noise is one-sided, so without outliers the mean of y is a line with an intercept of noise / 2. The outliers
    share a single draw, so all are raised by the same amount. Samples are split once, at random.
    """

    samples: Annotated[int, Field(ge=4, le=100_000)] = 50
    """Number of samples, including those for testing."""
    test_samples: Annotated[int, Field(ge=1)] = 10
    """Number of test samples."""
    start: float = 0.5
    """The smallest x."""
    stop: float = 9.5
    """The largest x."""
    slope: float = 2.0
    """Slope of the line."""
    noise: Annotated[float, Field(ge=0)] = 2.0
    """Width of the uniform noise above the line."""
    outliers: Annotated[int, Field(ge=0)] = 10
    """Number of outliers, the samples that are raised."""
    outlier_size: Annotated[float, Field(ge=0)] = 10.0
    """The most by which they are raised."""
    clean_test: bool = False
    """Keep the targets of test samples free of outliers, to measure how well the line itself was fitted."""

    def __post_init__(self) -> None:
        if self.test_samples >= self.samples:
            raise ExperimentError(f"test_samples must be below samples ({self.samples}), got {self.test_samples}")
        if self.outliers > self.samples:
            raise ExperimentError(f"outliers must be at most samples ({self.samples}), got {self.outliers}")
        if self.start >= self.stop:
            raise ExperimentError(f"start must be below stop ({self.stop}), got {self.start}")

    @property
    def shape(self) -> tuple[int, int]:
        return 1, 1

    @property
    def training_samples(self) -> int:
        return self.samples - self.test_samples

    def draw(self, seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        x = np.linspace(self.start, self.stop, self.samples)
        clean = self.slope * x + rng.uniform(0.0, self.noise, self.samples)
        raised = np.zeros(self.samples, bool)
        if self.outliers:
            raised[np.arange(self.outliers) * self.samples // self.outliers] = True
        y = clean + raised * rng.uniform() * self.outlier_size
        train, test = split(self.samples, self.test_samples, rng)
        ends = np.array([self.start, self.stop])
        return Data(
            x_train=x[train, None],
            y_train=y[train, None],
            x_test=x[test, None],
            y_test=(clean if self.clean_test else y)[test, None],
            outlier_train=raised[train],
            outlier_test=raised[test] & (not self.clean_test),
            truth=(ends[:, None], (self.slope * ends + self.noise / 2)[:, None]),
            noise=self.noise / 12**0.5,  # of a uniform distribution
        )
