"""Options that say who does the work; for every command that trains."""

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
    the executor. An option that does not go with its name is an `ExperimentError` before the command begins; a name
    that is not known is one when plugins are loaded, which may have it.
    """

    @functools.wraps(command)
    def with_executor(*args: Any, executor: str, scheduler: str | None, insecure_cluster: bool, **others: Any) -> Any:
        return command(*args, executor=_chosen(executor, scheduler, insecure_cluster), **others)

    for option in reversed(_OPTIONS):
        with_executor = option(with_executor)
    return with_executor


def _chosen(name: str, scheduler: str | None, insecure: bool) -> str | Callable[[], Executor]:
    if not scheduler and not insecure:
        return name
    make = executors[name]
    if not executors.stated(name, "takes_scheduler"):
        able = " or ".join(executors.stating("takes_scheduler", True))
        raise ExperimentError(f"--scheduler and --insecure-cluster need --executor {able}")
    return functools.partial(make, scheduler, insecure=insecure)


_OPTIONS = (
    click.option(
        "--executor",
        default="processes",
        show_default=True,
        metavar="NAME",
        shell_complete=complete.executors,
        help=f"Who does the work: {', '.join(executors.names()[:-1])} or {executors.names()[-1]}.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="The Dask scheduler to send work to, like tls://host:8786.  [default: a small cluster in this machine]",
    ),
    click.option(
        "--insecure-cluster",
        is_flag=True,
        help="Allow tcp:// to other machines, where everyone on the way can run programs on them and on this one.",
    ),
)
