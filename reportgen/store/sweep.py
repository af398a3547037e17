"""Sweeps: more runs than fit into memory, in the cells of a grid of strengths and learning rates.

A chunk is runs of one cell with consecutive seeds. Workers train chunks and return a few numbers per run. Each chunk is
an entry of the store under the key of its first run, so an interrupted sweep continues with the missing chunks, and
another cell or a larger count trains nothing again. Only a few chunks are in memory at once, so a sweep of a million
runs needs no more memory than one of a thousand.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import ExperimentError, MachineError
from reportgen.executors import Progress, Workers, no_progress
from reportgen.experiment import Experiment, Sweep
from reportgen.losses import loss_of
from reportgen.penalties.none import NoPenalty
from reportgen.store import encoding, keys
from reportgen.store.remote import check_versions
from reportgen.store.store import Store
from reportgen.training.network import Weights, forward
from reportgen.training.process import compute_on_one_thread
from reportgen.training.run import Recording, Run, consecutive_runs, settings_to_json
from reportgen.training.versions import engine, versions

SUMMARY, WEIGHTS = "chunk", "weights"
"""Kinds of entries in the store."""

_RUNS = 256
"""Runs of a chunk. Larger chunks are slower, since their weights do not fit into the processor's cache."""
_PARAMETERS = 1 << 20
"""The most weights of all runs of a chunk together, unless a single network has more."""
_JOB = 4
"""Chunks of a job: a quarter of a second of work for the default network."""
_EPOCH = 1
"""To be raised whenever the meaning of a summary changes."""

Array = NDArray[np.float32]


ChunkArrays = dict[str, dict[str, NDArray[Any]]]
"""The results of a chunk, by the kind of the entry that holds them."""


class Cell(NamedTuple):
    """One strength and one learning rate of a sweep."""

    strength: float
    learning_rate: float


@dataclass(frozen=True)
class Chunk:
    """Runs that one compiled program trains, and one entry of the store holds."""

    first: Run
    count: int
    fresh_data: bool

    @property
    def runs(self) -> list[Run]:
        """The runs, one by one."""
        return consecutive_runs(self.first, self.count, self.fresh_data)

    @cached_property
    def key(self) -> str:
        """The cache key of its entries."""
        return keys.key(
            {
                **engine(),
                **keys.of_kinds(self.first.data, self.first.penalty, loss_of(self.first.training.loss)),
                "first": json.dumps(settings_to_json(self.first), sort_keys=True),
                "count": str(self.count),
                "fresh": str(self.fresh_data),
                "summary": str(_EPOCH),
            }
        )


def cells(e: Experiment) -> list[Cell]:
    """The cells of an experiment's sweep, in order of strength, then of learning rate."""
    sweep = _sweep(e)
    return [Cell(*pair) for pair in itertools.product(sweep.strengths, sweep.learning_rates)]


def cell_run(e: Experiment, cell: Cell, i: int) -> Run:
    """The i-th run of a cell, recorded as the experiment says."""
    run, arm = e.run(i), next(arm for arm in e.arms if arm.name == _sweep(e).arm)
    run = dataclasses.replace(run, training=dataclasses.replace(run.training, learning_rate=cell.learning_rate))
    # With strength 0 all penalties are the same.
    penalty, step = (arm.penalty, arm.step) if cell.strength else (NoPenalty(), "subgradient")
    return dataclasses.replace(run, penalty=penalty, strength=cell.strength, step=step)


def chunks(e: Experiment, cell: Cell) -> Iterator[Chunk]:
    """The chunks of one cell.

    They have one size, so that one program trains them all and a larger count only adds chunks. The last chunk may
    train a few runs more than `count`.
    """
    size = _chunk_size(e)
    for start in range(0, _sweep(e).count, size):
        yield Chunk(dataclasses.replace(cell_run(e, cell, start), recording=Recording.ENDS_ONLY), size, e.fresh_data)


