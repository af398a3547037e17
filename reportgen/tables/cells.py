"""Columns of cells with text: which of them are numbers, and what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.tables import Array, Note
from reportgen.tables.notes import note
from reportgen.tables.numerals import NumberFormat, affix, decimal_votes, is_ambiguous
from reportgen.text import printable
from reportgen.values import short_repr

MOST_BAD = 0.1
"""The largest share of cells without a number in a column that is still one of numbers, so that these are mistakes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RawColumn:
    """A column as the file has it: numbers, or texts as indices of their levels."""

    name: str
    index: int
    """Its place in the file, from 0."""
    numbers: Array | None = None
    """One per row, NaN if missing; None for texts."""
    codes: NDArray[np.int32] | None = None
    """The level of each row, -1 if missing; None for numbers."""
    levels: tuple[str, ...] = ()
    """The different texts, in the order in which they first occur."""
    unit: str = ""

    @property
    def absent(self) -> NDArray[np.bool_]:
        """True for rows without a value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.asarray(self.codes) < 0

    def take(self, rows: NDArray[np.intp]) -> RawColumn:
        """The column of these rows."""
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = None if self.codes is None else self.codes[rows]
        return RawColumn(
            name=self.name, index=self.index, numbers=numbers, codes=codes, levels=self.levels, unit=self.unit
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """All columns of a table before any of them has a role."""

    name: str
    path: str
    """The path for messages."""
    columns: tuple[RawColumn, ...]
    rows: int
    digest: str
    """Of the content, in hex; the sample of rows depends on it."""
    place: Callable[[int, int], str]
    """Where a cell is, by row and column from 0, as an error message begins."""
    place_name: Callable[[int], str]
    """Where a row is, for a sentence: "line 12"."""
    notes: tuple[Note, ...] = ()
    reading: tuple[tuple[str, str], ...] = ()
    """See `Frame.reading`."""


BOOLEAN_WORDS = frozenset(["false", "true", "no", "yes", "n", "y", "f", "t", "off", "on"])
"""Texts that are no numbers but become 0 or 1."""


class NotNumbers(Exception):
    """Columns began like numbers and are none; they must be read again as texts."""

    def __init__(self, indices: frozenset[int]) -> None:
        super().__init__(indices)
        self.indices = indices


@dataclass
class ColumnBuilder:
    """Collects the cells of one column, in parts."""

    name: str
    index: int
    missing: frozenset[str]
    role: str = ""
    """"number" or "text" if it is known, "" to guess it from the first part."""
    format: NumberFormat | None = None
    """How its numbers are written; None for texts, and before the first part."""
    ambiguous: bool = False
    """True if all of its numbers can be read with a decimal point and with a decimal comma."""
    bad: list[tuple[int, str]] = field(default_factory=list)
    """Rows and texts of the first cells that are no numbers."""
    _bad_count: int = 0
    _present: int = 0
    _rows: int = 0
    _numbers: list[Array] = field(default_factory=list)
    _codes: list[NDArray[np.int32]] = field(default_factory=list)
    _levels: dict[str, int] = field(default_factory=dict)

    def add(self, cells: Sequence[str], decimals: Sequence[str]) -> None:
        """Take the next cells; `decimals` are the possible decimal signs, the most likely first."""
        if not self._rows:
            self._decide(cells, decimals)
        if self.format:
            values, bad = self.format.values(cells, self.missing)
            self._numbers.append(values)
            self._bad_count += len(bad)
            self._present += int(np.isfinite(values).sum()) + len(bad)
            self.bad += [(self._rows + i, cells[i]) for i in bad[: 10 - len(self.bad)]]
        else:
            levels = self._levels
            codes = np.empty(len(cells), np.int32)
            for i, cell in enumerate(cells):
                text = cell.strip()
                codes[i] = -1 if text in self.missing else levels.setdefault(text, len(levels))
            self._codes.append(codes)
        self._rows += len(cells)

    def _decide(self, cells: Sequence[str], decimals: Sequence[str]) -> None:
        if self.role == "text":
            return
        present = [text for cell in cells if (text := cell.strip()) not in self.missing]
        if (
            present
            and present[0].casefold() in BOOLEAN_WORDS
            and {text.casefold() for text in present} <= BOOLEAN_WORDS
        ):
            return
        # A code like 00501 is no number: it would lose its zeros.
        if not self.role and any(text[0] == "0" and re.fullmatch(r"0\d+", text) for text in present):
            return
        sign = affix(present[0]) if present else ""
        likely, *other = (NumberFormat(decimal, sign) for decimal in decimals)
        bad = len(likely.values(present, ())[1])
        if not bad:
            self.format = likely
            self.ambiguous = all(form.value(text) is not None for form in other for text in present) and any(
                map(is_ambiguous, present)
            )
            return
        for form in other:
            if (fewer := len(form.values(present, ())[1])) < bad:
                likely, bad = form, fewer
        # "inf" is no numeral, but a column with it is one of numbers.
        infinite = sum(map(_is_infinite, present))
        if self.role == "number" or bad - infinite <= MOST_BAD * len(present):
            self.format = likely

    @property
    def is_text(self) -> bool:
        """True if a guess of numbers turned out wrong."""
        bad = [text for _, text in self.bad]
        wrong = self._bad_count > MOST_BAD * self._present and not all(_is_infinite(text) for text in bad)
        return self.role != "number" and wrong

    def check(self, place: Callable[[int, int], str], rule: str) -> None:
        """Raise `DataError` for the first cell that is no number; `rule` is what to state if it should be one."""
        if not self.bad:
            return
        row, cell = self.bad[0]
        text, others = cell.strip(), f"; {self._bad_count:,} cells are like that" if self._bad_count > 1 else ""
        if _is_infinite(text):
            kind = "too large for a number" if re.search(r"\d", text) else "no finite number"
            what = f"{short_repr(text)} is {kind}{others}; correct it, or add it to missing"
        else:
            near = [known for known in self.missing if known.casefold() == text.casefold()]
            hint = f" Did you mean {near[0]!r}?" if near else ""
            what = f"{short_repr(text)} is not a number as the others are{others}.{hint} Correct it, add it to missing"
            what += f", or state {rule}"
        raise DataError(f"{place(row, self.index)}: column {short_repr(self.name)}: {what}")

    def finish(self) -> RawColumn:
        """The column of all cells."""
        if self.format:
            numbers = np.concatenate(self._numbers)
            return RawColumn(name=self.name, index=self.index, numbers=numbers, unit=self.format.affix)
        codes = np.concatenate(self._codes) if self._codes else np.empty(0, np.int32)
        shown = [_shown_level(text, i) for text, i in self._levels.items()]
        # Texts that differ only in spaces or line breaks are one level.
        places = {level: i for i, level in enumerate(dict.fromkeys(shown))}
        new = np.array([*(places[level] for level in shown), -1], np.int32)
        return RawColumn(name=self.name, index=self.index, codes=new[codes], levels=tuple(places))


_LONGEST_LEVEL = 100


def _shown_level(text: str, index: int) -> str:
    """A level as pages and pictures show it. Two texts stay two when they are cut."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= _LONGEST_LEVEL else f"{text[: _LONGEST_LEVEL - 12]}… ({index + 1})"


