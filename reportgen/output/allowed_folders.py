"""Checks of the folder that a report is to be written to.

Folders are compared by device and inode, so a symbolic link, a bind mount or another spelling makes no difference.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from reportgen.disk import files
from reportgen.errors import ExperimentError, RefusedError

_REPOSITORY = {".git", ".hg", ".svn", ".jj", ".bzr"}
_IGNORED = {".gitignore", ".gitkeep", ".DS_Store"}
"""Names of files that a folder may hold and still count as empty."""


def folder_path(name: str | PathLike[str]) -> Path:
    """The path of a folder that a user named; an empty name is an `ExperimentError`, not the working folder."""
    text = os.fspath(name)
    if not text.strip() or "\0" in text:
        raise ExperimentError(f"{text!r} is not the name of a folder; name the output folder", code="RG003")
    return Path(text)


def check(out: Path, inputs: Mapping[str, Path], cache: Path | None = None) -> None:
    """Refuse an output folder in which a later cleaning could delete other files; to be called before anything is made.

    `inputs` are files and folders that the build reads, by their names in messages; `out` may be beside or below them
    but must not contain them, and must not be in `cache`. Raises `RefusedError`.
    """
    chain = _chain(out)
    if chain[-1] == _chain(Path("/"))[-1]:
        raise _refusal(out, "it is the root of the file system", "RG001")
    if "~" in out.parts[:1]:
        raise _refusal(out, "the shell did not replace ~ by your home directory", "RG002")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises if there is no home
    if chain[-1] in _chain(home):
        raise _refusal(out, f"it {_relation(chain, home)} your home directory", "RG002")
    if {".git", ".hg"} & set(Path(os.path.realpath(out)).parts):
        raise _refusal(out, "it lies inside a repository's own folder", "RG005")
    ours = {"package reportgen": Path(__file__).parents[1], "working folder": Path()}
    for name, path in {**inputs, **({"store": cache} if cache else {}), **ours}.items():
        if chain[-1] in _chain(path):
            raise _refusal(out, f"it {_relation(chain, path)} the {name} '{path}'", "RG004")
    if cache and _chain(cache)[-1] in chain:
        raise _refusal(out, f"it lies inside the store '{cache}'", "RG004")


def check_foreign_files(folder: files.OpenFolder, adopt: bool = False) -> None:
    """Refuse a folder without a manifest unless it is empty; with `adopt` refuse only a repository."""
    names = sorted(os.listdir(folder.descriptor))  # noqa: PTH208 - pathlib lists no open folders
    if _REPOSITORY & set(names):
        raise _refusal(folder.path, "it looks like a repository", "RG005")
    foreign = [name for name in names if name not in _IGNORED and not files.TEMPORARY.fullmatch(name)]
    if foreign and not adopt:
        listed = ", ".join(map(repr, foreign[:3])) + (", …" if len(foreign) > 3 else "")
        count = "1 entry" if len(foreign) == 1 else f"{len(foreign):,} entries"
        raise RefusedError(
            f"refusing output folder '{folder.path}': it has {count} that reportgen did not make ({listed}); "
            "choose an empty folder, or add --adopt, which adds files and replaces none",
            code="RG006",
        )


def _refusal(out: Path, why: str, code: str) -> RefusedError:
    return RefusedError(f"refusing output folder '{out}': {why}; choose a folder for the report alone", code=code)


def _relation(chain: list[tuple[Any, ...]], path: Path) -> str:
    return "is" if _chain(path)[-1] == chain[-1] else "contains"


def _chain(path: Path) -> list[tuple[Any, ...]]:
    """Device and inode of each folder above `path` and of `path` itself, from the root down.

    A folder that does not exist is identified by its name below the last one that does.
    """
    real = Path(os.path.realpath(path))
    chain: list[tuple[Any, ...]] = []
    for folder in (*reversed(real.parents), real):
        try:
            status = folder.stat()
            chain.append((status.st_dev, status.st_ino))
        except OSError:
            chain.append((*chain[-1], folder.name))
    return chain
