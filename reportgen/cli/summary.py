"""The summary that a build prints at its end: files with their sizes, diverged runs, headlines."""

from __future__ import annotations

import os
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.cli import terminal
from reportgen.text import plural, printable, size_text

if TYPE_CHECKING:
    from reportgen.pipeline.report_target import BuiltReport


def summary(built: BuiltReport, out: Path) -> str:
    """The summary of a report, for standard output."""
    lines = [listing(built.files, out, built.front)]
    if built.diverged_listed:
        listed = (
            f"{plural(built.diverged_listed, 'run')} of the arms diverged; the report says which, and at which step."
        )
        lines += ["", listed]
    if others := built.diverged - built.diverged_listed:
        lines += ["", f"{plural(others, 'run')} that sections train besides the arms diverged."]
    if built.headlines:
        lines += ["", *(_wrapped(line) for line in built.headlines)]
    return "\n".join(lines)


def listing(files: Iterable[Path], out: Path, front: Path) -> str:
    """The content of the folder `out`, a line for each file and folder directly in it; `front` comes first."""
    parts: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        inside = file.relative_to(out).parts if file.is_relative_to(out) else file.parts
        # A folder directly in the output folder has one line for all files in it.
        parts[out / inside[0] if len(inside) > 1 else file].append(file)
    rows = [(path, _row(path, parts[path])) for path in sorted(parts, key=lambda path: (path != front, path))]
    name_width, size_width = (max((len(row[column]) for _, row in rows), default=0) for column in range(2))
    return "\n".join(
        f"{_link(path, name)}{' ' * (name_width - len(name))}  {size:>{size_width}}  {note}".rstrip()
        for path, (name, size, note) in rows
    )


def _row(path: Path, files: list[Path]) -> tuple[str, str, str]:
    name, total = printable(os.fspath(path)), size_text(sum(file.stat().st_size for file in files))
    if files == [path]:
        return name, total, ""
    return name + os.sep, total, plural(len(files), "file")


def _link(path: Path, name: str) -> str:
    """The name of a file, as a hyperlink on a terminal."""
    if not terminal.is_terminal(sys.stdout):
        return name
    return f"\033]8;;{path.absolute().as_uri()}\033\\{name}\033]8;;\033\\"


def _wrapped(line: str) -> str:
    return textwrap.fill(printable(line), width=100, initial_indent="- ", subsequent_indent="  ")
