"""`results.json`: every number of a report, for programs that come after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reportgen.errors import DataError, reason

SCHEMA = 2
"""Version of its layout."""


def read(place: Path) -> dict[str, Any]:
    """The results of a built report: `place` is its folder, or the file itself.

    Raises `DataError` if there are none, or if they are of another version.
    """
    file = place / "results.json" if place.is_dir() else place
    again = f"reportgen build -o {file.parent} makes it anew"
    try:
        results = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"there is no report in {place}; reportgen build -o {place} makes one") from error
    except OSError as error:
        raise DataError(f"cannot read {file}: {reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"cannot use {file}: it is no JSON; {again}") from error
    if not isinstance(results, dict) or results.get("schema") != SCHEMA:
        raise DataError(f"cannot use {file}: it is of another version of reportgen; {again}")
    return results
