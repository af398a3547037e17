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
    """A call as bytes; raises what `pickle` raises for something that cannot travel."""
    call = pickle.dumps((task, args, kwargs), pickle.HIGHEST_PROTOCOL)
    return pickle.dumps((plugins.in_use(), call), pickle.HIGHEST_PROTOCOL)


def do(job: bytes) -> bytes:
    """What a worker does: the call, and its outcome as bytes, an exception included."""
    try:
        sources, call = pickle.loads(job)  # noqa: S301  whoever gives work to a worker may run any code there
        plugins.install(sources)
        task, args, kwargs = pickle.loads(call)  # noqa: S301
        return pickle.dumps((True, task(*args, **kwargs), ""), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        trace = traceback.format_exc()
        try:
            return pickle.dumps((False, plugins.explained(error), trace))
        except Exception:  # an exception that holds what cannot travel
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}"), trace))


def outcome_of(answer: bytes) -> Any:
    """What the job returned; raises what it raised."""
    done, outcome, trace = pickle.loads(answer)  # noqa: S301  from workers that this process chose
    if done:
        return outcome
    raise outcome from _InWorker(trace)


def done(job: bytes) -> Any:
    """What a job returns; raises what it raises. For workers that are sent calls in another way."""
    return outcome_of(do(job))


class _InWorker(Exception):
    """Shows, as the cause of an exception, where in the worker it was raised."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
