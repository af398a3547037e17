"""One finding about a finished site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.text import printable

Kind = Literal["link", "html", "alt", "id", "size", "request", "leak"]


@dataclass(frozen=True)
class Problem:
    """A problem at one position. Its text is `file:line: kind: message`, which editors follow."""

    kind: Kind
    file: str
    """Relative path, with slashes; "." for the site as a whole."""
    line: int | None
    message: str
    code: str = ""
    """The error code in `docs/reliability.md`; empty for most problems."""

    def __str__(self) -> str:
        position = self.file if self.line is None else f"{self.file}:{self.line}"
        return printable(f"{position}: {self.kind}: {self.message}")

    @property
    def order(self) -> tuple[str, int, str, str]:
        """Sort key: by file, then by line."""
        return self.file, self.line or 0, self.kind, self.message
