"""From a wanted picture to the bytes of its files; nothing here knows what the pictures mean."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.registry import stored


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