def _chunk_size(e: Experiment) -> int:
    return max(1, min(_RUNS, _PARAMETERS // e.network.parameters(*e.data.shape)))


def _sweep(e: Experiment) -> Sweep:
    if e.sweep is None:
        raise ExperimentError("the experiment has no sweep")
    return e.sweep


def complete(e: Experiment, store: Store, executor: Workers, progress: Progress = no_progress) -> SweepResult:
    """Let the executor train the chunks that are not stored.

    This process stores the results, since workers may have another disk.
    """
    result, size, done = SweepResult(e, store), _chunk_size(e), 0
    sweep = _sweep(e)
    total = len(cells(e)) * -(-sweep.count // size) * size
    progress("sweep", 0, total)

    def missing() -> Iterator[Chunk]:
        """Missing chunks, those with the same seeds in succession: their initial weights are drawn only once."""
        nonlocal done
        for same_seeds in zip(*(chunks(e, cell) for cell in cells(e)), strict=True):
            for chunk in same_seeds:
                if result.is_complete(chunk):
                    done += size
                    progress("sweep", done, total)
                else:
                    yield chunk

    def take(future: Future[bytes]) -> None:
        nonlocal done
        job = under_way.pop(future)
        for chunk, arrays in zip(job, _decode_block(future.result(), job, sweep.weights), strict=True):
            result.put(chunk, arrays)
        done += size * len(job)
        progress("sweep", done, total)

    task = train_away if executor.remote else train_chunks
    waiting = missing()
    under_way: dict[Future[bytes], list[Chunk]] = {}
    # Two jobs for each worker: one in work and one that waits.
    most = 2 * executor.workers
    try:
        while True:
            while len(under_way) < most and (job := list(itertools.islice(waiting, _JOB))):
                under_way[executor.submit(task, job, sweep.weights, versions())] = job
            if not under_way:
                return result
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                take(future)
    except BaseException:
        # After an error, keep the results of other jobs that are finished.
        for future in list(under_way):
            if not future.cancel() and future.done() and not future.exception():
                take(future)
        raise


class SweepResult:
    """A completed sweep. Its numbers are read from the store, cell by cell."""

    def __init__(self, e: Experiment, store: Store) -> None:
        self.experiment, self._store = e, store
        self._kinds = (SUMMARY, WEIGHTS) if _sweep(e).weights else (SUMMARY,)

    def is_complete(self, chunk: Chunk) -> bool:
        """True if the store has every entry of a chunk."""
        return all(self._store.recall(kind, chunk.key) is not None for kind in self._kinds)

    def put(self, chunk: Chunk, arrays: ChunkArrays) -> None:
        """Store the results of a chunk."""
        for kind in self._kinds:
            self._store.keep(kind, chunk.key, arrays[kind])

    def values(self, cell: Cell) -> dict[str, Array]:
        """The summary of each run of a cell, arrays [count] by name; see `train_chunks`."""
        chunk_values = list(self._read_chunks(SUMMARY, cell))
        count = _sweep(self.experiment).count
        return {name: np.concatenate([values[name] for values in chunk_values])[:count] for name in chunk_values[0]}

    def weights(self, cell: Cell) -> Iterator[tuple[list[Weights], list[Weights]]]:
        """The last kernels [R, I, O] and biases [R, O] of the runs of a cell, R at a time, in the order of `values`.

        The weights of a diverged run are not all finite. Raises `ExperimentError` if the sweep did not keep weights.
        """
        sweep = _sweep(self.experiment)
        if not sweep.weights:
            raise ExperimentError("weights must be true in the table [sweep] for the last weights to be kept")
        left, layers = sweep.count, range(len(self.experiment.run(0).shapes))
        for part in self._read_chunks(WEIGHTS, cell):
            yield [part[f"kernel {i}"][:left] for i in layers], [part[f"bias {i}"][:left] for i in layers]
            left -= len(part["bias 0"])

    def _read_chunks(self, kind: str, cell: Cell) -> Iterable[Mapping[str, Any]]:
        for chunk in chunks(self.experiment, cell):
            arrays = self._store.recall(kind, chunk.key)
            if arrays is None:
                raise MachineError("the store lost a part of the sweep; run the same command again to train it")
            yield arrays


def _decode_block(block: bytes, job: Sequence[Chunk], weights: bool) -> list[ChunkArrays]:
    """The results that `train_chunks` encoded; raises `MachineError` for any other block."""
    try:
        results: list[ChunkArrays] = encoding.decode(block)
        for chunk, kinds in zip(job, results, strict=True):
            arrays = [array for values in kinds.values() for array in values.values()]
            if set(kinds) != {SUMMARY, *([WEIGHTS] if weights else [])} or {len(a) for a in arrays} != {chunk.count}:
                raise ValueError("it does not match the job")
    except (ValueError, TypeError, AttributeError) as error:
        raise MachineError(f"a worker sent an invalid part of the sweep: {error}") from error
    return results


def train_chunks(job: Sequence[Chunk], weights: bool, wanted: Mapping[str, str]) -> bytes:
    """Train chunks; the job of a worker, since this imports TensorFlow.

    Returns the encoded `ChunkArrays` of each chunk; raises `RefusedError` unless this worker has the `wanted` versions.
    The summary has, for each run, `test`, the total error over the test samples; `train`, the mean loss over the
    training samples; `zero` and `dead`, the shares of weights that are exactly zero and within η·λ of it; `size`, Σ|w|;
    and `diverged`, a step or −1. If a run diverged, its other values are NaN.
    """
    check_versions(wanted)
    from reportgen.training.compiled import train_ends

    results = []
    for chunk in job:
        ends = train_ends(chunk.first, chunk.count, chunk.fresh_data)
        with np.errstate(over="ignore", invalid="ignore"):  # runs that diverged or nearly did
            arrays = {SUMMARY: _summary(chunk, ends.kernels, ends.biases, ends.diverged)}
        if weights:
            arrays[WEIGHTS] = {f"kernel {i}": w for i, w in enumerate(ends.kernels)}
            arrays[WEIGHTS] |= {f"bias {i}": b for i, b in enumerate(ends.biases)}
        results.append(arrays)
    return encoding.encode(results)


def train_away(job: Sequence[Chunk], weights: bool, wanted: Mapping[str, str]) -> bytes:
    """Call `train_chunks` in a process that we did not start."""
    compute_on_one_thread()
    return train_chunks(job, weights, wanted)


def _summary(
    chunk: Chunk, kernels: list[Weights], biases: list[Weights], diverged: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    first = chunk.first
    data = [run.draw() for run in (chunk.runs if chunk.fresh_data else [first])]
    x_test, y_test, x_train, y_train = (
        np.stack([getattr(d, name) for d in data]) for name in ("x_test", "y_test", "x_train", "y_train")
    )
    loss = loss_of(first.training.loss)
    # The loss in float32, as in training; the test error is that of `total_error`.
    x_train, y_train = x_train.astype(np.float32), y_train.astype(np.float32)
    tested, learned = (forward(kernels, biases, x, first.network.activation) for x in (x_test, x_train))
    sizes = np.abs(np.concatenate([w.reshape(chunk.count, -1) for w in kernels], axis=1))
    band = np.float32(first.training.learning_rate * first.strength)
    values = {
        "test": loss.errors(tested, y_test).sum(axis=1),
        "train": loss.value(learned, y_train, np).mean(axis=(1, 2)),
        "zero": (sizes == 0).mean(axis=1),
        "dead": (sizes <= band).mean(axis=1),
        "size": sizes.sum(axis=1, dtype=np.float64),
    }
    finished = diverged < 0
    finite_values = {name: np.where(finished, array, np.nan).astype(np.float32) for name, array in values.items()}
    return {**finite_values, "diverged": diverged}
