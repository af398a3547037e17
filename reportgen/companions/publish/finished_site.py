"""What of an output folder is published."""

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
from reportgen.text import printable

MiB = 2**20

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class HostLimits:
    """The most that a host takes; None where it says nothing."""

    file: int | None = None
    """Bytes of one file."""
    site: int | None = None
    """Bytes of all files."""
    files: int | None = None
    in_folder: int | None = None
    """Files directly in one folder."""

    def check(self, host: str, sizes: Mapping[str, int]) -> None:
        """Raise `RefusedError` for what the host would refuse; `sizes` are bytes by name."""
        larger = [name for name in sorted(sizes) if self.file is not None and sizes[name] > self.file]
        if larger and self.file is not None:
            what = f"{named(larger)} ({_size(sizes[larger[0]])})"
            raise _too_much(host, f"files of at most {_size(self.file)}", what)
        total = sum(sizes.values())
        if self.site is not None and total > self.site:
            raise _too_much(host, f"sites of at most {_size(self.site)}", f"this one has {_size(total)}")
        if self.files is not None and len(sizes) > self.files:
            raise _too_much(host, f"at most {self.files:,} files", f"this site has {len(sizes):,}")
        folders = Counter(PurePosixPath(name).parent.as_posix() for name in sizes)
        folder, count = max(folders.items(), key=lambda item: item[1], default=("", 0))
        if self.in_folder is not None and count > self.in_folder:
            raise _too_much(host, f"at most {self.in_folder:,} files in a folder", f"'{folder}' has {count:,}")


@dataclass(frozen=True)
class FinishedSite:
    """A site as it was read."""

    files: Mapping[str, bytes]
    """Relative path, with slashes, to content."""
    hidden: tuple[str, ...]
    """What was left out, since its name begins with a dot; folders end with a slash."""


def read(folder: Path, host: str, limits: HostLimits, *, lock: bool = True) -> FinishedSite:
    """The files of the report in `folder`, and what its owner put beside them; no build changes it meanwhile.

    What begins with a dot is left out, unless the report has it (`.nojekyll`) or the web asks for it (`.well-known`).
    Raises `RefusedError` for a folder that no build made, a symbolic link in it, and what is above `limits`;
    `BusyError` while a build is writing there.
    """
    if not folder.is_dir():
        raise ExperimentError(f"there is no folder '{folder}' to publish; reportgen build makes 'output'")
    with as_machine_error(folder, "read"), locks.shared(folder, lock=lock) as descriptor:
        opened = OpenFolder(descriptor, folder)
        content = opened.read(manifest.NAME, manifest.LARGEST)
        known = manifest.parse(content) if content else None
        if known is None:
            raise RefusedError(
                f"'{folder}' has no list of files made by reportgen, and no other folder is published; "
                "name the output folder of a build",
                code="RG006",
            )
        sizes, hidden = _look(folder, known)
        limits.check(host, sizes)
        files = {name: opened.read(name, size) for name, size in sizes.items()}
    changed = [name for name, content in files.items() if content is None]
    if changed:
        raise RefusedError(f"{folder / changed[0]} was changed while it was read; run the same command again")
    return FinishedSite({name: content for name, content in files.items() if content is not None}, hidden)


def named(names: list[str]) -> str:
    """The first few names of a sorted list, in one line."""
    return ", ".join(map(printable, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def _look(folder: Path, known: manifest.Manifest) -> tuple[dict[str, int], tuple[str, ...]]:
    """Bytes of each file that is published, by sorted name, and what is not."""
    sizes: dict[str, int] = {}
    hidden: list[str] = []
    kept_out = [name for name in known.files if _hidden(name)]
    for name, status in _walk(folder, "", kept_out, hidden):
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError(
                f"{folder / name} is a symbolic link, or no regular file; it is not published, and neither is what it "
                "leads to: remove it, or put a copy in its place",
                code="RG008",
            )
        if name == manifest.NAME:
            continue
        if _hidden(name) and name not in known.files:
            hidden.append(name)
        elif not manifest.is_valid_name(name):
            raise RefusedError(f"{str(folder / name)!r} has a name that cannot be published; give it a plain one")
        else:
            sizes[name] = status.st_size
    return dict(sorted(sizes.items())), tuple(sorted(hidden))


def _walk(folder: Path, inside: str, wanted: list[str], hidden: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Everything in `folder` but folders. Hidden folders are only noted, unless a file in them is `wanted`."""
    with os.scandir(folder / inside) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = f"{inside}{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            yield name, entry.stat(follow_symlinks=False)
        elif _hidden(name) and not any(file.startswith(f"{name}/") for file in wanted):
            hidden.append(f"{name}/")
        else:
            yield from _walk(folder, f"{name}/", wanted, hidden)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in PurePosixPath(name).parts)


def _size(count: int) -> str:
    if count and count % MiB == 0:
        return f"{count // MiB:,} MiB"
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count:,} bytes"


def _too_much(host: str, most: str, what: str) -> RefusedError:
    return RefusedError(f"{host} takes {most}: {what}; nothing is published", code="RG904")
