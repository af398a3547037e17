"""What a build says at its end: what was written, where, how large, and what was found."""

from __future__ import annotations

import os
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.cli import terminal
from reportgen.text import printable

if TYPE_CHECKING:
    from reportgen.pipeline.report_target import BuiltReport


def summary(built: BuiltReport, out: Path) -> str:
    """Lines for standard output."""
    lines = [listing(built.files, out, built.front)]
    if built.diverged:
        runs = "1 run" if built.diverged == 1 else f"{built.diverged:,} runs"
        lines += ["", f"{runs} diverged; the report says which, and at which step."]
    if built.headlines:
        lines += ["", *(_wrapped(line) for line in built.headlines)]
    return "\n".join(lines)


def listing(files: Iterable[Path], out: Path, front: Path) -> str:
    """What lies in the folder `out`, a line for each file and for each folder directly in it; `front` comes first."""
    parts: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        inside = file.relative_to(out).parts if file.is_relative_to(out) else file.parts
        # A file directly in the output folder has its line, a folder there has one for all it holds.
        parts[out / inside[0] if len(inside) > 1 else file].append(file)
    rows = [(path, _row(path, parts[path])) for path in sorted(parts, key=lambda path: (path != front, path))]
    name_width, size_width = (max((len(row[column]) for _, row in rows), default=0) for column in range(2))
    return "\n".join(
        f"{_link(path, name)}{' ' * (name_width - len(name))}  {size:>{size_width}}  {note}".rstrip()
        for path, (name, size, note) in rows
    )


def size(count: int) -> str:
    """Bytes in a unit that keeps the number short: `"812 B"`, `"14 kB"`, `"2.1 MB"`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def _row(path: Path, files: list[Path]) -> tuple[str, str, str]:
    name, total = printable(os.fspath(path)), size(sum(file.stat().st_size for file in files))
    if files == [path]:
        return name, total, ""
    return name + os.sep, total, "1 file" if len(files) == 1 else f"{len(files)} files"


def _link(path: Path, name: str) -> str:
    """The name of a file, as a hyperlink where a terminal shows it."""
    if not terminal.is_terminal(sys.stdout):
        return name
    return f"\033]8;;{path.absolute().as_uri()}\033\\{name}\033]8;;\033\\"


def _wrapped(line: str) -> str:
    return textwrap.fill(printable(line), width=100, initial_indent="- ", subsequent_indent="  ")
