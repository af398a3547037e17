"""Drawn pictures: their files, sizes and names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from reportgen.registry import stored


def hashed_name(file: str, content: bytes) -> str:
    """`file` with eight hexadecimal digits of the SHA-256 of its content before its ending: `weights-l1-0c3fa91b.gif`.

    A page that refers to such a name never shows a picture of another build.
    """
    stem, _, ending = file.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.{ending}"


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Media:
    """A drawn picture: its files, and the values that a page needs to show it."""

    name: str
    kind: str
    """"picture" or "animation"."""
    alt: str
    width: int
    height: int
    """The size on a page, in CSS pixels; files for dense screens hold more."""
    file: str
    """The file to show on a light page: one of `files`."""
    dark: str | None
    """The same for a dark page; an animation has none."""
    poster: str | None
    """A still of the last frame, for readers who prefer reduced motion; a picture has none."""
    files: dict[str, bytes]
    """Content by file name."""

    @property
    def small(self) -> str:
        """The file to embed in a page: the smallest of those that an `<img>` can show."""
        same = [name for name in self.files if self.kind == "animation" and name.endswith((".gif", ".apng"))]
        return min(same, key=lambda name: len(self.files[name]), default=self.file)

    def named(self, file: str) -> str:
        """The name in the folder `media` of a file that a page refers to."""
        return self._names[file]

    @cached_property
    def _names(self) -> dict[str, str]:
        shown = (self.file, self.dark, self.poster)
        return {file: hashed_name(file, self.files[file]) for file in shown if file is not None}

    @property
    def published(self) -> dict[str, bytes]:
        """Every file by its path in the output folder.

        `media` holds the files that pages of the report show, under names with a hash; `embed` holds every file of an
        animation under a constant name, for pages elsewhere.
        """
        paths = {f"media/{name}": self.files[file] for file, name in self._names.items()}
        if self.kind == "animation":
            paths |= {f"embed/{file}": content for file, content in self.files.items()}
        return dict(sorted(paths.items()))
