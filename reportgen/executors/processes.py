"""A pool of processes on this machine: the default executor.

Each process has a thread of its own, which sends it jobs over a pipe. So a killed process leaves no shared lock behind,
and its thread knows which job it was running.
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

_DEATH_DELAY = 0.2
"""Seconds from the death of a worker to the next attempt: a signal to the process group arrives here in that time."""


_EXIT_TIMEOUT = 5
"""Seconds that a worker has to end after it closed its pipe."""


@executors.register("processes")
class Processes(Workers):
    """One spawned process with one thread for each core; at least two, so that pictures are drawn while networks train.

    The processes are spawned because TensorFlow does not survive a fork.
    """

    def __init__(self) -> None:
        super().__init__()
        self.workers = max(cores(), 2)
        self._threads = ThreadPoolExecutor(self.workers, "reportgen-worker", _ignore_interrupts)
        self._thread_state = threading.local()
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
        is_second_attempt = False
        while not self._killed:
            process, connection = self._worker()
            try:
                connection.send_bytes(job)
                answer = connection.recv_bytes()
            except (EOFError, OSError):
                connection.close()
                cause = _cause_of_death(process)
                del self._alive[process]
                time.sleep(_DEATH_DELAY)
                if is_second_attempt and not self._killed:
                    raise MachineError(f"a worker process {cause} twice{_advice(cause)}", code="RG302") from None
                if not self._killed:
                    _LOG.warning("a worker process %s; its job starts again", cause, extra={"code": "RG302"})
                is_second_attempt = True
            else:
                outcome: T = outcome_of(answer)
                return outcome
        raise MachineError("the worker processes were stopped")

    def _worker(self) -> tuple[SpawnProcess, Connection]:
        """The process of this thread and the pipe to it; starts a new process if there is none or it has died."""
        worker: tuple[SpawnProcess, Connection] | None = getattr(self._thread_state, "worker", None)
        if worker and worker[0].is_alive():
            return worker
        connection, other_end = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(other_end,), daemon=True)  # an open pool must not block the exit
        try:
            with hide_main_module():
                process.start()
        except OSError as error:
            raise MachineError(f"cannot start a worker process: {reason(error)}") from error
        finally:
            other_end.close()
        self._alive[process] = connection
        if self._killed:  # while it started
            process.kill()
        self._thread_state.worker = worker = process, connection
        return worker


def _ignore_interrupts() -> None:
    """Block SIGINT in this thread and in the processes that it starts: only the main thread handles Ctrl-C."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # otherwise started with the first process, which unblocks SIGINT
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _cause_of_death(process: SpawnProcess) -> str:
    """How a process ended after its pipe was closed."""
    process.join(_EXIT_TIMEOUT)
    if process.is_alive():
        process.kill()
        process.join()
    code = process.exitcode
    if code is None:  # another thread is just collecting the exit code
        time.sleep(_DEATH_DELAY)
        code = process.exitcode or 0
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _advice(cause: str) -> str:
    if "SIGKILL" in cause:
        advice = ", most likely because memory ran out: close other programs, or use --executor serial"
    else:
        advice = ": reportgen doctor looks for the reason"
    return f"{advice}; finished work is stored: run the same command again"


def _work(connection: Connection) -> None:
    """Run one job after another in a worker, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    isolate_process()
    compute_on_one_thread()
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send_bytes(do(connection.recv_bytes()))


def _end_with_parent() -> None:
    """End this worker when its parent does: a closed pipe is noticed only after the job, which may take minutes."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


_main_lock = threading.Lock()


@contextlib.contextmanager
def hide_main_module() -> Iterator[None]:
    """Keep a spawned process from running the script of the caller again.

    Our jobs do not need it, and a script that calls `reportgen.build` without an `if __name__` guard would otherwise
    start builds within builds.
    """
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
