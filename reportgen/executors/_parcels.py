"""Jobs and their outcomes as bytes, for executors whose workers are other processes.

A job carries the plugins in use. A worker loads those that it does not have before it reads the rest.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from reportgen import plugins


def job_of(task: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """A call as bytes; raises the error of `pickle` if it cannot be pickled."""
    call = pickle.dumps((task, args, kwargs), pickle.HIGHEST_PROTOCOL)
    return pickle.dumps((plugins.sources_in_use(), call), pickle.HIGHEST_PROTOCOL)


def do(job: bytes) -> bytes:
    """Run a job in a worker and return its result or its exception as bytes."""
    try:
        sources, call = pickle.loads(job)  # noqa: S301  the sender of a job may run any code in the worker anyway
        plugins.install(sources)
        task, args, kwargs = pickle.loads(call)  # noqa: S301
        return pickle.dumps((True, task(*args, **kwargs), ""), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        trace = traceback.format_exc()
        try:
            return pickle.dumps((False, plugins.as_plugin_error(error), trace))
        except Exception:  # an exception that cannot be pickled
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}"), trace))


def outcome_of(answer: bytes) -> Any:
    """The result of a job; raises the exception of the job."""
    done, outcome, trace = pickle.loads(answer)  # noqa: S301  from workers that this process chose
    if done:
        return outcome
    raise outcome from _WorkerTraceback(trace)


def done(job: bytes) -> Any:
    """The result of a job; raises its exception. For executors that send calls in their own way."""
    return outcome_of(do(job))


class _WorkerTraceback(Exception):
    """The cause of an exception of a job: the traceback in the worker."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
