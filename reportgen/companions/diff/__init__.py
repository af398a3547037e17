"""The differences between two builds, as values and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reportgen.values import json_value

SCHEMA = 1
"""Version of the layout of `as_json`."""

TOLERANCE = 1e-9
"""Relative difference up to which two numbers count as equal."""


class Absent:
    """Stands for a value that only the other build has."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()

Kind = Literal["changed", "added", "removed"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value that differs between the builds."""

    path: str
    """The path of the value, beginning with its section; list items go by name: `errors.arms[l1].median`."""
    old: Any
    new: Any

    @property
    def kind(self) -> Kind:
        """ "changed" if both builds have the value, else "added" or "removed"."""
        return "added" if self.old is ABSENT else "removed" if self.new is ABSENT else "changed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A claim that both builds make."""

    name: str
    section: str
    post: str
    old: str | None
    """Its outcome in the first build; None where it did not apply."""
    new: str | None
    old_sentence: str
    new_sentence: str

    @property
    def flipped(self) -> bool:
        """True if the outcome changed, and not only the numbers in the sentence."""
        return self.old != self.new


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with an interval, most often the difference of two arms."""

    path: str
    about: str
    """The compared arms, `"L2 − L1"`; empty if the path names them."""
    old: Mapping[str, Any]
    """The estimate with its interval, pairs, verdict, superiority ..."""
    new: Mapping[str, Any]
    """The same in the second build, with the sign of the old one even if the second build subtracts the other way."""

    @property
    def flipped(self) -> bool:
        """True if the verdict changed."""
        return self.old.get("verdict") != self.new.get("verdict")

    @property
    def reversed(self) -> bool:
        """True if "better" became "worse", or the other way around."""
        return {self.old.get("verdict"), self.new.get("verdict")} == {"better", "worse"}

    @property
    def within(self) -> bool | None:
        """True if the new estimate lies in the old interval; None if a number is missing."""
        low, high, new = self.old["low"], self.old["high"], self.new["estimate"]
        return None if None in (low, high, new) else bool(low <= new <= high)

    @property
    def shift(self) -> float | None:
        """The change of the estimate in half-widths of the old interval; None if a number is missing."""
        low, high, old, new = self.old["low"], self.old["high"], self.old["estimate"], self.new["estimate"]
        if None in (low, high, old, new):
            return None
        if old == new:
            return 0.0
        # Halve first: the difference of two large numbers may be infinite.
        half = abs(high / 2 - low / 2)
        return abs(new - old) / half if half else math.inf


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that is not part of a list."""

    path: str
    old: float | None
    """None if there was nothing to compute, such as if every run diverged."""
    new: float | None
    old_interval: tuple[float, float] | None = None
    new_interval: tuple[float, float] | None = None
    repeats_setting: bool = False
    """True if a changed setting has the same old and new value, so that this number most likely repeats it."""

    @property
    def change(self) -> float | None:
        """New minus old."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def relative(self) -> float | None:
        """The change as a share of the old number."""
        return self.change / abs(self.old) if self.old and self.change is not None else None

    @property
    def surprise(self) -> float:
        """The change as a share of the larger number, 2 for a change of sign; infinite if one number is missing."""
        if self.old is None or self.new is None:
            return math.inf
        largest = max(abs(self.old), abs(self.new))
        return abs(self.new / largest - self.old / largest)


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """A list of numbers: values of runs, a grid, a curve."""

    path: str
    old: int
    """Number of values."""
    new: int
    changed: int | None
    """Number of changed values; None if the lists differ in length."""
    old_median: float | None
    new_median: float | None


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """A table that both builds have."""

    name: str
    old_rows: int
    new_rows: int
    cells: int
    """Number of cells in the rows that both tables have."""
    changed: int


@dataclass(frozen=True, kw_only=True)
class ReportDiff:
    """All differences between two builds, the most important first."""

    first: str
    second: str
    tolerance: float
    settings: tuple[Change, ...]
    versions: tuple[Change, ...]
    claims: tuple[Outcome, ...]
    """Claims with another outcome."""
    reworded: tuple[Outcome, ...]
    """Claims with the same outcome and another sentence."""
    estimates: tuple[Estimate, ...]
    numbers: tuple[Number, ...]
    series: tuple[ListChange, ...]
    others: tuple[Change, ...]
    """Findings that are no numbers: texts, yes and no."""
    tables: tuple[TableChange, ...]
    pictures: tuple[str, ...]
    """Names of pictures that were drawn from other numbers."""
    only_first: tuple[str, ...]
    """Paths and names that only the first build has."""
    only_second: tuple[str, ...]

    @property
    def flipped(self) -> tuple[Estimate, ...]:
        """Estimates with another verdict."""
        return tuple(estimate for estimate in self.estimates if estimate.flipped)

    @property
    def moved(self) -> tuple[Estimate, ...]:
        """Estimates with the same verdict, or without one."""
        return tuple(estimate for estimate in self.estimates if not estimate.flipped)

    @property
    def any(self) -> bool:
        """True if there is any difference."""
        return any(
            isinstance(value, tuple) and value
            for value in (getattr(self, field.name) for field in dataclasses.fields(self))
        )


def as_json(diff: ReportDiff) -> bytes:
    """The differences as JSON, with null for numbers that are not finite; a value that only one build has lacks `old`
    or `new`."""
    computed = {
        Estimate: ("flipped", "within", "shift"),
        Number: ("change", "relative"),
        Change: ("kind",),
    }

    def parts(value: Any) -> Any:
        if not dataclasses.is_dataclass(value):
            return value
        names = [field.name for field in dataclasses.fields(value)] + list(computed.get(type(value), ()))
        return {name: item for name in names if (item := getattr(value, name)) is not ABSENT}

    content = {"schema": SCHEMA, "changed": diff.any, **json_value(diff, parts)}
    # JSON can hold a lone surrogate and UTF-8 cannot, so it is escaped.
    return f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")