_INFINITE = re.compile(r"[+\-−]?(inf|infinity|∞)", re.IGNORECASE)


def _is_infinite(text: str) -> bool:
    if _INFINITE.fullmatch(text):
        return True
    forms = [NumberFormat(decimal, affix(text)) for decimal in (".", ",")]
    return any((value := form.value(text)) is not None and value in (float("inf"), float("-inf")) for form in forms)


def likely_decimals(columns: Sequence[Sequence[str]], stated: str) -> tuple[tuple[str, ...], bool]:
    """The possible decimal signs, the most likely first, and True if cells of the table show which it is."""
    if stated:
        return (stated,), True
    votes = {".": 0, ",": 0}
    for cells in columns:
        for decimal, count in decimal_votes(cells[:1_000]).items():
            votes[decimal] += count
    order = (",", ".") if votes[","] > votes["."] else (".", ",")
    return order, votes["."] != votes[","]


def ambiguity_notes(builders: Sequence[ColumnBuilder], shown: bool) -> list[Note]:
    """Notes on columns whose numbers can be read in two ways; none if other cells show the decimal sign."""
    return [
        note(
            "T18",
            f"The numbers of {builder.name} could have thousands or three decimals; they are read with a decimal "
            f'{"point" if builder.format.decimal == "." else "comma"}. State decimal = "." or decimal = ",".',
            builder.name,
        )
        for builder in builders
        if builder.format and builder.ambiguous and not shown
    ]
