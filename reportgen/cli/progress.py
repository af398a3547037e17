"""Progress of a build on standard error: a bar on a terminal, lines elsewhere, or JSON for programs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING

import click

from reportgen.cli import terminal

if TYPE_CHECKING:
    from rich.progress import TaskID

    from reportgen.executors import Progress

MODES = ("auto", "bar", "plain", "json", "none")

option = click.option(
    "--progress",
    "mode",
    type=click.Choice(MODES),
    default="auto",
    show_default=True,
    help="How progress is shown on standard error; auto is a bar on a terminal and plain lines elsewhere.",
)

_SECONDS_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def progress(mode: str) -> Iterator[Progress]:
    """A function to call with (stage, done, total) as work progresses."""
    if mode == "auto":
        mode = "plain" if os.environ.get("CI") else "bar"
    if mode == "bar" and not terminal.is_terminal(sys.stderr):
        mode = "plain"
    if mode == "bar":
        with _bar() as report:
            yield report
    else:
        reports: dict[str, Progress] = {"plain": Lines(), "json": _write_json, "none": _write_nothing}
        yield reports[mode]


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description:<8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    tasks: dict[str, TaskID] = {}
    # FORCE_COLOR would make rich draw a bar into a pipe; the caller has checked that this is a terminal.
    with Bars(*columns, console=Console(stderr=True, force_terminal=True)) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


class Lines:
    """Progress as a line every ten seconds, and one at the end of each stage."""

    def __init__(
        self, write: Callable[[str], None] = terminal.write_message, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._lock = Lock()
        self._began: dict[str, float] = {}
        self._ended: set[str] = set()
        self._written = clock()

    def __call__(self, stage: str, done: int, total: int) -> None:
        with self._lock:
            now = self._clock()
            passed = now - self._began.setdefault(stage, now)
            if stage in self._ended:
                return
            if done >= total:
                self._ended.add(stage)
                self._write_line(f"{stage}: {total:,} done in {duration(passed)}", now)
            elif now - self._written >= _SECONDS_BETWEEN_LINES:
                left = f", about {duration(passed / done * (total - done))} left" if done else ""
                self._write_line(f"{stage}: {done:,} of {total:,}{left}", now)

    def _write_line(self, line: str, now: float) -> None:
        self._written = now
        self._write(f"reportgen: {line}")


def duration(seconds: float) -> str:
    """`"0.4 s"`, `"38 s"`, `"2 min 5 s"`, `"3 h 20 min"`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _write_json(stage: str, done: int, total: int) -> None:
    terminal.write_message(json.dumps({"stage": stage, "done": done, "total": total}))


def _write_nothing(stage: str, done: int, total: int) -> None:
    pass
