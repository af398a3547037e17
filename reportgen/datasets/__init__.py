"""Data sets: frozen descriptions, each of which draws the same `Data` from the same seed on any machine.

Here belong samples and their split. What a network learns from them does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reportgen.registry import Registry
from reportgen.tables import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """One draw, split into training and test samples: samples are rows, and targets are columns even if there is one.

    `outlier_train` and `outlier_test` mark samples known to be corrupted; `truth` holds (inputs, outputs) of the
    noiseless function if the data set knows it. Its outputs include the mean of the noise, but nothing of the outliers.
    `noise` is the standard deviation of the noise of the targets, outliers not counted; None if it is not known.
    `classes` are the names of the classes if the targets are such: 0 and 1 in one column for two of them ("binary"), or
    one-hot columns ("classes"). They are empty if the targets are numbers.
    `x_validation` and `y_validation` are samples that a run with early stopping holds out of its training samples.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    outlier_train: NDArray[np.bool_]
    outlier_test: NDArray[np.bool_]
    truth: tuple[Array, Array] | None = None
    noise: float | None = None
    classes: tuple[str, ...] = ()
    x_validation: Array | None = None
    y_validation: Array | None = None

    @property
    def noise_scale(self) -> float:
        """`noise`; if unknown, the standard deviation of what least squares leaves of the training targets.

        Where the targets do not follow the inputs along a line, that is more than the noise. With no more samples than
        inputs, it is the standard deviation of the targets. For classes it is the standard deviation of the targets:
        1/2 for two classes that are as frequent, 0.3 for ten.
        """
        if self.noise is not None:
            return self.noise
        if self.classes:
            return float(self.y_train.std())
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
    classes: tuple[str, ...] = (),
) -> Data:
    """A draw without outliers."""
    unmarked = np.zeros(len(x_train), bool), np.zeros(len(x_test), bool)
    return Data(x_train, y_train, x_test, y_test, *unmarked, truth, noise, classes)


@runtime_checkable
class Dataset(Protocol):
    """The contract of a data set. Its fields are the parameters that an experiment file may set.

    One whose targets are classes also has an attribute `task`, "binary" or "classes", and names the classes in its
    `Data`. Without that attribute the targets are numbers. `collected` says whether its samples were collected, so that
    a seed only splits them, and is not a recipe for new ones; without it they were if the noise is not known.
    """

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


def task_of(dataset: Dataset) -> Task:
    """What the targets of a data set are: numbers, 0 or 1 for two classes, or one-hot columns for several."""
    # A table whose settings do not state it finds it in the file.
    task: Task = getattr(dataset, "task", "regression") or getattr(dataset, "found_task", "regression")
    return task


def is_collected(dataset: Dataset, data: Data) -> bool:
    """True if the samples of a data set were collected, so that a draw is another split of them."""
    return bool(getattr(dataset, "collected", data.noise is None))


def split(samples: int, test: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of the training and the test samples, each in ascending order."""
    drawn = rng.permutation(samples)
    return np.sort(drawn[test:]), np.sort(drawn[:test])


def two_classes(points: Mapping[str, Array], noise: float, test: int, rng: np.random.Generator) -> Data:
    """A draw of two classes, whose `points` [samples, inputs] are by their names, with normal noise in each input."""
    x = np.concatenate(list(points.values()))
    x = x + noise * rng.standard_normal(x.shape)
    first = len(next(iter(points.values())))
    y = (np.arange(len(x)) >= first).astype(float)[:, None]
    train, tested = split(len(x), test, rng)
    return without_outliers(
        x_train=x[train], y_train=y[train], x_test=x[tested], y_test=y[tested], classes=tuple(points)
    )
