"""One finding about a finished site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.text import printable

Kind = Literal["link", "html", "alt", "id", "size", "request", "leak"]


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place. Its text is `file:line: kind: message`, which editors follow."""

    kind: Kind
    file: str
    """Relative path, with slashes; "." for the site as a whole."""
    line: int | None
    message: str
    code: str = ""
    """What `docs/reliability.md` lists it under; empty for most."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return printable(f"{place}: {self.kind}: {self.message}")

    @property
    def order(self) -> tuple[str, int, str, str]:
        """By file, then from its top to its end."""
        return self.file, self.line or 0, self.kind, self.message
