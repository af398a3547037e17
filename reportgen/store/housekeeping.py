"""Looking after the store: what is in it, what of it is damaged, and what can go.

Only files with names of entries are ever looked at or deleted, so a folder that also holds something else keeps that.
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
_ASIDE = re.compile(r"[0-9a-f]{64}\.[a-z]+\.moved-aside-\d+")
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class StoreEntry:
    """One file of a store."""

    path: Path
    kind: str
    size: int
    used: float
    """When it was last made or read, to a day, as seconds since the epoch."""


def entries(folder: Path) -> list[StoreEntry]:
    """Every entry, the one that was not used for longest first; raises `MachineError` if the store cannot be read."""
    with files.as_machine_error(folder, "read the store"):
        found = list(_entries(folder)) if folder.is_dir() else []
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def collect(
    folder: Path,
    *,
    unused_for: float,
    max_size: int | None = None,
    lock: bool = True,
    now: Callable[[], float] = time.time,
) -> list[StoreEntry]:
    """Delete and return entries that were not used for so many days, and then the oldest until `max_size` bytes remain.

    What killed processes left half written goes too. Raises `BusyError` while a build uses the store.
    """
    if not folder.is_dir():
        return []
    with locks.exclusive(folder, lock=lock):
        found = entries(folder)
        doomed = [entry for entry in found if entry.used < now() - unused_for * _DAY]
        kept = found[len(doomed) :]
        excess = sum(entry.size for entry in kept) - max_size if max_size is not None else 0
        for entry in kept:
            if excess <= 0:
                break
            doomed.append(entry)
            excess -= entry.size
        with files.as_machine_error(folder, "delete from the store"):
            for entry in doomed:
                entry.path.unlink(missing_ok=True)
            for part in _parts(folder):
                files.remove_temporary_files(part)
                _remove_aside(part)
    return doomed


def damaged_entries(folder: Path) -> Iterator[tuple[StoreEntry, str]]:
    """The entries that would be a miss, and why."""
    for entry in entries(folder):
        try:
            found = content(entry.path)
            if entry.kind == RUN:
                Trajectory.parse(found)
            else:
                encoding.check(found, entry.path.stem)
        except OSError as error:
            yield entry, reason(error)
        except ValueError as error:
            yield entry, str(error)


def _parts(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.glob("[0-9a-f][0-9a-f]") if path.is_dir() and not path.is_symlink())


def _entries(folder: Path) -> Iterator[StoreEntry]:
    for part in _parts(folder):
        for path in part.iterdir():
            if (name := _ENTRY.fullmatch(path.name)) and not path.is_dir():
                found = path.lstat()
                yield StoreEntry(path, name[2], found.st_size, found.st_mtime)


def _remove_aside(part: Path) -> None:
    """Remove what was found in the place of an entry, if it is a file or an empty folder."""
    for path in part.iterdir():
        if _ASIDE.fullmatch(path.name) and not (path.is_dir() and any(path.iterdir())):
            path.rmdir() if path.is_dir() else path.unlink()
