"""From a wanted picture to the bytes of its files; nothing here knows what the pictures mean."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from reportgen.registry import stored


def content_named(file: str, content: bytes) -> str:
    """`file` with eight hexadecimal digits of the SHA-256 of its content before its ending: `weights-l1-0c3fa91b.gif`.

    A page that refers to such a name shows what it was made with or nothing, never a picture of another build.
    """
    stem, _, ending = file.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.{ending}"


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Media:
    """A drawn picture: its files, and what a page must know to show it."""

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
    """A still of the last frame, for readers who want no movement; a picture has none."""
    files: dict[str, bytes]
    """Content by file name."""

    @property
    def small(self) -> str:
        """The file to put inside a page: of those that show the same in an `<img>`, the smallest."""
        same = [name for name in self.files if self.kind == "animation" and name.endswith((".gif", ".apng"))]
        return min(same, key=lambda name: len(self.files[name]), default=self.file)

    def named(self, file: str) -> str:
        """What one of the files that a page refers to is called in the folder `media`."""
        return self._names[file]

    @cached_property
    def _names(self) -> dict[str, str]:
        shown = (self.file, self.dark, self.poster)
        return {file: content_named(file, self.files[file]) for file in shown if file is not None}

    @property
    def published(self) -> dict[str, bytes]:
        """Every file by its path in the output folder.

        `media` holds what pages of the report show, named by content; `embed` what the pages of other people refer to,
        under names that stay: every file of an animation.
        """
        paths = {f"media/{name}": self.files[file] for file, name in self._names.items()}
        if self.kind == "animation":
            paths |= {f"embed/{file}": content for file, content in self.files.items()}
        return dict(sorted(paths.items()))
