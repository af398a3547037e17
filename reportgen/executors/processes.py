"""A pool of processes on this machine: the default."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from types import ModuleType
from typing import ParamSpec, TypeVar

from reportgen.executors import executors

P = ParamSpec("P")
T = TypeVar("T")


@executors.register("processes")
class Processes(ProcessPoolExecutor):
    """As many spawned processes as this one may use cores, each computing on one thread; at least two, so that pictures
    are drawn while networks train.

    They are spawned because TensorFlow does not survive a fork.
    """

    def __init__(self) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = max(cores, 2)
        super().__init__(self.workers, multiprocessing.get_context("spawn"), initializer=_prepare)

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _main_hidden():
            return super().submit(task, *args, **kwargs)


def _prepare() -> None:
    """Settings of a worker, before anything heavy is imported into it."""
    # Nothing here needs Keras, and without this TensorFlow imports it: a quarter of its import time.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # Networks this small are slower on a graphics card, and results should not depend on who has one.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keeps a spawned process from running the caller's script again.

    Our jobs need nothing of it, and a script that calls `reportgen.build` without an `if __name__` guard would
    otherwise start builds within builds.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
