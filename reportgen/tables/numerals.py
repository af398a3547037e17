"""Numbers as people write them: decimal commas, thousands separators, currency signs and percent signs."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from reportgen.tables import Array

_SPACES = " \u00a0\u2009\u202f"
_CURRENCY = r"[$€£¥₹]|USD|EUR|GBP|CHF|JPY"
_AFFIX = re.compile(rf"^[+\-−]?\s*({_CURRENCY})|({_CURRENCY}|%)$")


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    thousands = "," if decimal == "." else "."
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<sign>[+\-−]?)(?P<body>(?:\d{{1,3}}([{re.escape(thousands)}'’{_SPACES}])\d{{3}}(?:\3\d{{3}})*|\d+)"
        rf"(?:{point}\d*)?|{point}\d+)(?P<power>[eE][+\-−]?\d+)?",
        re.ASCII,
    )


@cache
def _separators(decimal: str) -> dict[int, str | None]:
    """The characters to remove from a numeral, and the decimal sign as a point."""
    return {**{ord(sign): None for sign in f".,'’{_SPACES}"}, ord(decimal): "."}


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written."""

    decimal: str = "."
    affix: str = ""
    """A currency sign or a percent sign that every number has."""

    def value(self, cell: str) -> float | None:
        """The number in a cell, which may be infinite; None if it is no number in this format."""
        text = cell.strip()
        if self.affix:
            if (found := affix(text)) != self.affix:
                return None
            text = text.replace(found, "", 1).strip()
            text = re.sub(r"^([+\-−])\s+", r"\1", text)
        if not (match := _pattern(self.decimal).fullmatch(text)):
            return None
        body = match["body"].translate(_separators(self.decimal))
        return float(f"{match['sign']}{body}{match['power'] or ''}".replace("−", "-"))

    def values(self, cells: Sequence[str], missing: Collection[str]) -> tuple[Array, list[int]]:
        """The numbers in cells, NaN for the missing ones, and the indices of cells that hold no finite number."""
        if self.decimal == "." and not self.affix and (quick := _plain(cells, missing)) is not None:
            return quick, []
        values, bad = np.full(len(cells), np.nan), []
        for i, cell in enumerate(cells):
            if cell in missing:
                continue
            value = self.value(cell)
            if value is None or not math.isfinite(value):
                bad.append(i)
            else:
                values[i] = value
        return values, bad


def _plain(cells: Sequence[str], missing: Collection[str]) -> Array | None:
    """The numbers in cells that are written as in Python, NaN for the missing ones; None if one is written otherwise.

    It is some times faster than a regular expression for every cell.
    """
    try:
        values = np.array([math.nan if cell in missing else float(cell) for cell in cells])
    except ValueError:
        return None
    if np.isfinite(values).all():
        fine = True
    else:
        # Python also reads "nan" and "inf", and "1e400" as infinite.
        absent = np.fromiter((cell in missing for cell in cells), bool, len(cells))
        fine = bool(np.isfinite(values[~absent]).all())
    # Python reads underscores and digits of other scripts.
    return values if fine and "_" not in (joined := "".join(cells)) and joined.isascii() else None


def affix(cell: str) -> str:
    """The currency sign or percent sign before or behind the number in a cell; "" if there is none."""
    match = _AFFIX.search(cell.strip())
    return (match[1] or match[2]) if match else ""


def decimal_votes(cells: Sequence[str]) -> dict[str, int]:
    """How many cells can only be numbers with a decimal point, and how many only with a decimal comma.

    "1,234" may be 1234 or 1.234, and "12" has no decimals, so they count for neither.
    """
    votes = {".": 0, ",": 0}
    for cell in cells:
        text = cell.strip().removesuffix("%").strip()
        fits = [decimal for decimal in votes if _pattern(decimal).fullmatch(text)]
        if len(fits) == 1:
            votes[fits[0]] += 1
    return votes


def is_ambiguous(cell: str) -> bool:
    """True for "1,234" or "1.234", a number with three decimals or with thousands."""
    return re.fullmatch(r"[+\-−]?\d{1,3}[.,]\d{3}", cell.strip(), re.ASCII) is not None and not cell.strip().startswith(
        ("0", "-0", "−0", "+0")
    )
