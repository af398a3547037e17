"""Trajectories: the weights of a network at the recorded steps, and the run that they come from.

A trajectory file is a `container`: a header with the run, the names of the layers and the list of arrays, then the
bytes of the arrays. It holds plain numbers, never code.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.disk.container import seal, unseal
from reportgen.disk.files import put, read
from reportgen.errors import DataError, ExperimentError, machine_error, reason
from reportgen.training.network import Weights, forward
from reportgen.training.run import Run, run_from_json, settings_to_json
from reportgen.values import short

_MAGIC = b"reportgen trajectory 1\n"

LARGEST = 2_000_000_000
"""The largest trajectory file that is read, in bytes; one of the default experiment has some 200,000."""

_SOURCES = "builds write some into the folder trajectories, and reportgen.WeightRecorder records any Keras model"

_EARLY = ("stopped", "restored")
"""Fields about early stopping."""

_DTYPES = ("<i4", "<f4", "<f8")
"""Types of numbers. The NumPy type "object" is not allowed, since it can hold code."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The training of one network. The first axis of each array, of length S, is the recorded steps."""

    source: Run | None
    """The run that was trained; None for the network of another program, of which only the weights are known."""
    steps: NDArray[np.int32]
    """[S] the number of updates before each record, rising from 0."""
    kernels: tuple[Weights, ...]
    """One array [S, I, O] per layer; other programs may have more axes, like a convolution [S, H, W, I, O]."""
    biases: tuple[Weights, ...]
    """One array [S, O] per layer; [S, 0] for a layer without biases."""
    loss: Weights | None
    """[S] mean training loss over all training samples, without the penalty; None if it was not recorded."""
    penalty: Weights | None
    """[S] strength times the penalty; None if the loss was not recorded."""
    diverged: int | None = None
    """The first step with a number that is not finite; records end before it."""
    layers: tuple[str, ...] = ()
    """The names of the layers; empty for our own networks, whose layers are numbered."""
    stopped: int | None = None
    """The step at which early stopping ended the training; records after it repeat the weights that it restored."""
    restored: int | None = None
    """The step whose weights early stopping restored at the end, the best ones; None without early stopping."""

    @property
    def run(self) -> Run:
        """The run, which can draw the data, the order of samples and the initial weights again.

        Raises `DataError` for the network of another program.
        """
        if self.source is None:
            raise DataError("a trajectory that was recorded from another model has its weights, but not its data")
        return self.source

    def only(self, records: NDArray[np.intp]) -> Trajectory:
        """The same training with fewer records."""
        return dataclasses.replace(
            self,
            steps=self.steps[records],
            kernels=tuple(w[records] for w in self.kernels),
            biases=tuple(b[records] for b in self.biases),
            loss=None if self.loss is None else self.loss[records],
            penalty=None if self.penalty is None else self.penalty[records],
        )

    def predict(self, x: Weights, record: int = -1) -> Weights:
        """Outputs [B, O] at inputs [B, I], with the weights of one record, the last by default."""
        kernels, biases = self.at(record)
        return forward(kernels, biases, x, self.run.network.activation)

    def at(self, record: int) -> tuple[list[Weights], list[Weights]]:
        """Kernels [I, O] and biases [O] of one record."""
        return [w[record] for w in self.kernels], [b[record] for b in self.biases]

    def dump(self) -> bytes:
        """The bytes of a trajectory file."""
        arrays = dict(self._arrays())
        header = {
            "run": None if self.source is None else settings_to_json(self.source),
            "layers": self.layers,
            "diverged": self.diverged,
            **{name: step for name in _EARLY if (step := getattr(self, name)) is not None},
            "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
        }
        return seal(_MAGIC, header, (array.tobytes() for array in arrays.values()))

    def _arrays(self) -> list[tuple[str, NDArray[np.generic]]]:
        named: list[tuple[str, NDArray[np.generic]]] = [("steps", self.steps)]
        named += [(f"kernel {layer}", w) for layer, w in enumerate(self.kernels)]
        named += [(f"bias {layer}", b) for layer, b in enumerate(self.biases)]
        if self.loss is not None and self.penalty is not None:
            named += [("loss", self.loss), ("penalty", self.penalty)]
        return named

    @classmethod
    def parse(cls, content: bytes) -> Trajectory:
        """The trajectory that `dump` wrote; raises `ValueError` with the reason for any other content."""
        header, payload = unseal(_MAGIC, content)
        try:
            arrays = _arrays(payload, header["arrays"])
            run, layers, diverged = header["run"], header.get("layers", ()), header["diverged"]
            early = {name: header.get(name) for name in _EARLY}
        except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"its header cannot be read: {error}") from error
        try:
            source = None if run is None else run_from_json(run)
        except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ExperimentError) as error:
            raise ValueError(f"its run cannot be read: {error}") from error
        if problem := _find_problem(arrays, source, layers, diverged):
            raise ValueError(problem)
        if not all(step is None or (type(step) is int and step >= 0) for step in early.values()):
            raise ValueError("a step of its early stopping is invalid")
        count = sum(name.startswith("kernel") for name in arrays)
        return cls(
            source=source,
            steps=arrays["steps"],
            kernels=tuple(arrays[f"kernel {layer}"] for layer in range(count)),
            biases=tuple(arrays[f"bias {layer}"] for layer in range(count)),
            loss=arrays.get("loss"),
            penalty=arrays.get("penalty"),
            diverged=diverged,
            layers=tuple(layers),
            **early,
        )

    def save(self, path: Path) -> None:
        """Write a trajectory file; raises `MachineError` if it cannot be written."""
        try:
            path.parent.stat()  # do not create the folder: its name may be misspelled
            put(path, self.dump())
        except OSError as error:
            raise machine_error(f"trajectory {path}", error) from error

    @classmethod
    def load(cls, path: Path) -> Trajectory:
        """Read a trajectory file; raises `DataError` if it is missing, damaged, or of another version."""
        try:
            return cls.parse(read(path, LARGEST))
        except OSError as error:
            files = [*sorted(path.glob("*.trajectory")), *sorted(path.glob("trajectories/*.trajectory"))]
            advice = f"; name a file, like {files[0]}" if files else ""
            raise DataError(f"cannot read trajectory {path}: {reason(error)}{advice}") from error
        except ValueError as error:
            advice = f"; {_SOURCES}" if "of this version" in str(error) else ""
            raise DataError(f"cannot use trajectory {path}: {error}{advice}") from error


