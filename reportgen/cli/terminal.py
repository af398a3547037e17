"""Writing to standard output and standard error, which may be closed, full, or unable to encode a λ."""

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
    """Write a result to standard output. Bytes are for programs that parse them, whatever the terminal's encoding.

    Control characters are escaped, unless `controls` says that they are ours.
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


def write_message(line: str) -> None:
    """Write a line to standard error. A closed stream is no error."""
    try:
        click.echo(printable_lines(line), err=True)
    except OSError:
        _discard(sys.stderr)


def flush_output() -> None:
    """Flush standard output, and discard what it does not take."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)


def is_terminal(stream: object) -> bool:
    """True if `stream` is a terminal that understands escape codes."""
    return isinstance(stream, io.TextIOBase) and stream.isatty() and os.environ.get("TERM") != "dumb"


def prepare_streams() -> None:
    """Make the three standard streams safe to use."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # A file opened later would get this number, and then the text meant for the stream.
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Warnings(logging.Handler):
    """Writes the warnings of reportgen to standard error, one line each."""

    count = 0
    """Number of warnings so far."""

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        code = getattr(record, "code", "")
        write_message(f"reportgen{f'[{code}]' if code else ''}: warning: {record.getMessage()}")


warnings = Warnings()
"""The warnings of this process."""


def _discard(stream: object) -> None:
    """Redirect a broken stream to /dev/null, or Python complains about it again when it exits."""
    if isinstance(stream, io.TextIOBase):
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
