"""One job at a time, in this process: for debugging, and for scripts that must not start processes."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from reportgen.executors import executors

P = ParamSpec("P")
T = TypeVar("T")


@executors.register("serial")
class Serial(Executor):
    """Does each job as it is handed in."""

    workers = 1

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[Any] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
