"""Executors: who does the work. Each kind is a `Workers`, made by a registered function.

Here belong starting, feeding and ending workers. What a job computes does not.

What every one promises, and `tests/executors/test_contract.py` holds them to:

- `submit`, `map` and `shutdown` are those of `concurrent.futures.Executor`; jobs are top-level functions of plain
  arguments, so that they can travel, and what they return is what a call in this process returns, to the last byte.
- An exception of a job is raised by its future with its kind, its text and its `code`.
- A worker that dies takes nothing with it: its job is done again elsewhere. A job that keeps killing its workers fails
  with `MachineError`, and the others go on.
- `shutdown(cancel_futures=True)` begins no other job. It waits for those that have begun, and gives up remote ones.
- `kill_workers` ends also those that have begun; it may be called from a signal handler.
- `workers` is how many jobs are done at once.
- `remote` says that workers may not share this machine's disk. Such an executor only trains (`store.remote`).
- Workers in other processes get their jobs as `_parcels` packs them, so that they have the plugins in use.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Any, Protocol

from reportgen import plugins
from reportgen.executors import _parcels
from reportgen.registry import Registry


class Progress(Protocol):
    """Told how many pieces of a stage's work are done."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """A `Progress` that tells nobody."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers(Executor):
    """The contract: what an executor has beyond `concurrent.futures.Executor`."""

    workers: int
    """How many jobs are done at once."""
    remote = False
    """True if workers may not share this machine's disk."""
    takes_scheduler = False
    """True if it is made from `--scheduler` and `--insecure-cluster`."""

    def __init__(self) -> None:
        _in_use.add(self)

    def kill_workers(self) -> None:
        """End all work at once; futures that are not done fail or are cancelled.

        It takes no lock, since a signal may arrive while the main thread holds one.
        """

    def elsewhere(self, failed: Future[Any], task: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """As `submit`, for a job of which the result in `failed` was no good: by another worker if there is one."""
        return self.submit(task, *args)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """After an error nothing more is begun; after an interruption nothing goes on either."""
        if error is not None and not isinstance(error, Exception):
            self.kill_workers()
        self.shutdown(cancel_futures=error is not None)
        return None


executors: Registry[Callable[..., Workers]] = Registry("executor", __name__)


class _Wrapped(Workers):
    """A plain `concurrent.futures.Executor` of a user's own; its workers share this machine's disk."""

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.workers = cores()
        self._executor = executor

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if plugins.in_use():
            return self._executor.submit(_parcels.done, _parcels.job_of(task, args, kwargs))
        return self._executor.submit(task, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait, cancel_futures=cancel_futures)


def make_workers(wanted: str | Callable[[], Executor]) -> Workers:
    """Start the executor that has this name or that this function makes; raises `ExperimentError` for a wrong name."""
    executor = executors[wanted]() if isinstance(wanted, str) else wanted()
    return executor if isinstance(executor, Workers) else _Wrapped(executor)


_in_use: weakref.WeakSet[Workers] = weakref.WeakSet()


def kill_all() -> None:
    """`kill_workers` of every executor in this process: what a program does when it is told to end."""
    for workers in list(_in_use):
        workers.kill_workers()
