"""Standard output and error, which may be closed, full, or unable to write a λ."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys

import click

from reportgen.errors import machine_error
from reportgen.text import printable_lines

READER_GONE = 128 + 13
"""How a shell reports a program that SIGPIPE ended."""


def emit(content: str | bytes, *, controls: bool = False) -> None:
    """Write a result to standard output. Bytes are for what others will parse: their encoding is not the terminal's.

    What a terminal would obey is written out, unless `controls` says that it is ours.
    """
    try:
        click.echo(
            content if controls or isinstance(content, bytes) else printable_lines(content), nl=isinstance(content, str)
        )
    except BrokenPipeError:
        _discard(sys.stdout)
        sys.exit(READER_GONE)
    except OSError as error:
        _discard(sys.stdout)
        raise machine_error("to standard output", error) from error


def tell(line: str) -> None:
    """Write a line to standard error. Nobody may be listening; that is no reason to fail."""
    try:
        click.echo(printable_lines(line), err=True)
    except OSError:
        _discard(sys.stderr)


def settle() -> None:
    """Give up what standard output will not take."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)


def is_terminal(stream: object) -> bool:
    """Whether escape codes written to `stream` reach a terminal that knows them."""
    return isinstance(stream, io.TextIOBase) and stream.isatty() and os.environ.get("TERM") != "dumb"


def prepare() -> None:
    """Make the three standard streams safe to use."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # A file opened later would take this number, and then get what is meant for the stream.
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Warnings(logging.Handler):
    """Tells what reportgen warns of on standard error, one line each."""

    count = 0
    """How many there were."""

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        code = getattr(record, "code", "")
        tell(f"reportgen{f'[{code}]' if code else ''}: warning: {record.getMessage()}")


warnings = Warnings()
"""Those of this process."""


def _discard(stream: object) -> None:
    """Point a broken stream at nothing, or Python complains about it once more when it exits."""
    if isinstance(stream, io.TextIOBase):
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
