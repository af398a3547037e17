"""Sweeps: more runs than fit into memory, in the cells of a landscape of strength and learning rate.

Work goes out in chunks, runs of one cell whose seeds follow each other, and a few numbers a run come back. Each chunk
is an entry of the store, named by its first run: a sweep that was stopped goes on with the chunks that are missing, and
another cell or a larger count trains nothing again. Only a few chunks are under way at once, and none of them stays in
memory, so a sweep of a million runs needs no more of it than one of a thousand.
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
from reportgen.penalties.none import NoPenalty
from reportgen.store import encoding, keys
from reportgen.store.remote import check_versions
from reportgen.store.store import Store
from reportgen.training.network import Weights, forward
from reportgen.training.process import compute_on_one_thread
from reportgen.training.run import Loss, Run, consecutive_runs, settings_to_json
from reportgen.training.stacking import ENDS_ONLY
from reportgen.training.versions import engine, versions

SUMMARY, WEIGHTS = "chunk", "weights"
"""Kinds of entries in the store."""

_RUNS = 256
"""Runs of a chunk. More are slower, since their weights leave the processor's cache with every step."""
_PARAMETERS = 1 << 20
"""Weights of all runs of a chunk together, at most (unless a single network has more)."""
_JOB = 4
"""Chunks that travel to a worker together: a quarter of a second of work for the default network."""
_EPOCH = 1
"""To be raised whenever a summary comes to mean something else."""

Array = NDArray[np.float32]


Found = dict[str, dict[str, NDArray[Any]]]
"""What a worker found out about a chunk, by the kind of entry that is to hold it."""


class Cell(NamedTuple):
    """A place in the landscape."""

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
        """Each as a run that anybody can train."""
        return consecutive_runs(self.first, self.count, self.fresh_data)

    @cached_property
    def key(self) -> str:
        """Names its entries: the digest of all that determines them."""
        return keys.key(
            {
                **engine(),
                **keys.of_kinds(self.first.data, self.first.penalty),
                "first": json.dumps(settings_to_json(self.first), sort_keys=True),
                "count": str(self.count),
                "fresh": str(self.fresh_data),
                "summary": str(_EPOCH),
            }
        )


def cells(e: Experiment) -> list[Cell]:
    """The cells of an experiment's sweep, by rising strength and within it by rising learning rate."""
    sweep = _sweep(e)
    return [Cell(*pair) for pair in itertools.product(sweep.strengths, sweep.learning_rates)]


def cell_run(e: Experiment, cell: Cell, i: int) -> Run:
    """The i-th run of a cell, recorded as the experiment says."""
    run, arm = e.run(i), next(arm for arm in e.arms if arm.name == _sweep(e).arm)
    run = dataclasses.replace(run, training=dataclasses.replace(run.training, learning_rate=cell.learning_rate))
    # Without strength all penalties are one.
    penalty, step = (arm.penalty, arm.step) if cell.strength else (NoPenalty(), "subgradient")
    return dataclasses.replace(run, penalty=penalty, strength=cell.strength, step=step)


def chunks(e: Experiment, cell: Cell) -> Iterator[Chunk]:
    """The chunks of one cell.

    They are all of one size, so one program does them, and a larger count only adds some. The last one may train a few
    runs more than were asked for.
    """
    size = _size(e)
    for start in range(0, _sweep(e).count, size):
        yield Chunk(dataclasses.replace(cell_run(e, cell, start), recording=ENDS_ONLY), size, e.fresh_data)


