"""Record the weights of any Keras model during training, for animations like those of our own runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError, ExperimentError, did_you_mean
from reportgen.training.trajectory import Trajectory


class WeightRecorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no annotations
    """A Keras callback: `model.fit(..., callbacks=[recorder])`, and `recorder.save("mine.trajectory")` afterwards.

    It keeps the weights before the first step, after every `every`-th step and after the last one, of every variable
    with two axes or more: kernels, recurrent kernels, embeddings. The memory is their size in float32 times the number
    of records, which `every` and `layers` limit. Further calls of `fit` continue the count of steps.

    Recording ends before the first step at which a weight is not finite; `diverged` of the trajectory is that step.
    """

    def __init__(self, every: int = 20, layers: Sequence[str] | None = None) -> None:
        """`layers` are names of layers of the model, all of them by default.

        Raises `ExperimentError` if `every` is not a positive whole number, and at the start of training if the model
        has no such layer or no weights.
        """
        super().__init__()
        if not isinstance(every, int) or every < 1:
            raise ExperimentError(f"every must be a whole number of at least 1, got {every!r}")
        if isinstance(layers, str):
            raise ExperimentError(f"layers must be a list of names, got the text {layers!r}")
        self._every = every
        self._layers = layers
        self._chosen: list[tuple[str, Any, Any]] = []
        self._step = self._before = 0
        self._diverged: int | None = None
        self._steps: list[int] = []
        self._kernels: list[list[NDArray[np.float32]]] = []
        self._biases: list[list[NDArray[np.float32]]] = []

    @property
    def trajectory(self) -> Trajectory:
        """The recorded trajectory; raises `DataError` before any training."""
        if not self._steps:
            raise DataError("nothing has been recorded: pass the recorder to model.fit(..., callbacks=[recorder])")
        return Trajectory(
            source=None,
            steps=np.array(self._steps, np.int32),
            kernels=tuple(np.stack(layer) for layer in zip(*self._kernels, strict=True)),
            biases=tuple(np.stack(layer) for layer in zip(*self._biases, strict=True)),
            loss=None,
            penalty=None,
            diverged=self._diverged,
            layers=tuple(name for name, _, _ in self._chosen),
        )

    def save(self, path: str | Path) -> None:
        """Write the recorded trajectory to a file; raises `MachineError` if it cannot be written."""
        self.trajectory.save(Path(path))

    def on_train_begin(self, logs: Any = None) -> None:
        chosen = _choose(self.model, self._layers)
        if self._steps and [kernel.shape for _, kernel, _ in chosen] != [w.shape for w in self._kernels[0]]:
            raise ExperimentError("a recorder records one model: make another WeightRecorder for this one")
        self._chosen = chosen
        self._record()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._before = self._step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # With `steps_per_execution` Keras reports several steps at once.
        due = self._step // self._every
        self._step = self._before + batch + 1
        if self._step // self._every > due:
            self._record()

    def on_train_end(self, logs: Any = None) -> None:
        self._record()

    def _record(self) -> None:
        if self._diverged is not None or (self._steps and self._steps[-1] == self._step):
            return
        kernels = [_values(kernel) for _, kernel, _ in self._chosen]
        biases = [np.zeros(0, np.float32) if bias is None else _values(bias) for _, _, bias in self._chosen]
        # Initial weights are recorded even if not finite: a trajectory needs a record.
        if self._steps and not all(np.isfinite(values).all() for values in (*kernels, *biases)):
            self._diverged = self._step
            return
        self._steps.append(self._step)
        self._kernels.append(kernels)
        self._biases.append(biases)


def _choose(model: Any, layers: Sequence[str] | None) -> list[tuple[str, Any, Any]]:
    """(name, kernel, bias or None) for each variable to record, in the order of the model."""
    biases = {variable.path: variable for variable in model.weights if variable.path.endswith("/bias")}
    chosen, known = [], set()
    for variable in model.weights:
        if len(variable.shape) < 2:
            continue
        path, _, kind = variable.path.rpartition("/")
        path = path.removeprefix(f"{model.name}/")
        known.update(path.split("/"))
        if layers is None or set(layers) & set(path.split("/")):
            bias = biases.get(variable.path.removesuffix("kernel") + "bias") if kind == "kernel" else None
            chosen.append((path if kind == "kernel" else f"{path} {kind}", variable, bias))
    if not known:
        raise ExperimentError("the model has no weights to record")
    for layer in layers or ():
        if layer not in known:
            raise ExperimentError(
                f"the model has no layer {layer!r} with weights to record.{did_you_mean(layer, known)}"
            )
    return chosen


def _values(variable: Any) -> NDArray[np.float32]:
    # A copy: a backend may lend its own memory, which the next step overwrites.
    return np.array(keras.ops.convert_to_numpy(variable), dtype=np.float32)
