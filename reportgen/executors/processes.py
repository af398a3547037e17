"""A pool of processes on this machine: the default.

A thread hands jobs to one process each, over a pipe of its own. So nothing is shared that a killed process could leave
locked, and which job it was doing is known.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from reportgen.disk.isolation import isolate_process
from reportgen.errors import MachineError, reason
from reportgen.executors import Workers, cores, executors
from reportgen.executors._parcels import do, job_of, outcome_of
from reportgen.training.process import compute_on_one_thread

P = ParamSpec("P")
T = TypeVar("T")

_SPAWN = multiprocessing.get_context("spawn")
_LOG = logging.getLogger("reportgen")

_LAST_WORDS = 0.2
"""Seconds between a worker's death and the next attempt: a signal to the whole group reaches this process too."""


_PATIENCE = 5
"""Seconds for a worker to end after it closed its pipe."""


@executors.register("processes")
class Processes(Workers):
    """As many spawned processes as this one may use cores, each computing on one thread; at least two, so that pictures
    are drawn while networks train.

    They are spawned because TensorFlow does not survive a fork.
    """

    def __init__(self) -> None:
        super().__init__()
        self.workers = max(cores(), 2)
        self._threads = ThreadPoolExecutor(self.workers, "reportgen-worker", _ignore_interrupts)
        self._mine = threading.local()
        self._alive: dict[SpawnProcess, Connection] = {}
        self._killed = False

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads.submit(self._do, task, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for process, connection in self._alive.items():
                connection.close()
                process.join()
            self._alive.clear()

    def kill_workers(self) -> None:
        self._killed = True
        for process in list(self._alive):
            process.kill()

    def _do(self, task: Callable[..., T], args: Any, kwargs: Any) -> T:
        job = job_of(task, args, kwargs)
        again = False
        while not self._killed:
            process, connection = self._worker()
            try:
                connection.send_bytes(job)
                answer = connection.recv_bytes()
            except (EOFError, OSError):
                connection.close()
                how = _end_of(process)
                del self._alive[process]
                time.sleep(_LAST_WORDS)
                if again and not self._killed:
                    raise MachineError(f"a worker process {how} twice{_advice(how)}", code="RG302") from None
                if not self._killed:
                    _LOG.warning("a worker process %s; its job is done again", how, extra={"code": "RG302"})
                again = True
            else:
                outcome: T = outcome_of(answer)
                return outcome
        raise MachineError("the worker processes were ended")

    def _worker(self) -> tuple[SpawnProcess, Connection]:
        """The process of this thread and the pipe to it: the one it had, unless that has died."""
        worker: tuple[SpawnProcess, Connection] | None = getattr(self._mine, "worker", None)
        if worker and worker[0].is_alive():
            return worker
        here, there = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(there,), daemon=True)  # a pool left open does not hold up the exit
        try:
            with main_hidden():
                process.start()
        except OSError as error:
            raise MachineError(f"cannot start a worker process: {reason(error)}") from error
        finally:
            there.close()
        self._alive[process] = here
        if self._killed:  # while it started
            process.kill()
        self._mine.worker = worker = process, here
        return worker


def _ignore_interrupts() -> None:
    """Ctrl-C is for the parent to decide about, and processes that this thread starts inherit what it blocks."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # multiprocessing starts it with the first process, and unblocks SIGINT then
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _end_of(process: SpawnProcess) -> str:
    """How a process ended whose pipe is closed."""
    process.join(_PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
    code = process.exitcode
    if code is None:  # another thread collected it in this moment
        time.sleep(_LAST_WORDS)
        code = process.exitcode or 0
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _advice(how: str) -> str:
    if "SIGKILL" in how:
        why = ", most likely for want of memory: close other programs, or use --executor serial"
    else:
        why = ": reportgen doctor looks for the reason"
    return f"{why}; what is done is stored: run the same command again"


def _work(connection: Connection) -> None:
    """All a worker does: one job after another, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    isolate_process()
    compute_on_one_thread()
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send_bytes(do(connection.recv_bytes()))


def _end_with_parent() -> None:
    """A parent that was killed closes no pipe in order, and a job may take minutes."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


_hiding = threading.Lock()


@contextlib.contextmanager
def main_hidden() -> Iterator[None]:
    """Keeps a spawned process from running the caller's script again.

    Our jobs need nothing of it, and a script that calls `reportgen.build` without an `if __name__` guard would
    otherwise start builds within builds.
    """
    with _hiding:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
