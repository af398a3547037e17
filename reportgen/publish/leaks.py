"""What must not go out."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping

from reportgen.errors import RefusedError

_SHOWN = 5


def refuse(files: Mapping[str, bytes]) -> None:
    """Raise `RefusedError` if a site reveals what only this machine should know; warn of what else is wrong with it."""
    try:  # TODO: import `inspect` at the top of the file, once there is such a package
        inspect = importlib.import_module("reportgen.check").inspect
    except ImportError:
        return
    problems = inspect(files)
    for problem in problems:
        if problem.kind != "leak":
            where = problem.file + (f":{problem.line}" if problem.line else "")
            logging.getLogger("reportgen").warning("%s: %s", where, problem.message)
    if leaks := [f"{problem.file}: {problem.message}" for problem in problems if problem.kind == "leak"]:
        more = f"; and {len(leaks) - _SHOWN:,} more" if len(leaks) > _SHOWN else ""
        raise RefusedError(f"{'; '.join(leaks[:_SHOWN])}{more}; nothing is published", code="RG902")
