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

if TYPE_CHECKING:
    from reportgen.store.housekeeping import StoreEntry

_SHOWN = 20
"""The most damaged entries that are named."""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

_folder = click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="Which store.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)


@click.group("cache", cls=Commands)
def command() -> None:
    """Look after the store of finished work.

    All of it may be deleted at any time: what is needed is made again.
    """


@command.command("path")
@_folder
@debug
def path(cache_dir: str | None) -> None:
    """Say where the store is."""
    emit(str(_store(cache_dir)))


@command.command("ls")
@_folder
@debug
def ls(cache_dir: str | None) -> None:
    """Say what is in the store: kinds of entries, how many, how large, and when the oldest was last used."""
    from reportgen.store.housekeeping import entries

    folder = _there(cache_dir)
    kinds: dict[str, list[StoreEntry]] = defaultdict(list)
    for entry in entries(folder):
        kinds[entry.kind].append(entry)
    rows = [(kind, *_sums(found), _day(found[0].used)) for kind, found in sorted(kinds.items())]
    total = _sums([entry for found in kinds.values() for entry in found])
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
    help="Delete what no build has used for so long.",
)
@click.option("--max-size", metavar="SIZE", help='Then delete the oldest until no more than this is left, like "2GB".')
@click.option("--no-lock", is_flag=True, help="Do not ask whether a build is using the store, where locks do not work.")
@debug
def gc(cache_dir: str | None, unused_for: float, max_size: str | None, no_lock: bool) -> None:
    """Delete what has not been used for long."""
    from reportgen.store.housekeeping import collect

    most = None if max_size is None else _bytes(max_size)
    deleted = collect(_there(cache_dir), unused_for=unused_for, max_size=most, lock=not no_lock)
    count, size = _sums(deleted)
    emit(f"{count:,} entries deleted, {size}")


@command.command("verify")
@_folder
@debug
def verify(cache_dir: str | None) -> None:
    """Read every entry, and name those that are damaged; builds make them again by themselves."""
    from reportgen.store.housekeeping import damaged_entries, entries

    folder = _there(cache_dir)
    found = list(damaged_entries(folder))
    for entry, why in found[:_SHOWN]:
        emit(f"{entry.path}: {why}")
    if len(found) > _SHOWN:
        emit(f"and {len(found) - _SHOWN:,} more")
    if found:
        raise VerificationError(f"damaged entries in {folder}: {len(found):,}; builds make them again", code="RG101")
    emit(f"{len(entries(folder)):,} entries, none of them damaged")


def _store(named: str | None) -> Path:
    from reportgen.output import allowed_folders
    from reportgen.store.store import default_folder

    return default_folder() if named is None else allowed_folders.folder_path(named)


def _there(named: str | None) -> Path:
    """The store, which has to be there if it was named: an empty answer would hide that the name is misspelt."""
    folder = _store(named)
    if (named or folder.exists()) and not folder.is_dir():
        raise ExperimentError(f"there is no folder '{folder}'; reportgen cache path says where the store is")
    return folder


def _sums(found: list[StoreEntry]) -> tuple[int, str]:
    from reportgen.cli.summary import size

    return len(found), size(sum(entry.size for entry in found))


def _day(when: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(when))


def _bytes(text: str) -> int:
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", text.strip().upper())):
        raise ExperimentError(f"--max-size must be a number of bytes like 500MB or 2GB, got {text!r}")
    unit = found[2] if found[2] in _UNITS else f"{found[2]}B"
    return int(float(found[1]) * _UNITS[unit])
