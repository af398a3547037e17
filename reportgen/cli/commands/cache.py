"""`reportgen cache`: the store of finished work."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import Commands, debug
from reportgen.cli.terminal import emit
from reportgen.errors import ExperimentError, VerificationError
from reportgen.text import plural, size_text

if TYPE_CHECKING:
    from reportgen.store.housekeeping import StoreEntry

_SHOWN = 20
"""Number of damaged entries that are listed."""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

_folder = click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="The store.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)


@click.group("cache", cls=Commands)
def command() -> None:
    """Show, check and shrink the store of finished work.

    You may delete all of it at any time: builds make again what they need.
    """


@command.command("path")
@_folder
@debug
def path(cache_dir: str | None) -> None:
    """Print the path of the store."""
    emit(str(_store_folder(cache_dir)))


@command.command("ls")
@_folder
@debug
def ls(cache_dir: str | None) -> None:
    """List the kinds of entries in the store: number, size, and the day on which the oldest was last used."""
    from reportgen.store.housekeeping import entries

    folder = _existing_store(cache_dir)
    kinds: dict[str, list[StoreEntry]] = defaultdict(list)
    for entry in entries(folder):
        kinds[entry.kind].append(entry)
    rows = [(kind, *_count_and_size(group), _day(group[0].used)) for kind, group in sorted(kinds.items())]
    total = _count_and_size([entry for group in kinds.values() for entry in group])
    lines = [f"{kind:<12}{count:>10,}{size:>10}  all used since {since}" for kind, count, size, since in rows]
    emit("\n".join([str(folder), *lines, f"{'all':<12}{total[0]:>10,}{total[1]:>10}"]))


@command.command("gc")
@_folder
@click.option(
    "--unused-for",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="Delete entries that no build has used for this many days.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help='Then delete the oldest until the store is no larger, like "2GB".',
)
@click.option("--no-lock", is_flag=True, help="Do not check that no build uses the store; for disks without locks.")
@debug
def gc(cache_dir: str | None, unused_for: float, max_size: str | None, no_lock: bool) -> None:
    """Delete entries that have not been used for a long time."""
    from reportgen.store.housekeeping import collect

    most = None if max_size is None else _parse_size(max_size)
    deleted = collect(_existing_store(cache_dir), unused_for=unused_for, max_size=most, lock=not no_lock)
    count, size = _count_and_size(deleted)
    emit(f"{plural(count, 'entry', 'entries')} deleted, {size}")


@command.command("verify")
@_folder
@debug
def verify(cache_dir: str | None) -> None:
    """Read every entry and list the damaged ones; the next build makes them again."""
    from reportgen.store.housekeeping import damaged_entries, entries

    folder = _existing_store(cache_dir)
    bad = list(damaged_entries(folder))
    for entry, why in bad[:_SHOWN]:
        emit(f"{entry.path}: {why}")
    if len(bad) > _SHOWN:
        emit(f"and {len(bad) - _SHOWN:,} more")
    if bad:
        raise VerificationError(f"damaged entries in {folder}: {len(bad):,}; builds make them again", code="RG101")
    emit(f"{plural(len(entries(folder)), 'entry', 'entries')}, none of them damaged")


def _store_folder(named: str | None) -> Path:
    from reportgen.output import allowed_folders
    from reportgen.store.store import default_folder

    return default_folder() if named is None else allowed_folders.folder_path(named)


def _existing_store(named: str | None) -> Path:
    """The store. A store that the user names must exist: an empty answer would hide a misspelt name."""
    folder = _store_folder(named)
    if (named or folder.exists()) and not folder.is_dir():
        raise ExperimentError(f"there is no folder '{folder}'; reportgen cache path prints where the store is")
    return folder


def _count_and_size(entries: list[StoreEntry]) -> tuple[int, str]:
    return len(entries), size_text(sum(entry.size for entry in entries))


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _parse_size(text: str) -> int:
    if not (parts := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", text.strip().upper())):
        raise ExperimentError(f"--max-size must be a number of bytes like 500MB or 2GB, got {text!r}")
    unit = parts[2] if parts[2] in _UNITS else f"{parts[2]}B"
    return int(float(parts[1]) * _UNITS[unit])
