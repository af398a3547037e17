"""The files of an output folder that are published, and the limits of hosts."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reportgen.disk import locks
from reportgen.disk.files import OpenFolder, as_machine_error
from reportgen.errors import ExperimentError, RefusedError
from reportgen.output import manifest
from reportgen.text import printable, size_text

MiB = 2**20

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class HostLimits:
    """The limits of a host; None for a limit that it does not state."""

    file: int | None = None
    """Bytes of one file."""
    site: int | None = None
    """Bytes of all files."""
    files: int | None = None
    in_folder: int | None = None
    """Files directly in one folder."""

    def check(self, host: str, sizes: Mapping[str, int]) -> None:
        """Raise `RefusedError` if the host would refuse the site; `sizes` has the bytes of each file by name."""
        larger = [name for name in sorted(sizes) if self.file is not None and sizes[name] > self.file]
        if larger and self.file is not None:
            what = f"{first_names(larger)} ({size_text(sizes[larger[0]])})"
            raise _limit_error(host, f"files of at most {size_text(self.file)}", what)
        total = sum(sizes.values())
        if self.site is not None and total > self.site:
            raise _limit_error(host, f"sites of at most {size_text(self.site)}", f"this one has {size_text(total)}")
        if self.files is not None and len(sizes) > self.files:
            raise _limit_error(host, f"at most {self.files:,} files", f"this site has {len(sizes):,}")
        folders = Counter(PurePosixPath(name).parent.as_posix() for name in sizes)
        folder, count = max(folders.items(), key=lambda item: item[1], default=("", 0))
        if self.in_folder is not None and count > self.in_folder:
            raise _limit_error(host, f"at most {self.in_folder:,} files in a folder", f"'{folder}' has {count:,}")


@dataclass(frozen=True)
class FinishedSite:
    """The files of a site, read for publishing."""

    files: Mapping[str, bytes]
    """Content by relative path, with slashes."""
    hidden: tuple[str, ...]
    """Files and folders that are left out because their names begin with a dot; folders end with a slash."""


def read(folder: Path, host: str, limits: HostLimits, *, lock: bool = True) -> FinishedSite:
    """The files in `folder`, of the report and of its owner, read under a lock that keeps builds out.

    Names that begin with a dot are left out, except files of the report (`.nojekyll`) and `.well-known`. Raises
    `RefusedError` for a folder that no build wrote, for a symbolic link in it, and if a limit is exceeded; `BusyError`
    while a build is writing there.
    """
    if not folder.is_dir():
        raise ExperimentError(f"there is no folder '{folder}' to publish; reportgen build makes 'output'")
    with as_machine_error(folder, "read"), locks.shared(folder, lock=lock) as descriptor:
        opened = OpenFolder(descriptor, folder)
        content = opened.read(manifest.NAME, manifest.LARGEST)
        known = manifest.parse(content) if content else None
        if known is None:
            raise RefusedError(
                f"'{folder}' has no list of files written by reportgen, so it is not published; "
                "name the output folder of a build",
                code="RG006",
            )
        sizes, hidden = _list_files(folder, known)
        limits.check(host, sizes)
        files = {name: opened.read(name, size) for name, size in sizes.items()}
    changed = [name for name, content in files.items() if content is None]
    if changed:
        raise RefusedError(f"{folder / changed[0]} was changed while it was read; run the same command again")
    return FinishedSite({name: content for name, content in files.items() if content is not None}, hidden)


def first_names(names: list[str]) -> str:
    """The first few names of a list, in one line."""
    return ", ".join(map(printable, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def _list_files(folder: Path, known: manifest.Manifest) -> tuple[dict[str, int], tuple[str, ...]]:
    """Bytes of each published file, by sorted name, and the hidden files that are left out."""
    sizes: dict[str, int] = {}
    hidden: list[str] = []
    needed = [name for name in known.files if _is_hidden(name)]
    for name, status in _walk(folder, "", needed, hidden):
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError(
                f"{folder / name} is a symbolic link or no regular file, so it is not published: remove it, or replace "
                "it with a copy",
                code="RG008",
            )
        if name == manifest.NAME:
            continue
        if _is_hidden(name) and name not in known.files:
            hidden.append(name)
        elif not manifest.is_valid_name(name):
            raise RefusedError(f"{str(folder / name)!r} has a name that cannot be published; give it a plain one")
        else:
            sizes[name] = status.st_size
    return dict(sorted(sizes.items())), tuple(sorted(hidden))


def _walk(folder: Path, inside: str, needed: list[str], hidden: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below `folder`. A hidden folder is added to `hidden` instead, unless it holds a `needed` file."""
    with os.scandir(folder / inside) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{inside}{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            yield name, entry.stat(follow_symlinks=False)
        elif _is_hidden(name) and not any(file.startswith(f"{name}/") for file in needed):
            hidden.append(f"{name}/")
        else:
            yield from _walk(folder, f"{name}/", needed, hidden)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in PurePosixPath(name).parts)


def _limit_error(host: str, limit: str, what: str) -> RefusedError:
    return RefusedError(f"{host} takes {limit}: {what}; nothing is published", code="RG904")
