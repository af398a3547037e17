"""The check for leaks before a site is published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportgen.companions import check
from reportgen.errors import RefusedError

_SHOWN = 5


def refuse(files: Mapping[str, bytes], folder: Path) -> None:
    """Raise `RefusedError` if a site reveals secrets of this machine; warn of its other problems."""
    problems = check.inspect(files)
    check.warn([problem for problem in problems if problem.kind != "leak"], folder)
    if leaks := [f"{problem.file}: {problem.message}" for problem in problems if problem.kind == "leak"]:
        more = f"; and {len(leaks) - _SHOWN:,} more" if len(leaks) > _SHOWN else ""
        step = "nothing is published; remove it from the site, or unset the variable if its value is no secret"
        raise RefusedError(f"{'; '.join(leaks[:_SHOWN])}{more}; {step}", code="RG902")
