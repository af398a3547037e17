"""The options of commands that take a table: its target, and what its columns are for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
"""Of files that are tables."""

TASKS = ("regression", "binary", "classes")
"""Those of `reportgen.tables`, which takes too long to import for a list of options."""

_OPTIONS = (
    click.option("--target", metavar="NAME", help="For a table: the column to predict."),
    click.option("--task", type=click.Choice(TASKS), help="For a table: what its target is.  [default: guessed]"),
    click.option("--group", metavar="COLUMN", help="For a table: rows with equal values here stay together."),
    click.option("--time", metavar="COLUMN", help="For a table: the order of its rows in time."),
    click.option("--ignore", "ignored", metavar="COLUMN", multiple=True, help="For a table: a column to leave out."),
)


@dataclass(frozen=True, kw_only=True)
class TableArguments:
    """What the command line says about a table."""

    target: str | None
    task: str | None
    group: str | None
    time: str | None
    ignored: tuple[str, ...]

    @property
    def stated(self) -> str:
        """The first of these options that is given; "" if none is."""
        options = {"target": self.target, "task": self.task, "group": self.group, "time": self.time}
        given = [name for name, value in (*options.items(), ("ignore", self.ignored)) if value]
        return f"--{given[0]}" if given else ""


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a command, which gets the options as one argument, `columns`."""

    @functools.wraps(command)
    def call(*args: Any, **values: Any) -> Any:
        own = {name: values.pop(name) for name in ("target", "task", "group", "time", "ignored")}
        return command(*args, columns=TableArguments(**own), **values)

    return functools.reduce(lambda inner, option: option(inner), reversed(_OPTIONS), call)


def is_table(path: Path) -> bool:
    """True for the name of a table."""
    return path.suffix.lower() in SUFFIXES


def refuse_without_table(columns: TableArguments) -> None:
    """Raise a usage error if an option for tables is given without a table."""
    if columns.stated:
        raise click.UsageError(f"{columns.stated} goes with a table: a file that ends in {', '.join(SUFFIXES)}")


def experiment_text(path: Path, columns: TableArguments, named: Path) -> str:
    """The experiment file for a table, which it calls `named`; raises `ExperimentError` and `DataError`.

    Without a target, the error lists the columns.
    """
    from reportgen.errors import ExperimentError
    from reportgen.experiment import table_file
    from reportgen.tables import reading
    from reportgen.tables.settings import TableSettings
    from reportgen.text import printable

    if not columns.target:
        names = reading.column_names(path)
        listed = ", ".join(names[:40]) + (f" and {len(names) - 40:,} more" if len(names) > 40 else "")
        raise ExperimentError(
            f"state the column of {printable(str(path))} to predict, such as --target {_quoted(names[-1])}. "
            f"Columns: {listed}."
        )
    # Options that name one column for two purposes are a mistake.
    stated = [("group", columns.group), ("time", columns.time), *(("ignore", name) for name in columns.ignored)]
    roles: dict[str, str] = {}
    for role, name in stated:
        if name and roles.setdefault(name, role) != role:
            raise ExperimentError(f"column {name!r} cannot be both --{roles[name]} and --{role}")
    pairs: Any = {name: {"role": role} for name, role in roles.items()}
    task: Any = columns.task
    settings = TableSettings(target=columns.target, task=task, columns=pairs)
    return table_file.experiment_text(named, reading.load(path, settings), settings)


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)
