"""`results.json`: every number of a report, for programs that come after it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reportgen.errors import DataError, reason
from reportgen.values import json_value, short

SCHEMA = 3
"""Version of its layout."""

LARGEST = 50_000_000
"""Bytes that are read as results; those of the default experiment are half a million. They may take twenty times as
much memory."""

DEEPEST = 100
"""Levels of lists and objects in each other; a report has ten."""

_TOO_DEEP = f"its values are nested more than {DEEPEST} levels deep"


def load(place: Path) -> dict[str, Any]:
    """The results of a build: `place` is its folder, or the file itself.

    Raises `DataError` if they cannot be read, or are of another layout.
    """
    file = place / "results.json" if place.is_dir() else place
    try:
        if not place.exists():
            raise DataError(
                f"there is no report in {place}, which does not exist; reportgen build -o {place} makes one"
            )
        if not file.exists():
            raise DataError(
                f"there is no report in {place}: {file.name} is missing; name the folder of a build, or "
                "make one: reportgen build -o DIR"
            )
        # A device or a pipe may never end.
        if not file.is_file() or file.stat().st_size > LARGEST:
            raise DataError(f"cannot use {file}: results are a file of at most {LARGEST // 10**6} MB")
        results = json.loads(file.read_bytes(), parse_constant=_refuse)
    except OSError as error:
        raise DataError(f"cannot read {file}: {reason(error)}") from error
    except RecursionError as error:
        raise DataError(f"cannot use {file}: {_TOO_DEEP}") from error
    except ValueError as error:
        raise DataError(
            f"cannot use {file}: it is no JSON ({short(str(error))}); give the folder of a report"
        ) from error
    if not isinstance(results, dict) or "schema" not in results:
        raise DataError(f"cannot use {file}: these are not the results of a build; give the folder of a report")
    if (given := results["schema"]) != SCHEMA:
        raise DataError(
            f"cannot use {file}: it has layout {short(json.dumps(given))} and this reportgen reads {SCHEMA}; "
            "build its experiment again"
        )
    if wrong := _misshapen(results):
        raise DataError(f"cannot use {file}: {wrong}")
    return results


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number in JSON")


def _misshapen(results: dict[str, Any]) -> str:
    """What is not as a build writes it, as far as it matters here."""
    level: list[Any] = [results]
    depth = 0
    while level := [part for value in level for part in _parts(value) if isinstance(part, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            return _TOO_DEEP
    for name in ("experiment", "facts", "claims", "findings", "tables", "media"):
        if not isinstance(results.get(name), dict):
            return f"{name} must be an object"
    for name, claim in results["claims"].items():
        texts = [claim.get(key) for key in ("section", "post", "sentence")] if isinstance(claim, dict) else [None]
        if not all(isinstance(text, str) for text in texts) or not isinstance(claim.get("outcome"), str | None):
            return f"claim {short(name)!r} must have a section, an outcome and a sentence"
    for name, table in results["tables"].items():
        rows = table.get("rows") if isinstance(table, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            return f"table {short(name)!r} must have rows"
    return ""


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def json_bytes(value: Any) -> bytes:
    """Strict JSON, sorted, with null for numbers that are not finite."""
    text = json.dumps(json_value(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
