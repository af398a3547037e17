"""What has changed, found by looking: it needs no more of a system than that files have times."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from os import DirEntry
from pathlib import Path

from reportgen.output import manifest

Look = tuple[int, int, int]
"""When a file was changed, its size and which it is: a file put in its place may have the other two."""

IGNORED = re.compile(r"\..*|.*~|#.*#|.*\.(?:sw[a-p]|tmp|bak|pyc)|4913|__pycache__|node_modules|.*___jb_\w+___")
"""Names in a watched folder that no build reads: of repositories, of tools, and of editors while they save."""


def snapshot(watched: Iterable[Path]) -> dict[str, Look]:
    """The state of every file in and below `watched`. What is not there, or cannot be read, is left out.

    Output folders are not looked into: what a build writes is no reason to build.
    """
    found: dict[str, Look] = {}
    for path in watched:
        try:
            is_folder = path.is_dir()
            if not is_folder:
                found[str(path)] = _state(path.stat())
        except OSError:
            continue
        if is_folder:
            found.update((entry.path, state) for entry, state in _below(str(path), set()))
    return found


def _below(folder: str, seen: set[tuple[int, int]]) -> Iterator[tuple[DirEntry[str], Look]]:
    try:
        status = os.stat(folder)  # noqa: PTH116  # many files, ten times in a second
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError:
        return
    here = status.st_dev, status.st_ino
    if here in seen or any(entry.name == manifest.NAME for entry in entries):
        return
    seen.add(here)  # a link may lead back up
    for entry in entries:
        if IGNORED.fullmatch(entry.name):
            continue
        try:
            if entry.is_dir():
                yield from _below(entry.path, seen)
            else:
                yield entry, _state(entry.stat())
        except OSError:  # it vanished, or leads nowhere
            continue


def _state(status: os.stat_result) -> Look:
    return status.st_mtime_ns, status.st_size, status.st_ino
