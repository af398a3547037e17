"""Options that choose the executor, for every command that trains."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import click

from reportgen.cli import complete
from reportgen.errors import ExperimentError
from reportgen.executors import executors


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator that adds `--executor`, `--scheduler` and `--insecure-cluster`.

    The command gets them as one argument, `executor`, as `BuildOptions` takes it: a name, or a function that makes
    the executor. An option that the executor does not take raises `ExperimentError` before the command begins. An
    unknown name may be that of a plugin; it raises `ExperimentError` when plugins are loaded.
    """

    @functools.wraps(command)
    def with_executor(*args: Any, executor: str, scheduler: str | None, insecure_cluster: bool, **others: Any) -> Any:
        return command(*args, executor=_choose_executor(executor, scheduler, insecure_cluster), **others)

    for option in reversed(_OPTIONS):
        with_executor = option(with_executor)
    return with_executor


def _choose_executor(name: str, scheduler: str | None, insecure: bool) -> str | Callable[[], Executor]:
    if not scheduler and not insecure:
        return name
    make = executors[name]
    if not executors.stated(name, "takes_scheduler"):
        names = " or ".join(executors.stating("takes_scheduler", True))
        raise ExperimentError(f"--scheduler and --insecure-cluster need --executor {names}")
    return functools.partial(make, scheduler, insecure=insecure)


_OPTIONS = (
    click.option(
        "--executor",
        default="processes",
        show_default=True,
        metavar="NAME",
        shell_complete=complete.executors,
        help=f"The executor: {', '.join(executors.names()[:-1])} or {executors.names()[-1]}.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="The Dask scheduler, like tls://host:8786.  [default: a small cluster on this machine]",
    ),
    click.option(
        "--insecure-cluster",
        is_flag=True,
        help="Allow tcp:// to other machines. Anyone on the network can then run programs on them and on this one.",
    ),
)
