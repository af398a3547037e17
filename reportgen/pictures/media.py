"""Drawn pictures: their files, sizes and names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from reportgen.pictures.colors import ROLES
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
    """The file to show: one of `files`. A still picture is an SVG, which follows the colors of the reader's screen."""
    poster: str | None
    """A PNG of the last frame, for other pages; a picture has none."""
    still: str | None = None
    """An SVG of the last frame; a picture has none, nor has an animation whose last frame would be large."""
    keep: bool = False
    """True for an animation that the page shows as a moving picture, too."""
    files: dict[str, bytes]
    """Content by file name."""

    @property
    def small(self) -> str:
        """The file to embed in a page: the smallest of those that an `<img>` can show."""
        same = [name for name in self.files if self.kind == "animation" and name.endswith((".gif", ".apng"))]
        return min(same, key=lambda name: len(self.files[name]), default=self.file)

    @property
    def at_rest(self) -> str:
        """The file that shows the picture without moving."""
        return self.still or self.poster or self.file

    def inline(self, prefix: str) -> str:
        """The SVG of a still picture or of the last frame, for the inside of a page; "" if there is none.

        The page has its font and its colors, as variables with the names of `colors.ROLES`. Ids begin with `prefix`.
        """
        file = self.at_rest
        if not file.endswith(".svg"):
            return ""
        markup = re.sub(r' xmlns="[^"]*"|<g class="own">.*?</g>', "", self.files[file].decode(), flags=re.DOTALL)
        markup = re.sub(r'( id="|href="#|="url\(#)', rf"\1{prefix}", markup)
        markup = markup.replace("<svg ", '<svg class="chart" ', 1)
        return _COLOR.sub(lambda found: f'="var(--{_VARIABLES[found[1]]})"', markup).strip()

    def named(self, file: str) -> str:
        """The name in the folder `media` of a file that a page refers to."""
        return self._names[file]

    @cached_property
    def _names(self) -> dict[str, str]:
        shown = (self.file, self.poster, self.still)
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


_VARIABLES = {role.light: name for name, role in ROLES.items()}
_COLOR = re.compile(f'="({"|".join(_VARIABLES)})"')
