"""A run: one network to train, described completely. Whoever holds a `Run` can repeat it, with or without us."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen.datasets import Data, Dataset, datasets
from reportgen.datasets.line import Line
from reportgen.errors import DataError, ExperimentError
from reportgen.penalties import Penalty, penalties
from reportgen.penalties import Step as Step
from reportgen.penalties.none import NoPenalty
from reportgen.registry import Registry
from reportgen.training.network import Network, Weights
from reportgen.values import checked, plain

Optimizer = Literal["sgd", "momentum", "adam"]
Schedule = Literal["constant", "linear", "cosine"]
Order = Literal["fixed", "reshuffled"]
Loss = Literal["absolute", "squared", "huber"]

MOST_SEEN = 100_000_000
"""Samples that one run may see, one after the other: their order is drawn beforehand, 4 bytes each."""
MOST_NUMBERS = 50_000_000
"""Numbers that the training data of one run may have, 8 bytes each, and the computation several times that."""


@checked
class Training:
    """How weights are adjusted."""

    optimizer: Optimizer = "sgd"
    """Plain steps, steps with `momentum`, or Adam with the constants of Keras."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Used by the optimizer "momentum" alone."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    """Size of a step, η."""
    schedule: Schedule = "constant"
    """How the learning rate falls from the first step to the last: not at all, along a line to zero, or a cosine."""
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Samples of one step."""
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Passes over the training samples."""
    order: Order = "fixed"
    """Samples are shuffled once ("fixed"), or anew before every epoch ("reshuffled")."""
    loss: Loss = "absolute"
    """|r|, r², or Huber's (r²/2 up to |r| = 1, |r| − 1/2 beyond); averaged over batch and outputs, as in Keras."""

    def batches(self, samples: int) -> int:
        """Steps in an epoch. A remainder smaller than a batch waits for the next shuffle, so every batch is full."""
        return max(samples // self.batch_size, 1)

    def rates(self, steps: int) -> NDArray[np.float32]:
        """The learning rate of each step."""
        done = np.arange(steps) / steps
        factor = {"constant": np.ones(steps), "linear": 1.0 - done, "cosine": 0.5 + 0.5 * np.cos(np.pi * done)}
        return (self.learning_rate * factor[self.schedule]).astype(np.float32)


@checked
class Recording:
    """Which weights are kept: every so many steps, at named steps, and always the first and the last."""

    every: Annotated[int, Field(ge=1)] | None = 20
    """Steps from one record to the next. None, from Python, keeps only the first and the last weights, and those in
    `at`."""
    at: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Steps at which weights are kept besides."""
    loss: bool = True
    """Also the training loss, over all training samples, and the penalty at those steps."""

    def steps(self, last: int) -> NDArray[np.int32]:
        """The recorded steps of a training of `last` steps, rising, from 0 (the initial weights) to `last`."""
        regular = range(0, last + 1, self.every) if self.every else ()
        return np.array(sorted({0, last, *regular, *(step for step in self.at if step <= last)}), np.int32)


@checked
class Start:
    """Weights to begin from: for each layer the rows of its kernel, and its biases."""

    kernels: tuple[tuple[tuple[float, ...], ...], ...]
    biases: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if [{len(row) for row in kernel} for kernel in self.kernels] != [{len(bias)} for bias in self.biases]:
            raise ExperimentError("start must have, for each layer, as many biases as its kernel has columns")

    @classmethod
    def of(cls, kernels: Sequence[Weights], biases: Sequence[Weights]) -> Start:
        """The start from arrays, rounded to float32, in which networks compute."""
        return cls(
            kernels=tuple(tuple(map(tuple, np.asarray(w, np.float32).tolist())) for w in kernels),
            biases=tuple(tuple(np.asarray(b, np.float32).tolist()) for b in biases),
        )

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each kernel."""
        return tuple((len(kernel), len(bias)) for kernel, bias in zip(self.kernels, self.biases, strict=True))

    def arrays(self) -> tuple[list[Weights], list[Weights]]:
        """Kernels [I, O] and biases [O]."""
        return [np.array(w, np.float32) for w in self.kernels], [np.array(b, np.float32) for b in self.biases]


@checked
class Run:
    """One network to train. Runs that differ only by seeds form an arm."""

    data: Dataset = field(default_factory=Line)
    network: Network = field(default_factory=Network)
    training: Training = field(default_factory=Training)
    penalty: Penalty = field(default_factory=NoPenalty)
    strength: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the penalty in the cost; λ in the report."""
    step: Step = "subgradient"
    """The penalty's way into training: as part of the gradient, or as a proximal step after each update."""
    recording: Recording = field(default_factory=Recording)
    data_seed: Annotated[int, Field(ge=0)] = 0
    order_seed: Annotated[int, Field(ge=0)] = 0
    init_seed: Annotated[int, Field(ge=0)] = 0
    start: Start | None = None
    """Weights to begin from, in place of those that `init_seed` draws; `network` says of what shapes."""
    fold: tuple[int, int] | None = None
    """(k, folds) for cross-validation: test on the k-th part of the training samples, train on the others."""

    def __post_init__(self) -> None:
        if self.fold and not (0 <= self.fold[0] < self.fold[1] <= self.data.training_samples):
            raise ExperimentError(
                f"fold must be (k, folds) with 0 <= k < folds <= {self.data.training_samples}, got {self.fold}"
            )
        if self.training.batch_size > self.training_samples:
            raise ExperimentError(
                f"batch_size must be at most the number of training samples ({self.training_samples}), "
                f"got {self.training.batch_size}"
            )
        if self.training.epochs * self.training_samples > MOST_SEEN:
            raise ExperimentError(
                f"epochs must be at most {MOST_SEEN // self.training_samples:,} with {self.training_samples:,} "
                f"training samples, so that a run sees {MOST_SEEN:,} of them, got {self.training.epochs:,}",
                code="RG402",
            )
        samples, width = self.data.training_samples, sum(self.data.shape)
        if samples * width > MOST_NUMBERS:
            raise ExperimentError(
                f"samples must be at most {MOST_NUMBERS // width:,} with {width:,} numbers each, got {samples:,} for "
                "training",
                code="RG402",
            )
        if self.start and self.start.shapes != self.shapes:
            raise ExperimentError(f"start must have kernels of the shapes {self.shapes}, got {self.start.shapes}")

    @property
    def training_samples(self) -> int:
        """How many samples the run trains on."""
        if not self.fold:
            return self.data.training_samples
        k, folds = self.fold
        return self.data.training_samples - len(range(k, self.data.training_samples, folds))

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each kernel."""
        return self.network.shapes(*self.data.shape)

    @property
    def steps(self) -> int:
        """Updates in the whole training."""
        return self.training.epochs * self.training.batches(self.training_samples)

    def draw(self) -> Data:
        """The data this run is trained and tested on; the arrays are shared, so they cannot be written to."""
        return _drawn(self.data, self.data_seed, self.fold)

    def initial_weights(self) -> tuple[list[Weights], list[Weights]]:
        """Kernels and biases before the first step."""
        if self.start:
            return self.start.arrays()
        return self.network.initial_weights(*self.data.shape, self.init_seed)

    def order(self) -> NDArray[np.int32]:
        """Which training samples each step sees: row numbers [steps, B] into `draw().x_train`."""
        rng = np.random.default_rng([self.order_seed, 4])
        samples, size = self.training_samples, self.training.batch_size
        kept = self.training.batches(samples) * size
        if self.training.order == "fixed":
            epoch = rng.permutation(samples)[:kept].reshape(-1, size)
            return np.tile(epoch, (self.training.epochs, 1)).astype(np.int32)
        epochs = [rng.permutation(samples)[:kept].reshape(-1, size) for _ in range(self.training.epochs)]
        return np.concatenate(epochs).astype(np.int32)

    def masks(self) -> NDArray[np.bool_]:
        """Which hidden units work at each step, for each sample of the batch: [steps, B, hidden units in a row]."""
        rng = np.random.default_rng([self.init_seed, 5])
        shape = (self.steps, self.training.batch_size, sum(self.network.hidden))
        return rng.random(shape, np.float32) >= self.network.dropout


def in_a_row(first: Run, count: int, fresh_data: bool) -> list[Run]:
    """`first` and the runs that follow it, `count` in all: each has the next seeds for the order and the weights, and
    with `fresh_data` for the data too.
    """
    return [
        dataclasses.replace(
            first,
            data_seed=first.data_seed + (i if fresh_data else 0),
            order_seed=first.order_seed + i,
            init_seed=first.init_seed + i,
        )
        for i in range(count)
    ]


@lru_cache(maxsize=1024)
def _drawn(dataset: Dataset, seed: int, fold: tuple[int, int] | None) -> Data:
    with np.errstate(over="ignore", invalid="ignore"):  # told below, once
        data = dataset.draw(seed)
    if fold:
        tested = np.arange(dataset.training_samples) % fold[1] == fold[0]
        data = dataclasses.replace(
            data,
            x_train=data.x_train[~tested],
            y_train=data.y_train[~tested],
            x_test=data.x_train[tested],
            y_test=data.y_train[tested],
            outlier_train=data.outlier_train[~tested],
            outlier_test=data.outlier_train[tested],
        )
    samples = (data.x_train, data.y_train, data.x_test, data.y_test)
    # Networks compute in float32.
    if not all(np.abs(array).max() <= np.finfo(np.float32).max for array in samples):
        raise DataError(f"the data hold numbers beyond ±10³⁸, too large to compute with: {dataset}")
    for array in (*samples, data.outlier_train, data.outlier_test, *(data.truth or ())):
        array.setflags(write=False)
    return data


def describe(value: Any) -> dict[str, Any]:
    """A run, or a part of one, as plain JSON values; `kind` is the name a penalty or data set is registered under."""
    described: dict[str, Any] = plain(value, _parts)
    return described


def _parts(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return value
    kinds = (registry.name_of(value) for registry in (datasets, penalties) if registry.holds(value))
    return {"kind": next(kinds, type(value).__name__), **vars(value)}


def revive(description: dict[str, Any]) -> Run:
    """The run that `describe` described; raises `KeyError`, `TypeError` or `ExperimentError` if it is none."""
    parts = _fields(description)
    registries: dict[str, Registry[Any]] = {"data": datasets, "penalty": penalties}
    for name, registry in registries.items():
        parts[name] = registry[description[name]["kind"]](**parts[name])
    return Run(**parts)


def _fields(value: Any) -> Any:
    """A description as its class takes it: without kinds, and with tuples for arrays."""
    if isinstance(value, dict):
        return {name: _fields(item) for name, item in value.items() if name != "kind"}
    return tuple(map(_fields, value)) if isinstance(value, list) else value
