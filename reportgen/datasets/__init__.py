"""Data sets: frozen descriptions, each of which draws the same `Data` from the same seed on any machine.

Here belong samples and their split. What a network learns from them does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reportgen.registry import Registry

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """One draw, split into training and test samples: samples are rows, and targets are columns even if there is one.

    `outlier_train` and `outlier_test` mark samples known to be corrupted; `truth` holds (inputs, outputs) of the
    noiseless function if the data set knows it. Its outputs include the mean of the noise, but nothing of the outliers.
    `noise` is the standard deviation of the noise of the targets, outliers not counted; None if it is not known.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    outlier_train: NDArray[np.bool_]
    outlier_test: NDArray[np.bool_]
    truth: tuple[Array, Array] | None = None
    noise: float | None = None

    @property
    def noise_scale(self) -> float:
        """`noise`; if unknown, the standard deviation of what least squares leaves of the training targets.

        Where the targets do not follow the inputs along a line, that is more than the noise. With no more samples than
        inputs, it is the standard deviation of the targets.
        """
        if self.noise is not None:
            return self.noise
        samples, outputs = self.y_train.shape
        design = np.column_stack([np.ones(samples), self.x_train])
        free = samples - design.shape[1]
        if free < 1:
            return float(self.y_train.std())
        left = self.y_train - design @ np.linalg.lstsq(design, self.y_train, rcond=None)[0]
        return float(np.sqrt((left**2).sum() / (free * outputs)))


def without_outliers(
    x_train: Array,
    y_train: Array,
    x_test: Array,
    y_test: Array,
    truth: tuple[Array, Array] | None = None,
    noise: float | None = None,
) -> Data:
    """A draw without outliers."""
    unmarked = np.zeros(len(x_train), bool), np.zeros(len(x_test), bool)
    return Data(x_train, y_train, x_test, y_test, *unmarked, truth, noise)


@runtime_checkable
class Dataset(Protocol):
    """The contract of a data set. Its fields are the parameters that an experiment file may set."""

    def __hash__(self) -> int: ...

    @property
    def shape(self) -> tuple[int, int]:
        """Number of inputs and number of outputs of a sample."""

    @property
    def training_samples(self) -> int:
        """Number of training samples that `draw` gives."""

    def draw(self, seed: int) -> Data:
        """The data of `seed`, split into training and test samples."""


datasets: Registry[type[Dataset]] = Registry(
    "data set", __name__, needs=("shape", "training_samples", "draw"), has_fields=True
)


def split(samples: int, test: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of the training and the test samples, each in ascending order."""
    drawn = rng.permutation(samples)
    return np.sort(drawn[test:]), np.sort(drawn[:test])
