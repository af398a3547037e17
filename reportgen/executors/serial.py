"""One job at a time, in this process: for debugging, and for scripts that must not start processes."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from reportgen.executors import Workers, executors

P = ParamSpec("P")
T = TypeVar("T")


@executors.register("serial")
class Serial(Workers):
    """Runs each job in `submit`."""

    workers = 1
    _open = True

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if not self._open:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._open = False
