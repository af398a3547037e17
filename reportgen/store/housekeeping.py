"""Housekeeping of the store: list entries, find damaged ones, delete unused ones.

Only files with names of entries are read or deleted; other files in the folder stay.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.disk import files, locks
from reportgen.errors import reason
from reportgen.store import encoding
from reportgen.store.store import RUN, content
from reportgen.training.trajectory import Trajectory

_ENTRY = re.compile(r"([0-9a-f]{64})\.([a-z]+)")
_MOVED_ASIDE = re.compile(r"[0-9a-f]{64}\.[a-z]+\.moved-aside-\d+")
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class StoreEntry:
    """One file of a store."""

    path: Path
    kind: str
    size: int
    used: float
    """When it was last written or read, to a day, as seconds since the epoch."""


def entries(folder: Path) -> list[StoreEntry]:
    """All entries, the least recently used first; raises `MachineError` if the store cannot be read."""
    with files.as_machine_error(folder, "read the store"):
        unsorted = list(_entries(folder)) if folder.is_dir() else []
    return sorted(unsorted, key=lambda entry: (entry.used, entry.path))


def collect(
    folder: Path,
    *,
    unused_for: float,
    max_size: int | None = None,
    lock: bool = True,
    now: Callable[[], float] = time.time,
) -> list[StoreEntry]:
    """Delete entries unused for `unused_for` days, then the oldest until `max_size` bytes remain; return them.

    Temporary files of killed processes are deleted too. Raises `BusyError` while a build uses the store.
    """
    if not folder.is_dir():
        return []
    with locks.exclusive(folder, lock=lock):
        listed = entries(folder)
        deleted = [entry for entry in listed if entry.used < now() - unused_for * _DAY]
        kept = listed[len(deleted) :]
        excess = sum(entry.size for entry in kept) - max_size if max_size is not None else 0
        for entry in kept:
            if excess <= 0:
                break
            deleted.append(entry)
            excess -= entry.size
        with files.as_machine_error(folder, "delete from the store"):
            for entry in deleted:
                entry.path.unlink(missing_ok=True)
            for subfolder in _subfolders(folder):
                files.remove_temporary_files(subfolder)
                _remove_moved_aside(subfolder)
    return deleted


def damaged_entries(folder: Path) -> Iterator[tuple[StoreEntry, str]]:
    """The damaged entries, each with the reason."""
    for entry in entries(folder):
        try:
            data = content(entry.path)
            if entry.kind == RUN:
                Trajectory.parse(data)
            else:
                encoding.check(data, entry.path.stem)
        except OSError as error:
            yield entry, reason(error)
        except ValueError as error:
            yield entry, str(error)


def _subfolders(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.glob("[0-9a-f][0-9a-f]") if path.is_dir() and not path.is_symlink())


def _entries(folder: Path) -> Iterator[StoreEntry]:
    for subfolder in _subfolders(folder):
        for path in subfolder.iterdir():
            if (name := _ENTRY.fullmatch(path.name)) and not path.is_dir():
                status = path.lstat()
                yield StoreEntry(path, name[2], status.st_size, status.st_mtime)


def _remove_moved_aside(subfolder: Path) -> None:
    """Remove files and empty folders that were moved aside because they had the path of an entry."""
    for path in subfolder.iterdir():
        if _MOVED_ASIDE.fullmatch(path.name) and not (path.is_dir() and any(path.iterdir())):
            path.rmdir() if path.is_dir() else path.unlink()
