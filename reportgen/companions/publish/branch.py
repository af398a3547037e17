"""The change of a branch when a site is published on it: which files are added, replaced, deleted and kept.

The branch holds a list of the published files, with the id of each file's content. A file that still has this content
is ours to replace and to delete; every other file on the branch stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reportgen.companions.publish.finished_site import first_names
from reportgen.companions.publish.git import REGULAR, TreeEntry
from reportgen.errors import RefusedError
from reportgen.output import manifest
from reportgen.text import plural

NAME = ".reportgen-published.json"
"""The name of this list on the branch."""
VERSION = 1

HOSTS_OWN = frozenset({"CNAME", ".nojekyll", "404.html"})
"""Files that configure how GitHub serves a branch. If they are not ours they stay, even if the site has one too."""

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class BranchChange:
    """The change of a branch by publishing a site; names are sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    kept: tuple[str, ...]
    """Files that are not ours, or were edited on the branch."""
    ours: Mapping[str, str]
    """Name and id of every published file after the change."""

    def summary(self) -> str:
        """`"3 added, 1 changed, 0 deleted, 2 kept"`."""
        counts = {"added": self.added, "changed": self.changed, "deleted": self.deleted, "kept": self.kept}
        return ", ".join(f"{len(names):,} {what}" for what, names in counts.items())


def plan(
    current: Mapping[str, TreeEntry],
    known: Mapping[str, str] | None,
    site: Mapping[str, str],
    *,
    branch: str,
    adopt: bool = False,
    overwrite_edited: bool = False,
) -> BranchChange:
    """The change of a branch whose `current` files are to be replaced by those of a `site`.

    `known` lists the files that we published. It is None for a branch without such a list: that branch gets files only
    with `adopt`, and its own files are replaced only with `overwrite_edited` as well. Raises `RefusedError` if a file
    would be lost.
    """
    current = {name: entry for name, entry in current.items() if name != NAME}
    new = {name: TreeEntry(REGULAR, digest) for name, digest in site.items()}
    published = known or {}
    ours = {name for name, digest in published.items() if current.get(name) == TreeEntry(REGULAR, digest)}
    edited = published.keys() & current.keys() - ours
    foreign = current.keys() - published.keys()
    reserved = set() if overwrite_edited else foreign & HOSTS_OWN
    same = {name for name in new.keys() - reserved if current.get(name) == new[name]}
    if known is None and not adopt and (others := sorted(foreign - HOSTS_OWN - same)):
        raise RefusedError(
            f"{branch} has {plural(len(others), 'file')} that reportgen did not write ({first_names(others)}); --adopt "
            "keeps them and adds the site",
            code="RG901",
        )
    taken = sorted((foreign & new.keys()) - reserved - same - HOSTS_OWN)
    if taken and not (adopt and overwrite_edited):
        raise RefusedError(
            f"the site and {branch} both have {first_names(taken)}, and those on {branch} are not from reportgen; "
            "delete them there, or replace them with --adopt --overwrite-edited",
            code="RG901",
        )
    conflicts = sorted((edited & new.keys()) - same)
    if conflicts and not overwrite_edited:
        is_one = len(conflicts) == 1
        raise RefusedError(
            f"{plural(len(conflicts), 'file')} of the report on {branch} {'was' if is_one else 'were'} edited there "
            f"({first_names(conflicts)}); --overwrite-edited replaces {'it' if is_one else 'them'}",
            code="RG903",
        )
    final = {name: digest for name, digest in site.items() if name not in reserved}
    kept = current.keys() - ours - final.keys()
    if clash := sorted(_clashes({*final, NAME}, kept)):
        raise RefusedError(
            f"{branch} has {first_names(clash)}, a folder where the site has a file or the other way around; "
            "delete it there, or rename the file of the site",
            code="RG901",
        )
    return BranchChange(
        added=tuple(sorted(final.keys() - current.keys())),
        changed=tuple(sorted((final.keys() & current.keys()) - same)),
        deleted=tuple(sorted(ours - final.keys())),
        kept=tuple(sorted(kept)),
        ours=dict(sorted(final.items())),
    )


def dump(files: Mapping[str, str]) -> bytes:
    """The list of published files as bytes; `parse` is its inverse."""
    return f"{json.dumps({'version': VERSION, 'files': files}, indent=1, sort_keys=True)}\n".encode()


def parse(content: bytes) -> dict[str, str] | None:
    """Name and id of the published files; None for an invalid list, since listed files may be deleted."""
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


def _clashes(site: Iterable[str], kept: Iterable[str]) -> set[str]:
    """Kept files whose name is a folder of the site, or that lie in a folder whose name is a file of the site."""
    site, kept = set(site), set(kept)
    folders = {folder.as_posix() for name in site for folder in PurePosixPath(name).parents}
    inside = {name for name in kept if any(folder.as_posix() in site for folder in PurePosixPath(name).parents)}
    return kept & folders | inside
