"""Training on workers that do not share our disk.

A job is a group of runs that one compiled program trains. Its result is a block of bytes, a `container` of trajectory
files. A block is used only after its checksum, its runs and the shapes of its arrays were checked.
"""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

from reportgen.disk.container import seal, unseal
from reportgen.errors import MachineError, RefusedError
from reportgen.executors import Workers
from reportgen.training.process import compute_on_one_thread
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory
from reportgen.training.versions import versions

_MAGIC = b"reportgen block 1\n"
_ATTEMPTS = 3


def train_away(runs: bytes, wanted: Mapping[str, str]) -> bytes:
    """Train pickled `runs` and return their block; the job of a worker, since this imports TensorFlow.

    Raises `RefusedError` if this worker's versions are not the `wanted` ones, before it reads what was sent.
    """
    check_versions(wanted)
    compute_on_one_thread()
    from reportgen.training.compiled import train

    return encode_block(train(pickle.loads(runs)))  # noqa: S301  the scheduler that sent it may run any code here anyway


def check_versions(wanted: Mapping[str, str]) -> None:
    """Raise `RefusedError` unless this process has the `wanted` versions."""
    here = versions()
    if here != wanted:
        raise RefusedError(
            f"a worker has {_listed(here)}, but this machine has {_listed(wanted)}; the versions must be equal"
        )


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def encode_block(trajectories: Sequence[Trajectory]) -> bytes:
    """The block of these trajectories."""
    files = [trajectory.dump() for trajectory in trajectories]
    return seal(_MAGIC, {"sizes": [len(file) for file in files]}, files)


def decode_block(block: bytes, runs: Sequence[Run]) -> list[Trajectory]:
    """The trajectories of exactly these runs, in order; raises `ValueError` with the reason for any other content."""
    if not isinstance(block, bytes):
        raise ValueError("it is not a block of this version")
    header, files = unseal(_MAGIC, block)
    sizes = header.get("sizes")
    if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError("its header cannot be read")
    if len(sizes) != len(runs):
        raise ValueError(f"{len(sizes)} trajectories came back for {len(runs)} runs")
    if sum(sizes) != len(files):
        raise ValueError("it has another length than its trajectories")
    ends = list(itertools.accumulate(sizes))
    return [
        _parse_trajectory(bytes(files[end - size : end]), run) for end, size, run in zip(ends, sizes, runs, strict=True)
    ]


def _parse_trajectory(file: bytes, run: Run) -> Trajectory:
    try:
        trajectory = Trajectory.parse(file)
    except Exception as error:  # a header with a correct checksum may still be malformed
        raise ValueError(str(error)) from error
    if trajectory.source != run:
        raise ValueError("a trajectory belongs to another run")
    steps = run.recording.steps(run.steps)
    ended = trajectory.diverged
    kept = len(steps) if ended is None else len(trajectory.steps)
    arrays = [*trajectory.kernels, *trajectory.biases]
    shapes: list[tuple[int, ...]] = [(kept, *shape) for shape in run.shapes]
    shapes += [(kept, shape[1]) for shape in run.shapes]
    if run.recording.loss:
        arrays += [a for a in (trajectory.loss, trajectory.penalty) if a is not None]
        shapes += [(kept,), (kept,)]
    if (
        trajectory.steps.tolist() != steps[:kept].tolist()
        or [a.shape for a in arrays] != shapes
        or any(a.dtype != "float32" for a in arrays)
    ):
        raise ValueError("a trajectory does not have the records that were asked for")
    return trajectory


def train_elsewhere(executor: Workers, runs: Sequence[Run]) -> Future[list[Trajectory]]:
    """Let a worker of `executor` train `runs`, a group of `stacking.groups`.

    The result of the future is one trajectory per run, in order. An invalid block is dropped and another worker trains
    its runs again, at most twice; then the future raises `MachineError`. It raises `RefusedError` if a worker has other
    versions.
    """
    wanted, outcome = list(runs), Future[list[Trajectory]]()
    arguments = pickle.dumps(wanted), versions()

    def follow(attempt: int, job: Future[bytes]) -> None:
        job.add_done_callback(lambda job: settle(attempt, job))
        # To cancel the future cancels the job.
        outcome.add_done_callback(lambda outcome: job.cancel() if outcome.cancelled() else None)

    def settle(attempt: int, job: Future[bytes]) -> None:
        try:
            block = job.result()
        except CancelledError:
            outcome.cancel()
            return _finish(outcome)
        except BaseException as error:
            return _finish(outcome, error=error)
        try:
            trained = decode_block(block, wanted)
        except ValueError as error:
            bad = MachineError(f"workers sent invalid trajectories: {error}")
            try:
                if attempt == _ATTEMPTS or outcome.cancelled():
                    raise bad
                follow(attempt + 1, executor.resubmit(job, train_away, *arguments))
            except (MachineError, RuntimeError):  # RuntimeError: the executor accepts no more jobs
                _finish(outcome, error=bad)
        else:
            _finish(outcome, trained)

    follow(1, executor.submit(train_away, *arguments))
    return outcome


def _finish(outcome: Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    """Set the result or the error of a future unless it was cancelled, and notify its waiters."""
    if not outcome.set_running_or_notify_cancel():
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)