def _arrays(body: memoryview, listed: list[tuple[str, str, list[int]]]) -> dict[str, NDArray[Any]]:
    """The arrays that a header lists; raises `ValueError` unless they fill `body` exactly."""
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, dtype, shape in listed:
        if dtype not in _DTYPES or not all(type(side) is int and 0 <= side < 1 << 31 for side in shape):
            raise ValueError(f"array {short(repr(name))} has an invalid type {short(repr(dtype))} or shape")
        count = math.prod(shape)
        if name in arrays or offset + count * int(dtype[2:]) > len(body):
            raise ValueError(f"array {short(repr(name))} is a duplicate or larger than the file")
        arrays[name] = np.frombuffer(body, dtype, count, offset).reshape(shape)
        offset += arrays[name].nbytes
    if offset != len(body):
        raise ValueError("there is data after its arrays")
    return arrays


def _find_problem(arrays: dict[str, NDArray[Any]], source: Run | None, layers: Any, diverged: Any) -> str:
    """A message about the first difference from what `dump` writes; empty if there is none."""
    count = sum(name.startswith("kernel") for name in arrays)
    pairs = [(f"kernel {layer}", f"bias {layer}") for layer in range(count)]
    curve = [name for name in ("loss", "penalty") if name in arrays]
    if set(arrays) != {"steps", *(name for pair in pairs for name in pair), *curve} or len(curve) == 1 or not count:
        return "its arrays are not those of a trajectory"
    steps = arrays["steps"]
    if steps.dtype.kind != "i" or steps.ndim != 1 or (steps[:1] < 0).any() or (steps[1:] <= steps[:-1]).any():
        return "its steps are not in rising order"
    if any(len(array) != len(steps) if array.ndim else True for array in arrays.values()):
        return "its arrays have different lengths"
    shapes = [(arrays[kernel].shape[1:], arrays[bias].shape[1:]) for kernel, bias in pairs]
    if any(
        len(kernel) < 2 or len(bias) != 1 or 0 in kernel or bias[0] not in (0, kernel[-1]) for kernel, bias in shapes
    ):
        return "its layers have invalid shapes"
    if any(arrays[name].ndim != 1 for name in curve):
        return "its loss has an invalid shape"
    if any(array.dtype.kind != "f" for name, array in arrays.items() if name != "steps"):
        return "its weights are not floating-point numbers"
    if source and shapes != [((i, o), (o,)) for i, o in source.shapes]:
        return "its weights are not those of its run"
    if not isinstance(layers, list) or not all(isinstance(name, str) and len(name) <= 1000 for name in layers):
        return "its layers have invalid names"
    if layers and len(layers) != count:
        return "its layer names do not match its layers"
    if not (diverged is None or (type(diverged) is int and diverged >= 0)):
        return "the step at which it diverged is invalid"
    return ""
