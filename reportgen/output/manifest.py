"""The list of our files in an output folder, stored in that folder: only they are ever replaced or deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

NAME = ".reportgen-manifest.json"
VERSION = 1

LARGEST = 32_000_000
"""The largest manifest that is read, in bytes."""
MOST = 100_000
"""The most files that a manifest may list; a report has about 150."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """The files that were written, and what they were made from."""

    files: Mapping[str, tuple[str, ...]]
    """By relative path, the SHA-256 digests of the contents that we wrote: one, or more while a site is replaced."""
    made_from: Mapping[str, str] | None
    """Digests of the inputs of the site, by name; None if not every file of the site was made from them."""

    def dump(self) -> bytes:
        """The bytes of the manifest file; `parse` is the inverse."""
        value = {"version": VERSION, "made_from": self.made_from, "files": self.files}
        return f"{json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)}\n".encode()


def parse(content: bytes) -> Manifest | None:
    """The manifest in a file; None for any other content, since the listed files may be deleted."""
    if len(content) > LARGEST:
        return None
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        return None
    match value:
        case {"version": version, "made_from": made_from, "files": dict() as files, **rest}:
            pass
        case _:
            return None
    if rest or type(version) is not int or version != VERSION or len(files) > MOST:
        return None
    if not all(is_valid_name(name) and _are_digests(digests) for name, digests in files.items()):
        return None
    if made_from is not None and not (
        isinstance(made_from, dict) and all(isinstance(item, str) for item in made_from.values())
    ):
        return None
    return Manifest({name: tuple(digests) for name, digests in files.items()}, made_from)


def is_valid_name(name: str) -> bool:
    """True for a plain relative path with slashes that stays in the folder and is not the manifest."""
    try:
        plain = len(name.encode()) <= 1000 and name.isprintable() and "\\" not in name
    except UnicodeEncodeError:
        return False
    path = PurePosixPath(name)
    return (
        plain
        and path.as_posix() == name
        and not path.is_absolute()
        and bool(path.parts)
        and not {"..", ".git", NAME} & {part.casefold() for part in path.parts}  # some file systems ignore case
    )


def _are_digests(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and _DIGEST.fullmatch(item) for item in value)
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate name")
    return value
