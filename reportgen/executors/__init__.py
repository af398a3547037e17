"""Executors: processes or machines that run jobs. Each kind is a `Workers`, made by a registered function.

Starting workers, sending them jobs and ending them belongs here. What a job computes does not.

Every executor keeps this contract, which `tests/executors/test_contract.py` tests:

- `submit`, `map` and `shutdown` are those of `concurrent.futures.Executor`; jobs are top-level functions of plain
  arguments, so that they can be pickled, and they return exactly what a call in this process returns.
- The future of a job raises the exception of the job, with its type, message and `code`.
- If a worker dies, another worker runs its job again. A job that kills several workers fails with `MachineError`, and
  the other jobs go on.
- `shutdown(cancel_futures=True)` starts no more jobs. It waits for running jobs, except remote ones.
- `kill_workers` ends running jobs too; it may be called from a signal handler.
- `workers` is the number of jobs that run at once.
- `remote` is true if workers may not share this machine's disk. Such an executor only trains (`store.remote`).
- Workers in other processes get jobs from `_parcels`, which adds the plugins in use.
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
    """Called with the number of finished pieces of a stage."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """A `Progress` that does nothing."""


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers(Executor):
    """The contract of executors: more than `concurrent.futures.Executor`."""

    workers: int
    """The number of jobs that run at once."""
    remote = False
    """True if workers may not share this machine's disk."""
    takes_scheduler = False
    """True if it uses the options `--scheduler` and `--insecure-cluster`."""

    def __init__(self) -> None:
        _in_use.add(self)

    def kill_workers(self) -> None:
        """End all jobs at once; their futures fail or are cancelled.

        This takes no lock, since a signal may arrive while the main thread holds one.
        """

    def resubmit(self, failed: Future[Any], task: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Submit a job whose result in `failed` was invalid again, to another worker if there is one."""
        return self.submit(task, *args)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Shut down: after an error start no more jobs, after an interruption end running jobs too."""
        if error is not None and not isinstance(error, Exception):
            self.kill_workers()
        self.shutdown(cancel_futures=error is not None)
        return None


executors: Registry[Callable[..., Workers]] = Registry("executor", __name__)


class _Wrapped(Workers):
    """Wraps a `concurrent.futures.Executor` of the user, whose workers share this machine's disk."""

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.workers = cores()
        self._executor = executor

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if plugins.sources_in_use():
            return self._executor.submit(_parcels.done, _parcels.job_of(task, args, kwargs))
        return self._executor.submit(task, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait, cancel_futures=cancel_futures)


def make_workers(kind: str | Callable[[], Executor]) -> Workers:
    """Start an executor by its name or by a function that makes it; raises `ExperimentError` for an unknown name."""
    executor = executors[kind]() if isinstance(kind, str) else kind()
    return executor if isinstance(executor, Workers) else _Wrapped(executor)


_in_use: weakref.WeakSet[Workers] = weakref.WeakSet()


def kill_all() -> None:
    """Call `kill_workers` of every executor in this process; for signal handlers."""
    for workers in list(_in_use):
        workers.kill_workers()
