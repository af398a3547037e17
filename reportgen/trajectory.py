"""Trajectories: what a network's weights were at the recorded steps, and where they came from.

A trajectory file holds plain numbers and JSON, never code: a magic word, the length of a JSON header, the header (the
run, the names of the layers and the list of arrays), the arrays' bytes, and a SHA-256 over all of it. `load` checks the
sum before it looks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError, ExperimentError, MachineError, reason
from reportgen.network import Weights, forward
from reportgen.run import Run, describe, revive

_MAGIC = b"reportgen trajectory 1\n"
_SUM = hashlib.sha256().digest_size


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One network's training. Arrays have one entry a recorded step along their first axis, S of them."""

    source: Run | None
    """The run that can repeat it; None if the network was trained elsewhere and only its weights are known."""
    steps: NDArray[np.int32]
    """[S] rising, from 0: how many updates the weights had seen."""
    kernels: tuple[Weights, ...]
    """One array [S, I, O] a layer; a layer of another program may have more axes, as a convolution [S, H, W, I, O]."""
    biases: tuple[Weights, ...]
    """One array [S, O] a layer; [S, 0] where a layer has none."""
    loss: Weights | None
    """[S] mean training loss over all training samples, without the penalty; None where it was not asked for."""
    penalty: Weights | None
    """[S] strength times the penalty; None where the loss was not asked for."""
    diverged: int | None = None
    """The step whose numbers were the first not to be finite; records end before it."""
    layers: tuple[str, ...] = ()
    """What the layers are called; empty for networks of our own, whose layers have numbers only."""

    @property
    def run(self) -> Run:
        """The run, which can draw the data, the order of samples and the initial weights again.

        Raises `DataError` if the network was trained elsewhere.
        """
        if self.source is None:
            raise DataError("a trajectory that was recorded from another model knows its weights, not its data")
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
        """Outputs [B, O] at inputs [B, I], with the weights of one record (the last unless told)."""
        kernels, biases = self.at(record)
        return forward(kernels, biases, x, self.run.network.activation)

    def at(self, record: int) -> tuple[list[Weights], list[Weights]]:
        """Kernels [I, O] and biases [O] of one record."""
        return [w[record] for w in self.kernels], [b[record] for b in self.biases]

    def dump(self) -> bytes:
        """The bytes of a trajectory file."""
        arrays = dict(self._arrays())
        header = {
            "run": None if self.source is None else describe(self.source),
            "layers": self.layers,
            "diverged": self.diverged,
            "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
        }
        text = json.dumps(header, sort_keys=True, allow_nan=False).encode()
        body = b"".join([_MAGIC, len(text).to_bytes(8, "little"), text, *(a.tobytes() for a in arrays.values())])
        return body + hashlib.sha256(body).digest()

    def _arrays(self) -> list[tuple[str, NDArray[np.generic]]]:
        named: list[tuple[str, NDArray[np.generic]]] = [("steps", self.steps)]
        named += [(f"kernel {layer}", w) for layer, w in enumerate(self.kernels)]
        named += [(f"bias {layer}", b) for layer, b in enumerate(self.biases)]
        if self.loss is not None and self.penalty is not None:
            named += [("loss", self.loss), ("penalty", self.penalty)]
        return named

    @classmethod
    def parse(cls, content: bytes) -> Trajectory:
        """The trajectory that `dump` wrote; raises `ValueError` with the reason if `content` is anything else."""
        if not content.startswith(_MAGIC):
            raise ValueError("it is not a trajectory of this version")
        body, digest = content[:-_SUM], content[-_SUM:]
        if hashlib.sha256(body).digest() != digest:
            raise ValueError("it is damaged or cut short")
        start = len(_MAGIC) + 8
        end = start + int.from_bytes(body[len(_MAGIC) : start], "little")
        header = json.loads(body[start:end])
        arrays = {}
        for name, dtype, shape in header["arrays"]:
            count = int(np.prod(shape, dtype=np.int64))
            arrays[name] = np.frombuffer(body, dtype, count, end).reshape(shape)
            end += arrays[name].nbytes
        layers = sum(name.startswith("kernel") for name in arrays)
        names = header.get("layers", ())
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError("its layers have names that are no text")
        try:
            run = None if header["run"] is None else revive(header["run"])
        except (KeyError, TypeError, ExperimentError) as error:
            raise ValueError(f"its run cannot be read: {error}") from error
        return cls(
            source=run,
            steps=arrays["steps"],
            kernels=tuple(arrays[f"kernel {layer}"] for layer in range(layers)),
            biases=tuple(arrays[f"bias {layer}"] for layer in range(layers)),
            loss=arrays.get("loss"),
            penalty=arrays.get("penalty"),
            diverged=header["diverged"],
            layers=tuple(names),
        )

    def save(self, path: Path) -> None:
        """Write a trajectory file; raises `MachineError` if it cannot be written."""
        try:
            path.write_bytes(self.dump())
        except OSError as error:
            raise MachineError(f"cannot write trajectory {path}: {reason(error)}") from error

    @classmethod
    def load(cls, path: Path) -> Trajectory:
        """Read a trajectory file; raises `DataError` if it is missing, damaged, or of another version."""
        try:
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise DataError(f"cannot read trajectory {path}: {reason(error)}") from error
        except ValueError as error:
            raise DataError(f"cannot use trajectory {path}: {error}") from error
