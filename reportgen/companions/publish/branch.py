"""Whose the files of a branch are, and what becomes of them when a site is published there.

A list of what was published travels on the branch, with the id of each file's content. A file that still has that
content is ours to replace and to delete; everything else on the branch is somebody's and stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reportgen.companions.publish.finished_site import named
from reportgen.companions.publish.git import REGULAR, TreeEntry
from reportgen.errors import RefusedError
from reportgen.output import manifest

NAME = ".reportgen-published.json"
"""The list, on the branch."""
VERSION = 1

HOSTS_OWN = frozenset({"CNAME", ".nojekyll", "404.html"})
"""Files by which owners tell GitHub how to serve a branch; those that are not ours stay even where a site has one."""

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class BranchChange:
    """What publishing a site makes of a branch; names are sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    kept: tuple[str, ...]
    """Not ours, or not any more, and left as they are."""
    ours: Mapping[str, str]
    """Name to id of every file that the branch has from us afterwards."""

    def summary(self) -> str:
        """`"3 added, 1 changed, 0 deleted, 2 kept"`."""
        counts = {"added": self.added, "changed": self.changed, "deleted": self.deleted, "kept": self.kept}
        return ", ".join(f"{len(names):,} {what}" for what, names in counts.items())


def plan(
    there: Mapping[str, TreeEntry],
    known: Mapping[str, str] | None,
    site: Mapping[str, str],
    *,
    branch: str,
    adopt: bool = False,
    overwrite_edited: bool = False,
) -> BranchChange:
    """What becomes of the files `there` on a branch, of which we put those that are `known`, with a site's.

    `known` is None where there is no list of ours: such a branch gets files only with `adopt`, and none that it has
    are replaced without `overwrite_edited`. Raises `RefusedError` where something would be lost.
    """
    there = {name: entry for name, entry in there.items() if name != NAME}
    wanted = {name: TreeEntry(REGULAR, digest) for name, digest in site.items()}
    put = known or {}
    ours = {name for name, digest in put.items() if there.get(name) == TreeEntry(REGULAR, digest)}
    edited = put.keys() & there.keys() - ours
    strange = there.keys() - put.keys()
    served = set() if overwrite_edited else strange & HOSTS_OWN
    same = {name for name in wanted.keys() - served if there.get(name) == wanted[name]}
    if known is None and not adopt and (others := sorted(strange - HOSTS_OWN - same)):
        raise RefusedError(
            f"{branch} has {_files(others)} reportgen did not write ({named(others)}); --adopt keeps them and puts the "
            "site beside them",
            code="RG901",
        )
    taken = sorted((strange & wanted.keys()) - served - same - HOSTS_OWN)
    if taken and not (adopt and overwrite_edited):
        raise RefusedError(
            f"the site and {branch} both have {named(taken)}, and those on {branch} are not from reportgen; delete "
            "them there, or replace them with --adopt --overwrite-edited",
            code="RG901",
        )
    spoiled = sorted((edited & wanted.keys()) - same)
    if spoiled and not overwrite_edited:
        raise RefusedError(
            f"{_files(spoiled)} of the report on {branch} {'was' if len(spoiled) == 1 else 'were'} edited there "
            f"({named(spoiled)}); --overwrite-edited replaces {'it' if len(spoiled) == 1 else 'them'}",
            code="RG903",
        )
    final = {name: digest for name, digest in site.items() if name not in served}
    kept = there.keys() - ours - final.keys()
    if clash := sorted(_clashes({*final, NAME}, kept)):
        raise RefusedError(
            f"{branch} has {named(clash)}, a folder where the site has a file or the other way around; "
            "delete it there, or rename what the site has",
            code="RG901",
        )
    return BranchChange(
        added=tuple(sorted(final.keys() - there.keys())),
        changed=tuple(sorted((final.keys() & there.keys()) - same)),
        deleted=tuple(sorted(ours - final.keys())),
        kept=tuple(sorted(kept)),
        ours=dict(sorted(final.items())),
    )


def dump(files: Mapping[str, str]) -> bytes:
    """The list of what was published; `parse` is its inverse."""
    return f"{json.dumps({'version': VERSION, 'files': files}, indent=1, sort_keys=True)}\n".encode()


def parse(content: bytes) -> dict[str, str] | None:
    """Name to id of what was published; None for anything else, since what it lists may be deleted."""
    if len(content) > manifest.LARGEST:
        return None
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    match value:
        case {"version": version, "files": dict() as files} if type(version) is int and version == VERSION:
            plain = all(
                manifest.is_valid_name(name) and isinstance(digest, str) and _ID.fullmatch(digest)
                for name, digest in files.items()
            )
            return files if plain and len(files) <= manifest.MOST else None
    return None


def _files(names: list[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names):,} files"


def _clashes(site: Iterable[str], kept: Iterable[str]) -> set[str]:
    """Kept files that are a folder of the site, or lie in what is a file of the site."""
    site, kept = set(site), set(kept)
    folders = {folder.as_posix() for name in site for folder in PurePosixPath(name).parents}
    inside = {name for name in kept if any(folder.as_posix() in site for folder in PurePosixPath(name).parents)}
    return kept & folders | inside