def _size(e: Experiment) -> int:
    return max(1, min(_RUNS, _PARAMETERS // e.network.parameters(*e.data.shape)))


def _sweep(e: Experiment) -> Sweep:
    if e.sweep is None:
        raise ExperimentError("the experiment has no sweep")
    return e.sweep


def complete(e: Experiment, store: Store, executor: Workers, progress: Progress = no_progress) -> SweepResult:
    """Have the executor train the chunks that the store does not have.

    Results are kept here and not by the workers, which may see another disk.
    """
    swept, size, done = SweepResult(e, store), _size(e), 0
    sweep = _sweep(e)
    total = len(cells(e)) * -(-sweep.count // size) * size
    progress("sweep", 0, total)

    def missing() -> Iterator[Chunk]:
        """In such an order that chunks with the same seeds follow each other: those are drawn once for all of them."""
        nonlocal done
        for together in zip(*(chunks(e, cell) for cell in cells(e)), strict=True):
            for chunk in together:
                if swept.has(chunk):
                    done += size
                    progress("sweep", done, total)
                else:
                    yield chunk

    def take(future: Future[bytes]) -> None:
        nonlocal done
        job = under_way.pop(future)
        for chunk, found in zip(job, _opened(future.result(), job, sweep.weights), strict=True):
            swept.take(chunk, found)
        done += size * len(job)
        progress("sweep", done, total)

    task = train_away if executor.remote else train_chunks
    waiting = missing()
    under_way: dict[Future[bytes], list[Chunk]] = {}
    # Two jobs a worker: one that it does, and one that it finds when it has done it.
    most = 2 * executor.workers
    try:
        while True:
            while len(under_way) < most and (job := list(itertools.islice(waiting, _JOB))):
                under_way[executor.submit(task, job, sweep.weights, versions())] = job
            if not under_way:
                return swept
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                take(future)
    except BaseException:
        # Whatever went wrong, what others have finished is kept.
        for future in list(under_way):
            if not future.cancel() and future.done() and not future.exception():
                take(future)
        raise


class SweepResult:
    """A sweep that is done. Its numbers stay in the store, and are read cell by cell."""

    def __init__(self, e: Experiment, store: Store) -> None:
        self.experiment, self._store = e, store
        self._kinds = (SUMMARY, WEIGHTS) if _sweep(e).weights else (SUMMARY,)

    def has(self, chunk: Chunk) -> bool:
        """Whether all that is asked of a chunk is there."""
        return all(self._store.recall(kind, chunk.key) is not None for kind in self._kinds)

    def take(self, chunk: Chunk, found: Found) -> None:
        """Store what a worker found."""
        for kind in self._kinds:
            self._store.keep(kind, chunk.key, found[kind])

    def values(self, cell: Cell) -> dict[str, Array]:
        """What is known of each run of a cell, arrays [count] by name; see `train_chunks`."""
        parts = list(self._of(SUMMARY, cell))
        count = _sweep(self.experiment).count
        return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}

    def weights(self, cell: Cell) -> Iterator[tuple[list[Weights], list[Weights]]]:
        """The last kernels [R, I, O] and biases [R, O] of a cell's runs, R of them at a time, in the order of `values`.

        Those of a run that diverged are not all finite. Raises `ExperimentError` if the sweep did not keep weights.
        """
        sweep = _sweep(self.experiment)
        if not sweep.weights:
            raise ExperimentError("weights must be true in the table [sweep] for the last weights to be kept")
        left, layers = sweep.count, range(len(self.experiment.run(0).shapes))
        for part in self._of(WEIGHTS, cell):
            yield [part[f"kernel {i}"][:left] for i in layers], [part[f"bias {i}"][:left] for i in layers]
            left -= len(part["bias 0"])

    def _of(self, kind: str, cell: Cell) -> Iterable[Mapping[str, Any]]:
        for chunk in chunks(self.experiment, cell):
            found = self._store.recall(kind, chunk.key)
            if found is None:
                raise MachineError("the store lost a part of the sweep; the same command trains it again")
            yield found


def _opened(block: bytes, job: Sequence[Chunk], weights: bool) -> list[Found]:
    """What `train_chunks` found, if it is that; raises `MachineError` for anything else."""
    try:
        found: list[Found] = encoding.decode(block)
        for chunk, kinds in zip(job, found, strict=True):
            arrays = [array for values in kinds.values() for array in values.values()]
            if set(kinds) != {SUMMARY, *([WEIGHTS] if weights else [])} or {len(a) for a in arrays} != {chunk.count}:
                raise ValueError("it is not what was asked for")
    except (ValueError, TypeError, AttributeError) as error:
        raise MachineError(f"a worker sent back what is no part of the sweep: {error}") from error
    return found


def train_chunks(job: Sequence[Chunk], weights: bool, wanted: Mapping[str, str]) -> bytes:
    """Train chunks; the job of a worker, since this imports TensorFlow.

    Returns, encoded, for each what is to be stored, by kind; raises `RefusedError` if the versions of this worker are
    not the `wanted` ones. The summary has, for each run, `test`, the total error over the test
    samples; `train`, the mean loss over the training samples; `zero` and `dead`, the shares of weights that are exactly
    zero and within η·λ of it; `size`, Σ|w|; and `diverged`, a step or −1. The others are NaN where a run diverged.
    """
    check_versions(wanted)
    from reportgen.training.compiled import train_ends

    found = []
    for chunk in job:
        ends = train_ends(chunk.first, chunk.count, chunk.fresh_data)
        with np.errstate(over="ignore", invalid="ignore"):  # runs that diverged, or nearly
            of_chunk = {SUMMARY: _summary(chunk, ends.kernels, ends.biases, ends.diverged)}
        if weights:
            of_chunk[WEIGHTS] = {f"kernel {i}": w for i, w in enumerate(ends.kernels)}
            of_chunk[WEIGHTS] |= {f"bias {i}": b for i, b in enumerate(ends.biases)}
        found.append(of_chunk)
    return encoding.encode(found)


def train_away(job: Sequence[Chunk], weights: bool, wanted: Mapping[str, str]) -> bytes:
    """As `train_chunks`, in a process that we did not start."""
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
    tested = forward(kernels, biases, x_test, first.network.activation) - y_test
    # As the trainer computes the loss, in float32; the test error is of the same kind as `total_error`.
    x_train, y_train = x_train.astype(np.float32), y_train.astype(np.float32)
    missed = forward(kernels, biases, x_train, first.network.activation) - y_train
    sizes = np.abs(np.concatenate([w.reshape(chunk.count, -1) for w in kernels], axis=1))
    band = np.float32(first.training.learning_rate * first.strength)
    values = {
        "test": np.abs(tested).sum(axis=(1, 2)),
        "train": _loss(missed, first.training.loss).mean(axis=(1, 2)),
        "zero": (sizes == 0).mean(axis=1),
        "dead": (sizes <= band).mean(axis=1),
        "size": sizes.sum(axis=1, dtype=np.float64),
    }
    ended = diverged < 0
    of_runs = {name: np.where(ended, array, np.nan).astype(np.float32) for name, array in values.items()}
    return {**of_runs, "diverged": diverged}


def _loss(residuals: Weights, name: Loss) -> Weights:
    sizes = np.abs(residuals)
    if name == "absolute":
        return sizes
    if name == "squared":
        return np.square(sizes)
    return np.where(sizes <= 1, np.square(sizes) / 2, sizes - np.float32(0.5))
