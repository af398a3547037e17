"""Dates as people write them, as days since 1970."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from reportgen.tables import Array

_TIME = r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?: ?(?P<half>[AP])M)?)?"
_ZONE = r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<word>[A-Za-z]{3,9})\.?"

_FORMS = tuple(
    re.compile(form + _TIME + _ZONE, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d\d)",
        r"(?P<first>\d{1,2})([/-])(?P<other>\d{1,2})\2(?P<year>\d{4}|\d\d)",
        rf"(?P<day>\d{{1,2}})[ -]{_MONTH}[ -](?P<year>\d{{4}})",
        rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})",
    )
)
"""ISO 8601, and the usual others."""


@dataclass(frozen=True, eq=False)
class Dates:
    """Texts read as dates."""

    days: Array
    """Days since 1970 of each text, NaN if it is no date."""
    ambiguous: bool
    """True if days and months could be exchanged in all of them; they are read as month, day."""


def read_dates(texts: Sequence[str]) -> Dates:
    """The dates in texts; 3/4/2024 is read in the order that fits all of them."""
    matches = [_match(text) for text in texts]
    pairs = [(int(m["first"]), int(m["other"])) for m in matches if m and m.groupdict().get("first")]
    day_first = any(first > 12 for first, _ in pairs)
    month_first = any(other > 12 for _, other in pairs)
    days = np.array([_days(match, day_first and not month_first) if match else np.nan for match in matches])
    same = all(first == other for first, other in pairs)
    return Dates(days, bool(pairs) and not day_first and not month_first and not same)


def _match(text: str) -> re.Match[str] | None:
    return next((match for form in _FORMS if (match := form.fullmatch(text.strip()))), None)


def _days(match: re.Match[str], day_first: bool) -> float:
    parts = match.groupdict()
    year = int(parts["year"])
    if year < 100:
        year += 2000 if year < 70 else 1900
    if parts.get("word"):
        if (word := parts["word"][:3].lower()) not in _MONTHS:
            return float("nan")
        month, day = _MONTHS.index(word) + 1, int(parts["day"])
    elif parts.get("first"):
        month, day = int(parts["first"]), int(parts["other"])
        if day_first:
            month, day = day, month
    else:
        month, day = int(parts["month"]), int(parts["day"])
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % 12 + 12 * (parts["half"].upper() == "P")
    try:
        moment = datetime(
            year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0), tzinfo=_zone(parts["zone"])
        )
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    except (ValueError, OverflowError):
        return float("nan")


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift)
