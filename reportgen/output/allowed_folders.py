"""Which folders a report may be written to.

Paths are compared by what they lead to, so a symbolic link, a bind mount or another spelling makes no difference.
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
_NOBODYS = {".gitignore", ".gitkeep", ".DS_Store"}
"""Files that a folder holds and is still empty to its user."""


def named(folder: str | PathLike[str]) -> Path:
    """The path that a name given by somebody stands for; the name of nothing is not that of the working folder."""
    text = os.fspath(folder)
    if not text.strip() or "\0" in text:
        raise ExperimentError(f"{text!r} names no folder; give the output folder a name", code="RG003")
    return Path(text)


def check(out: Path, inputs: Mapping[str, Path], cache: Path | None = None) -> None:
    """Refuse, before anything is made, an output folder that could not be cleaned without harm.

    `inputs` are files and folders that the build reads, by what they are called in the message; `out` may lie beside
    and below them but not hold them. It may not lie in `cache`. Raises `RefusedError`.
    """
    there = _chain(out)
    if there[-1] == _chain(Path("/"))[-1]:
        raise _refused(out, "it is the root of the file system", "RG001")
    if "~" in out.parts[:1]:
        raise _refused(out, "the shell did not replace ~ by your home directory", "RG002")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - that of pathlib raises where there is no home
    if there[-1] in _chain(home):
        raise _refused(out, f"it {_relation(there, home)} your home directory", "RG002")
    if {".git", ".hg"} & set(Path(os.path.realpath(out)).parts):
        raise _refused(out, "it lies inside a repository's own folder", "RG005")
    ours = {"package reportgen": Path(__file__).parents[1], "working folder": Path()}
    for what, place in {**inputs, **({"store": cache} if cache else {}), **ours}.items():
        if there[-1] in _chain(place):
            raise _refused(out, f"it {_relation(there, place)} the {what} '{place}'", "RG004")
    if cache and _chain(cache)[-1] in there:
        raise _refused(out, f"it lies inside the store '{cache}'", "RG004")


def check_strangers(folder: files.OpenFolder, adopt: bool = False) -> None:
    """Refuse a folder without a manifest that holds anything; only a repository if it shall be adopted."""
    names = sorted(os.listdir(folder.descriptor))  # noqa: PTH208 - pathlib lists no open folders
    if _REPOSITORY & set(names):
        raise _refused(folder.path, "it looks like a repository", "RG005")
    strange = [name for name in names if name not in _NOBODYS and not files.TEMPORARY.fullmatch(name)]
    if strange and not adopt:
        listed = ", ".join(map(repr, strange[:3])) + (", …" if len(strange) > 3 else "")
        things = "1 thing" if len(strange) == 1 else f"{len(strange):,} things"
        raise RefusedError(
            f"refusing output folder '{folder.path}': it holds {things} not known to be made by reportgen ({listed}); "
            "choose an empty folder, or --adopt this one, which adds files and replaces none",
            code="RG006",
        )


def _refused(out: Path, why: str, code: str) -> RefusedError:
    return RefusedError(f"refusing output folder '{out}': {why}; choose a folder of its own", code=code)


def _relation(there: list[tuple[Any, ...]], place: Path) -> str:
    return "is" if _chain(place)[-1] == there[-1] else "contains"


def _chain(path: Path) -> list[tuple[Any, ...]]:
    """What identifies `path` and each folder above it, from the root on: device and inode.

    What is not there is identified by its name below what is.
    """
    real = Path(os.path.realpath(path))
    chain: list[tuple[Any, ...]] = []
    for place in (*reversed(real.parents), real):
        try:
            status = place.stat()
            chain.append((status.st_dev, status.st_ino))
        except OSError:
            chain.append((*chain[-1], place.name))
    return chain
