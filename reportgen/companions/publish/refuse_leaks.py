"""What must not go out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportgen.companions import check
from reportgen.errors import RefusedError

_SHOWN = 5


def refuse(files: Mapping[str, bytes], folder: Path) -> None:
    """Raise `RefusedError` if a site reveals what only this machine should know; warn of what else is wrong with it."""
    problems = check.inspect(files)
    check.warn([problem for problem in problems if problem.kind != "leak"], folder)
    if leaks := [f"{problem.file}: {problem.message}" for problem in problems if problem.kind == "leak"]:
        more = f"; and {len(leaks) - _SHOWN:,} more" if len(leaks) > _SHOWN else ""
        way = "nothing is published; take it out of the site, or unset a variable whose value is no secret"
        raise RefusedError(f"{'; '.join(leaks[:_SHOWN])}{more}; {way}", code="RG902")
