"""What is not the same in two builds: the values that say so, and their JSON."""

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
"""Relative difference up to which two numbers are the same."""


class Absent:
    """Stands for what only the other build has."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()

Kind = Literal["changed", "added", "removed"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that is not the same in both builds."""

    path: str
    """Where it stands, its section first; items of a list go by their names: `errors.arms[l1].median`."""
    old: Any
    new: Any

    @property
    def kind(self) -> Kind:
        """Whether both builds have it."""
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
        """Whether the outcome is another one, and not the numbers in the sentence alone."""
        return self.old != self.new


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with an interval, most often the difference of two arms."""

    path: str
    about: str
    """`"L2 − L1"`; empty where the path says it all."""
    old: Mapping[str, Any]
    """What stands beside it too: pairs, verdict, superiority ..."""
    new: Mapping[str, Any]
    """The same way round as the old one, even if the second build subtracts the other way."""

    @property
    def flipped(self) -> bool:
        """Whether the verdict is another one."""
        return self.old.get("verdict") != self.new.get("verdict")

    @property
    def reversed(self) -> bool:
        """Whether better has become worse, or the other way round."""
        return {self.old.get("verdict"), self.new.get("verdict")} == {"better", "worse"}

    @property
    def within(self) -> bool | None:
        """Whether the new estimate lies in the old interval; None if one of them is no number."""
        low, high, new = self.old["low"], self.old["high"], self.new["estimate"]
        return None if None in (low, high, new) else bool(low <= new <= high)

    @property
    def shift(self) -> float | None:
        """By how much the estimate moved, in half-widths of the old interval; None if that cannot be said."""
        low, high, old, new = self.old["low"], self.old["high"], self.old["estimate"], self.new["estimate"]
        if None in (low, high, old, new):
            return None
        if old == new:
            return 0.0
        # Halved first: the difference of two large numbers may be infinite.
        half = abs(high / 2 - low / 2)
        return abs(new - old) / half if half else math.inf


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that is not part of a list."""

    path: str
    old: float | None
    """None where there was none to compute, as where every run diverged."""
    new: float | None
    old_interval: tuple[float, float] | None = None
    new_interval: tuple[float, float] | None = None
    repeats_setting: bool = False
    """Whether a changed setting went from and to the same numbers: most likely this one only says so again."""

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
        """The change as a share of the larger of both, 2 for a change of sign; infinite if there is one number only."""
        if self.old is None or self.new is None:
            return math.inf
        largest = max(abs(self.old), abs(self.new))
        return abs(self.new / largest - self.old / largest)


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """A list of numbers: values of runs, a grid, a curve."""

    path: str
    old: int
    """How many values it has."""
    new: int
    changed: int | None
    """How many are not what they were; None where the lists are not of one length."""
    old_median: float | None
    new_median: float | None


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """A table that both builds have."""

    name: str
    old_rows: int
    new_rows: int
    cells: int
    """Cells of the rows that both have."""
    changed: int


@dataclass(frozen=True, kw_only=True)
class ReportDiff:
    """Everything that is not the same in two builds, the most important first."""

    first: str
    second: str
    tolerance: float
    settings: tuple[Change, ...]
    versions: tuple[Change, ...]
    claims: tuple[Outcome, ...]
    """Those with another outcome."""
    reworded: tuple[Outcome, ...]
    """Those with the same outcome and other numbers, or other words, in their sentence."""
    estimates: tuple[Estimate, ...]
    numbers: tuple[Number, ...]
    series: tuple[ListChange, ...]
    others: tuple[Change, ...]
    """Findings that are no numbers: words, yes and no."""
    tables: tuple[TableChange, ...]
    pictures: tuple[str, ...]
    """Those drawn from other numbers."""
    only_first: tuple[str, ...]
    """What the second build does not have."""
    only_second: tuple[str, ...]

    @property
    def flipped(self) -> tuple[Estimate, ...]:
        """Comparisons with another verdict."""
        return tuple(estimate for estimate in self.estimates if estimate.flipped)

    @property
    def moved(self) -> tuple[Estimate, ...]:
        """Estimates with the verdict that they had, or with none."""
        return tuple(estimate for estimate in self.estimates if not estimate.flipped)

    @property
    def any(self) -> bool:
        """Whether there is a difference at all."""
        return any(
            isinstance(value, tuple) and value
            for value in (getattr(self, field.name) for field in dataclasses.fields(self))
        )


def as_json(found: ReportDiff) -> bytes:
    """A difference for programs, with null for numbers that are not finite; `old` or `new` is missing from what only
    one build has."""
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

    content = {"schema": SCHEMA, "changed": found.any, **json_value(found, parts)}
    # Half of a surrogate pair, which JSON can hold and UTF-8 cannot, is written as JSON writes it.
    return f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")
