"""Snapshots of watched files. Comparing two finds changes on any system, without a service for notifications."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from os import DirEntry
from pathlib import Path

from reportgen.output import manifest

FileState = tuple[int, int, int]
"""Modification time, size and inode of a file; a file that replaces it may have the same time and size."""

IGNORED = re.compile(r"\..*|.*~|#.*#|.*\.(?:sw[a-p]|tmp|bak|pyc)|4913|__pycache__|node_modules|.*___jb_\w+___")
"""Names in a watched folder that no build reads: of repositories, tools, and temporary files of editors."""


def snapshot(watched: Iterable[Path]) -> dict[str, FileState]:
    """The state of every file in and below `watched`, without missing and unreadable files.

    Output folders are left out: a build must not start another build.
    """
    states: dict[str, FileState] = {}
    for path in watched:
        try:
            is_folder = path.is_dir()
            if not is_folder:
                states[str(path)] = _state(path.stat())
        except OSError:
            continue
        if is_folder:
            states.update((entry.path, state) for entry, state in _files_below(str(path), set()))
    return states


def _files_below(folder: str, seen: set[tuple[int, int]]) -> Iterator[tuple[DirEntry[str], FileState]]:
    try:
        status = os.stat(folder)  # noqa: PTH116  # many files, ten times per second
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError:
        return
    identity = status.st_dev, status.st_ino
    if identity in seen or any(entry.name == manifest.NAME for entry in entries):
        return
    seen.add(identity)  # a link may lead to a parent folder
    for entry in entries:
        if IGNORED.fullmatch(entry.name):
            continue
        try:
            if entry.is_dir():
                yield from _files_below(entry.path, seen)
            else:
                yield entry, _state(entry.stat())
        except OSError:  # it vanished, or leads nowhere
            continue


def _state(status: os.stat_result) -> FileState:
    return status.st_mtime_ns, status.st_size, status.st_ino
