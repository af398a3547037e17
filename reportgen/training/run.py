"""A run: one network to train, described completely, so that it can be repeated with or without reportgen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen import plugins
from reportgen.datasets import Data, Dataset, datasets, task_of
from reportgen.datasets.line import Line
from reportgen.errors import DataError, ExperimentError
from reportgen.losses import LossName, fitting
from reportgen.penalties import Penalty, penalties
from reportgen.penalties import Step as Step
from reportgen.penalties.none import NoPenalty
from reportgen.registry import Registry
from reportgen.tables import Task
from reportgen.training.network import Network, Weights
from reportgen.values import checked, json_value

Optimizer = Literal["sgd", "momentum", "adam", "adamw"]
Schedule = Literal["constant", "linear", "cosine"]
Order = Literal["fixed", "reshuffled"]

MOST_SEEN = 100_000_000
"""The most samples that a run may see: their order is drawn in advance, 4 bytes each, 8 if a last batch is small."""
MOST_NUMBERS = 50_000_000
"""The most numbers in the training data of a run, 8 bytes each; the computation needs several times that."""


@checked
class Training:
    """How weights are trained."""

    optimizer: Optimizer = "sgd"
    """Plain gradient steps, steps with `momentum`, or Adam with the constants of Keras; "adamw" is Adam with a
    `weight_decay`, which it needs."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of the optimizer "momentum"; the others ignore it."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    """The learning rate, η."""
    schedule: Schedule = "constant"
    """Learning rate over the steps: constant, or falling to zero along a line or a cosine."""
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Training samples per step. What remains at the end of an epoch is a smaller batch, as in Keras."""
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Number of passes over the training samples."""
    full_batch_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Steps on all training samples after the last epoch: plain gradient steps with the penalty of the arm, without
    momentum and dropout. Batches are noise that keeps weights from resting; without it, proximal steps end with the
    zeros of a minimum. The rate begins at `learning_rate` and falls to zero along a line."""
    order: Order = "fixed"
    """Shuffle the samples once ("fixed"), or before every epoch ("reshuffled")."""
    loss: LossName = "absolute"
    """Loss of a residual r: |r|, r², or Huber's (r²/2 up to |r| = 1, |r| − 1/2 beyond). As in Keras, it is averaged
    over batch and outputs. Data whose targets are classes need one of the others, stated here: "logistic" for two
    classes and one output, "softmax" for one output a class, which is summed over the classes."""

    weight_decay: Annotated[float, Field(ge=0)] = field(default=0.0, metadata={"described": "if any"})
    """Decoupled weight decay: each update also takes learning rate · `weight_decay` · w from every weight w. As with
    Keras' optimizers, biases decay too."""
    early_stopping: Annotated[int, Field(ge=0)] = field(default=0, metadata={"described": "if any"})
    """Patience in epochs: stop when the loss on the samples for validation, without the penalty, has not fallen below
    its least value for so many epochs, and take back the weights of that least value. 0 does not stop early."""
    validation: Annotated[float, Field(gt=0, lt=1)] = field(default=0.2, metadata={"described": "if early_stopping"})
    """Share of the training samples that early stopping holds out for validation, drawn anew for each run; the network
    does not train on them. Without early stopping there are none."""

    def __post_init__(self) -> None:
        if self.optimizer == "adamw" and not self.weight_decay:
            raise ExperimentError(
                'optimizer "adamw" needs a weight_decay above 0, such as 0.004, the default of Keras; "adam" has none'
            )
        if self.early_stopping and self.full_batch_steps:
            raise ExperimentError(
                f"full_batch_steps must be 0 with early_stopping, which ends the training, got {self.full_batch_steps}"
            )

    @property
    def is_adaptive(self) -> bool:
        """True if each weight has a step size of its own, as with Adam."""
        return self.optimizer in ("adam", "adamw")

    def batches(self, samples: int) -> int:
        """Steps in an epoch. The last batch is smaller if the samples are no multiple of a batch."""
        return -(-samples // self.batch_size)

    def rates(self, steps: int) -> NDArray[np.float32]:
        """The learning rate of each of `steps` steps, the last of which are those on all samples."""
        last = self.full_batch_steps
        count = steps - last
        done = np.arange(count) / count
        factor = {"constant": np.ones(count), "linear": 1.0 - done, "cosine": 0.5 + 0.5 * np.cos(np.pi * done)}
        # A rate that suits small batches may be too large for all samples: then weights oscillate until it has fallen.
        falling = 1.0 - np.arange(last) / max(last, 1)
        return (self.learning_rate * np.append(factor[self.schedule], falling)).astype(np.float32)

    def step_sizes(self, steps: int) -> NDArray[np.float32]:
        """The size of each update for a gradient of 1 so far: the learning rate, or with momentum the sum of its past.

        Adam has one more factor for each weight.
        """
        sizes = self.rates(steps).astype(np.float64)
        if self.optimizer == "momentum":
            for step in range(1, steps - self.full_batch_steps):
                sizes[step] += self.momentum * sizes[step - 1]
        return sizes.astype(np.float32)


@checked
class Recording:
    """Which weights are recorded: at regular steps, at listed steps, and always the first and the last."""

    every: Annotated[int, Field(ge=1)] | None = 20
    """Steps between two records. In Python, None keeps only the first and the last weights and those in `at`."""
    at: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Additional steps at which the weights are kept."""
    loss: bool = True
    """Also keep the training loss over all training samples, and the penalty, at these steps."""
    ENDS_ONLY: ClassVar[Recording]
    """The first and the last weights and nothing else, for runs of which only the result counts."""

    def steps(self, last: int) -> NDArray[np.int32]:
        """The recorded steps of a training of `last` steps, rising, from 0 (the initial weights) to `last`."""
        regular = range(0, last + 1, self.every) if self.every else ()
        return np.array(sorted({0, last, *regular, *(step for step in self.at if step <= last)}), np.int32)


Recording.ENDS_ONLY = Recording(every=None, loss=False)


@checked
class Start:
    """Initial weights: for each layer the rows of its kernel, and its biases."""

    kernels: tuple[tuple[tuple[float, ...], ...], ...]
    biases: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if [{len(row) for row in kernel} for kernel in self.kernels] != [{len(bias)} for bias in self.biases]:
            raise ExperimentError("start must have, for each layer, as many biases as its kernel has columns")

    @classmethod
    def from_arrays(cls, kernels: Sequence[Weights], biases: Sequence[Weights]) -> Start:
        """The initial weights in arrays, rounded to float32."""
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
    """Factor of the penalty in the loss, λ."""
    step: Step = "subgradient"
    """How the penalty acts: as part of the gradient, or by a proximal step after each update, of the size of that
    update. So both go down the same cost, with any optimizer."""
    recording: Recording = field(default_factory=Recording)
    data_seed: Annotated[int, Field(ge=0)] = 0
    order_seed: Annotated[int, Field(ge=0)] = 0
    init_seed: Annotated[int, Field(ge=0)] = 0
    start: Start | None = None
    """Initial weights, in place of those that `init_seed` draws. Their shapes must be those of `network`."""
    nudge: Annotated[int, Field(ge=0)] = field(default=0, metadata={"described": "if any"})
    """Move each initial weight by about a millionth of itself, drawn from this seed; 0 moves none.

    Runs that differ only by this show what depends on rounding."""
    fold: tuple[int, int] | None = None
    """(k, folds) for cross-validation: test on the k-th part of the training samples, train on the others."""

    def __post_init__(self) -> None:
        if self.fold and not (0 <= self.fold[0] < self.fold[1] <= self.data.training_samples):
            raise ExperimentError(
                f"fold must be (k, folds) with 0 <= k < folds <= {self.data.training_samples}, got {self.fold}"
            )
        task, loss = task_of(self.data), self.training.loss
        if loss not in (names := fitting(task)):
            data = datasets.name_of(self.data) if datasets.holds(self.data) else type(self.data).__name__
            raise ExperimentError(
                f"loss must be {' or '.join(map(_quoted, names))} with the data set {_quoted(data)}, whose targets are "
                f"{_TARGETS[task]}, got {_quoted(loss)}; write loss = {_quoted(names[0])} in [training]"
            )
        if self.training.early_stopping and not self._in_fold - self.validation_samples:
            raise ExperimentError(f"validation must leave a sample to train on, of {self._in_fold} it takes all")
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
        if self.step == "proximal" and self.training.is_adaptive and not self.penalty.scale_per_weight:
            raise ExperimentError(
                f'step must be "subgradient" with the optimizer "{self.training.optimizer}": the proximal step of the '
                f"penalty {self.penalty.title!r} takes one scale for all weights, and Adam has one for each"
            )
        if self.start and self.start.shapes != self.shapes:
            raise ExperimentError(f"start must have kernels of the shapes {self.shapes}, got {self.start.shapes}")

    @property
    def training_samples(self) -> int:
        """The number of samples that the run trains on."""
        return self._in_fold - self.validation_samples

    @property
    def validation_samples(self) -> int:
        """The number of samples that early stopping holds out of those for training; 0 without it."""
        return max(1, round(self.training.validation * self._in_fold)) if self.training.early_stopping else 0

    @property
    def _in_fold(self) -> int:
        """The number of samples for training and validation."""
        if not self.fold:
            return self.data.training_samples
        k, folds = self.fold
        return self.data.training_samples - len(range(k, self.data.training_samples, folds))

    @property
    def held_out(self) -> tuple[int, int] | None:
        """(seed, number) of the samples for validation; None without any. Runs with the same hold out the same."""
        return (self.order_seed, self.validation_samples) if self.training.early_stopping else None

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each kernel."""
        return self.network.shapes(*self.data.shape)

    @property
    def steps(self) -> int:
        """The number of updates in the whole training."""
        return self.batch_steps + self.training.full_batch_steps

    @property
    def batch_steps(self) -> int:
        """The number of updates in all epochs, before those on all samples."""
        return self.training.epochs * self.training.batches(self.training_samples)

    def draw(self) -> Data:
        """The data for training and test; the arrays are shared, so they are read-only."""
        return _draw_data(self.data, self.data_seed, self.fold, self.held_out)

    def initial_weights(self) -> tuple[list[Weights], list[Weights]]:
        """Kernels and biases before the first step."""
        drawn = self.start.arrays() if self.start else self.network.initial_weights(*self.data.shape, self.init_seed)
        if not self.nudge:
            return drawn
        rng = np.random.default_rng([self.nudge, 8])
        kernels, biases = (
            [(w * (1 + 1e-6 * rng.standard_normal(w.shape))).astype(np.float32) for w in part] for part in drawn
        )
        return kernels, biases

    def order(self) -> NDArray[np.int32]:
        """The training samples of each step in the epochs, as rows of `draw().x_train`: [steps, B], −1 for none.

        With samples for validation it is the order without them.
        """
        rng = np.random.default_rng([self.order_seed, 4])
        samples, size = self.training_samples, self.training.batch_size
        absent = np.full(-samples % size, -1)
        kept = ~_validated(self._in_fold, self.held_out)
        place = np.cumsum(kept) - 1

        def epoch() -> NDArray[np.int32]:
            drawn = rng.permutation(len(kept))
            return np.append(place[drawn[kept[drawn]]], absent).reshape(-1, size).astype(np.int32)

        if self.training.order == "fixed":
            return np.tile(epoch(), (self.training.epochs, 1))
        return np.concatenate([epoch() for _ in range(self.training.epochs)])

    def masks(self) -> NDArray[np.bool_]:
        """The hidden units that dropout keeps, per step and sample in the epochs: [steps, B, units of all layers]."""
        rng = np.random.default_rng([self.init_seed, 5])
        shape = (self.batch_steps, self.training.batch_size, sum(self.network.hidden))
        return rng.random(shape, np.float32) >= self.network.dropout


_TARGETS: dict[Task, str] = {
    "regression": "numbers",
    "binary": "0 and 1 for two classes",
    "classes": "one-hot columns for classes",
}


def _quoted(name: str) -> str:
    return f'"{name}"'


def consecutive_runs(first: Run, count: int, fresh_data: bool) -> list[Run]:
    """`count` runs from `first` on, each with the next seeds for order and weights, and with `fresh_data` for data."""
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
def _draw_data(dataset: Dataset, seed: int, fold: tuple[int, int] | None, held_out: tuple[int, int] | None) -> Data:
    with plugins.blaming(type(dataset)):
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, once
            data = dataset.draw(seed)
        _check_shapes(data, dataset)
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
    if held_out:
        validated = _validated(len(data.x_train), held_out)
        data = dataclasses.replace(
            data,
            x_train=data.x_train[~validated],
            y_train=data.y_train[~validated],
            outlier_train=data.outlier_train[~validated],
            x_validation=data.x_train[validated],
            y_validation=data.y_train[validated],
        )
    samples = (data.x_train, data.y_train, data.x_test, data.y_test)
    # Networks compute in float32.
    if not all(np.abs(array).max() <= np.finfo(np.float32).max for array in samples):
        raise DataError(f"the data contain numbers beyond ±10³⁸, which are too large: {dataset}")
    validation = [array for array in (data.x_validation, data.y_validation) if array is not None]
    for array in (*samples, *validation, data.outlier_train, data.outlier_test, *(data.truth or ())):
        array.setflags(write=False)
    return data


def _validated(samples: int, held_out: tuple[int, int] | None) -> NDArray[np.bool_]:
    """[samples]: True for those that are held out for validation."""
    mask = np.zeros(samples, bool)
    if held_out:
        seed, count = held_out
        mask[np.random.default_rng([seed, 13]).permutation(samples)[:count]] = True
    return mask


def _check_shapes(data: Data, dataset: Dataset) -> None:
    inputs, outputs = dataset.shape
    train, test = dataset.training_samples, len(data.x_test)
    wanted = {
        "x_train": (train, inputs),
        "y_train": (train, outputs),
        "x_test": (test, inputs),
        "y_test": (test, outputs),
        "outlier_train": (train,),
        "outlier_test": (test,),
    }
    for name, shape in wanted.items():
        if (found := getattr(data, name).shape) != shape:
            raise ValueError(f"draw must return an array {shape} as {name}, got {found}")


def settings_to_json(value: Any) -> dict[str, Any]:
    """A run, an experiment or a part of them as JSON values; `kind` is the registered name of a penalty or data set."""
    settings: dict[str, Any] = json_value(value, _fields_with_kind)
    return settings


def _fields_with_kind(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return value
    kinds = (registry.name_of(value) for registry in (datasets, penalties) if registry.holds(value))
    unsaid = {part.name for part in dataclasses.fields(value) if _is_unsaid(value, part)}
    parts = {name: part for name, part in vars(value).items() if name not in unsaid}
    return {"kind": next(kinds, type(value).__name__), **parts}


def _is_unsaid(value: Any, part: dataclasses.Field[Any]) -> bool:
    """True if the description of `value` leaves out this field of it, as the field's metadata say.

    A field described "if any" is left out where it is empty, "if set" where it is None, and "if other" where the field
    `other` is empty. So a new field changes no cache key of what does not use it.
    """
    when, own = part.metadata.get("described"), getattr(value, part.name)
    if when in (None, "if set"):
        return bool(when) and own is None
    return not (own if when == "if any" else getattr(value, when.removeprefix("if ")))


def run_from_json(settings: dict[str, Any]) -> Run:
    """The inverse of `settings_to_json` for a run; raises `KeyError`, `TypeError` or `ExperimentError`."""
    fields = _fields_without_kind(settings)
    registries: dict[str, Registry[Any]] = {"data": datasets, "penalty": penalties}
    for name, registry in registries.items():
        fields[name] = registry[settings[name]["kind"]](**fields[name])
    return Run(**fields)


def _fields_without_kind(value: Any) -> Any:
    """JSON settings as arguments of their class: without kinds, and with tuples for arrays."""
    if isinstance(value, dict):
        return {name: _fields_without_kind(item) for name, item in value.items() if name != "kind"}
    return tuple(map(_fields_without_kind, value)) if isinstance(value, list) else value
