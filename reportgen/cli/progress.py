"""What is shown while a build runs: on standard error, and only as much as whoever reads it can use."""

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
"""For commands that show it."""

_SECONDS_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def progress(mode: str) -> Iterator[Progress]:
    """Something to call with (stage, done, total) as work gets done."""
    if mode == "auto":
        mode = "plain" if os.environ.get("CI") else "bar"
    if mode == "bar" and not terminal.is_terminal(sys.stderr):
        mode = "plain"
    if mode == "bar":
        with _bar() as report:
            yield report
    else:
        reports: dict[str, Progress] = {"plain": Lines(), "json": _event, "none": _nothing}
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
    # FORCE_COLOR would make rich move on a pipe; whether this is a terminal has been found out already.
    with Bars(*columns, console=Console(stderr=True, force_terminal=True)) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


class Lines:
    """A line now and then, and one at the end of each stage."""

    def __init__(
        self, tell: Callable[[str], None] = terminal.tell, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = Lock()
        self._began: dict[str, float] = {}
        self._ended: set[str] = set()
        self._spoke = clock()

    def __call__(self, stage: str, done: int, total: int) -> None:
        with self._lock:
            now = self._clock()
            passed = now - self._began.setdefault(stage, now)
            if stage in self._ended:
                return
            if done >= total:
                self._ended.add(stage)
                self._say(f"{stage}: {total:,} done in {duration(passed)}", now)
            elif now - self._spoke >= _SECONDS_BETWEEN_LINES:
                left = f", about {duration(passed / done * (total - done))} left" if done else ""
                self._say(f"{stage}: {done:,} of {total:,}{left}", now)

    def _say(self, what: str, now: float) -> None:
        self._spoke = now
        self._tell(f"reportgen: {what}")


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


def _event(stage: str, done: int, total: int) -> None:
    terminal.tell(json.dumps({"stage": stage, "done": done, "total": total}))


def _nothing(stage: str, done: int, total: int) -> None:
    """Says nothing."""
