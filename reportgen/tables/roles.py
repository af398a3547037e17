"""Roles of columns, guessed where they are not stated, and the frame that a study uses."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.tables import Array, Feature, Frame, Note, Task, checks
from reportgen.tables.cells import RawColumn, RawTable
from reportgen.tables.dates import read_dates
from reportgen.tables.design import MOST_LEVELS
from reportgen.tables.notes import note
from reportgen.tables.settings import TableSettings
from reportgen.text import plural
from reportgen.values import short, short_repr

FEWEST_ROWS = 20
"""The fewest rows with a target."""
MOST_CLASSES = 100
LARGEST = 1e100
"""The largest number; a column whose numbers are all below its inverse is refused, too."""
_BOOLEAN = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"off", "on"})
_TRUE = {"true", "yes", "y", "t", "on"}
_IDENTIFIER = re.compile(r"(?:^|[\W_])(?:id|ids|key|uuid|guid|index|nr|no|number|code|row)$", re.IGNORECASE)
_CAMEL_IDENTIFIER = re.compile(r"[a-z](?:Id|ID|Nr|No|Key|Code)$")
_GROUP = re.compile(
    r"(?:^|[\W_])(?:id|patients?|subjects?|persons?|participants?|customers?|users?|household|hospital|school|center|"
    r"centre|site|farm|animal|mouse|batch)(?:[\W_]|$)",
    re.IGNORECASE,
)


def make_frame(raw: RawTable, settings: TableSettings) -> Frame:
    """The table with a role for each column; raises `DataError` or `ExperimentError` if a study cannot use it."""
    columns = {column.name: column for column in raw.columns}
    notes = list(raw.notes)
    rows = _rows_with_target(columns[settings.target], raw, notes)
    grouping = _grouping(columns, settings, rows, raw)
    rows, grouping = _sample(rows, grouping, raw, settings, notes)
    used = {name: column.take(rows) for name, column in columns.items()}
    for column in used.values():
        _check_size(column, rows, raw)
    task, target, classes = _target(used[settings.target], settings, raw, notes)
    stated = settings.column(settings.target)
    time = next((name for name, column in settings.columns if column.role == "time"), None)
    groups = None if grouping is None else np.unique(grouping, return_inverse=True)[1].astype(np.intp)
    special = {settings.target, settings.weights, time}
    features: list[Feature] = []
    for name, column in used.items():
        if name not in special and settings.column(name).role != "group":
            features += _feature(column, settings, notes)
    if not features:
        raise DataError(f"{raw.path}: no column is left to predict {short_repr(settings.target)} from{_why(notes)}")
    frame = Frame(
        name=raw.name,
        task=task,
        target_name=settings.target,
        target=target,
        classes=classes,
        target_unit=stated.unit or ("" if classes else used[settings.target].unit),
        features=tuple(features),
        groups=groups,
        time=_time(used[time], rows, raw) if time else None,
        weights=_weights(used[settings.weights], rows, raw) if settings.weights else None,
        reading=raw.reading,
        rows_in_file=raw.rows,
    )
    notes += checks.table_notes(frame, lambda row: raw.place_name(int(rows[row])))
    order = sorted(range(len(notes)), key=lambda i: (notes[i].code, i))
    return dataclasses.replace(frame, notes=tuple(notes[i] for i in order))


def _why(notes: Sequence[Note]) -> str:
    left_out = [note for note in notes if note.code in IGNORING]
    return f": {left_out[0].text}" if left_out else ""


IGNORING = ("T03", "T04", "T05", "T07")
"""Codes of notes on columns that are ignored because of what is in them."""


def _rows_with_target(column: RawColumn, raw: RawTable, notes: list[Note]) -> NDArray[np.intp]:
    absent = column.absent
    rows = np.flatnonzero(~absent)
    if not len(rows):
        raise DataError(f"{raw.path}: the target {short_repr(column.name)} has no values")
    if lost := int(absent.sum()):
        notes.append(
            note(
                "T11",
                f"{plural(lost, 'row has', 'rows have')} no target and {'is' if lost == 1 else 'are'} left out. "
                "Check that they are missing by chance, or results are about the other rows only.",
            )
        )
    if len(rows) < FEWEST_ROWS:
        raise DataError(
            f"{raw.path} has {plural(len(rows), 'row')} with a target; a study needs {FEWEST_ROWS} at least"
        )
    return rows


def _grouping(
    columns: dict[str, RawColumn], settings: TableSettings, rows: NDArray[np.intp], raw: RawTable
) -> NDArray[np.int64] | None:
    """The number of the group of each row in `rows`, if a column has this role."""
    name = next((name for name, column in settings.columns if column.role == "group"), None)
    if name is None:
        return None
    column = columns[name]
    _need_values(column, rows, raw, "a group")
    groups = np.unique(np.asarray(column.codes)[rows], return_inverse=True)[1]
    if groups.max() < 1:
        raise DataError(f"{raw.path}: all rows are of one group in column {short_repr(name)}; a study needs several")
    return groups


def _need_values(column: RawColumn, rows: NDArray[np.intp], raw: RawTable, what: str) -> None:
    absent = column.absent[rows] if len(column.absent) != len(rows) else column.absent
    if absent.any():
        row = int(rows[np.flatnonzero(absent)[0]])
        raise DataError(
            f"{raw.place(row, column.index)}: column {short_repr(column.name)}: every row needs {what}; fill it in, or "
            "leave the row out"
        )


def _sample(
    rows: NDArray[np.intp],
    grouping: NDArray[np.int64] | None,
    raw: RawTable,
    settings: TableSettings,
    notes: list[Note],
) -> tuple[NDArray[np.intp], NDArray[np.int64] | None]:
    """At most `most_rows` rows in their order; rows of one group stay together."""
    if len(rows) <= settings.most_rows:
        return rows, grouping
    # The digest makes the draw depend on the content and on nothing else.
    content = int(raw.digest[:16], 16)
    rng = np.random.default_rng(content)
    if grouping is None:
        chosen = np.sort(rng.choice(len(rows), settings.most_rows, replace=False))
    else:
        sizes = np.bincount(grouping)
        order = rng.permutation(len(sizes))
        kept = order[: max(1, np.searchsorted(np.cumsum(sizes[order]), settings.most_rows, side="right"))]
        chosen = np.flatnonzero(np.isin(grouping, kept))
        if len(kept) < 2 or len(chosen) < FEWEST_ROWS:
            raise DataError(
                f"{raw.path}: groups have too many rows to draw {settings.most_rows:,} of them; state more as most_rows"
            )
        grouping = grouping[chosen]
    notes.append(
        note(
            "T12",
            f"{len(chosen):,} of {len(rows):,} rows are drawn and used, the same ones in every build. "
            f"State most_rows to use more; it takes longer.",
        )
    )
    return rows[chosen], grouping


def _target(
    column: RawColumn, settings: TableSettings, raw: RawTable, notes: list[Note]
) -> tuple[Task, Array, tuple[str, ...]]:
    """The task, the target as numbers or indices of classes, and the classes."""
    name = short_repr(column.name)
    if column.numbers is not None:
        values, counts = np.unique(column.numbers, return_counts=True)
        if len(values) < 2:
            raise DataError(
                f"{raw.path}: the target {name} is {_text(values[0])} in all rows, so there is nothing to predict"
            )
        as_classes = settings.task in ("binary", "classes") or (settings.task is None and len(values) == 2)
        if not as_classes:
            few = len(values) <= 10 and counts.min() >= 5 and np.array_equal(values, np.round(values))
            if settings.task is None and few:
                notes.append(
                    note(
                        "T20",
                        f"The target {column.name} has {len(values)} different whole numbers and is predicted as a "
                        'number. State task = "classes" if they are names of classes, or task = "regression".',
                        column.name,
                    )
                )
            return "regression", column.numbers, ()
        if settings.task is None and not np.array_equal(values, [0, 1]):
            notes.append(
                note(
                    "T20",
                    f"The target {column.name} is {_text(values[0])} or {_text(values[1])} and is predicted as a class."
                    ' State task = "regression" to predict a number, or task = "binary".',
                    column.name,
                )
            )
        column = as_texts(column)
    codes, levels, counts = _present_levels(column)
    if len(levels) < 2:
        raise DataError(f"{raw.path}: the target {name} is {levels[0]!r} in all rows, so there is nothing to predict")
    if len(levels) > len(codes) / 2 or len(levels) > MOST_CLASSES:
        every = "as many values as rows" if len(levels) == len(codes) else f"{len(levels):,} different values"
        raise DataError(
            f"{raw.path}: the target {name} has {every}, which are too many classes; name another target, or state "
            'task = "regression" if it is a number'
        )
    if settings.task == "binary" and len(levels) > 2:
        listed = ", ".join(short(level) for level in levels[:6]) + (", …" if len(levels) > 6 else "")
        raise DataError(
            f'{raw.path}: the target {name} has {len(levels)} values ({listed}); task = "binary" needs two: state '
            'task = "classes", or add a text to missing'
        )
    return ("binary" if len(levels) == 2 else "classes"), codes.astype(np.float64), levels


def as_texts(column: RawColumn) -> RawColumn:
    """A column of numbers as one of their texts."""
    if column.numbers is None:
        return column
    absent = np.isnan(column.numbers)
    values, codes = np.unique(column.numbers[~absent], return_inverse=True)
    every = np.full(len(column.numbers), -1, np.int32)
    every[~absent] = codes
    return RawColumn(name=column.name, index=column.index, codes=every, levels=tuple(map(_text, values)))


def _text(value: float) -> str:
    return f"{value:.15g}" if value != round(value) or abs(value) >= 1e15 else f"{value:.0f}"


def _present_levels(column: RawColumn) -> tuple[NDArray[np.int32], tuple[str, ...], NDArray[np.intp]]:
    """Codes (-1 if missing), the levels that occur in a natural order, and how often each occurs."""
    codes = np.asarray(column.codes)
    counts = np.bincount(codes[codes >= 0], minlength=len(column.levels))
    present = [i for i in range(len(column.levels)) if counts[i]]
    present.sort(key=lambda i: _natural(column.levels[i]))
    new = np.full(len(column.levels) + 1, -1, np.int32)
    new[present] = np.arange(len(present))
    return new[codes], tuple(column.levels[i] for i in present), counts[present]


def _natural(level: str) -> tuple[object, ...]:
    """A key by which level 2 comes before level 10, and "no" before "yes"."""
    # Long runs of digits are no numbers to count with, and int() refuses thousands of them.
    parts = re.split(r"(?<!\d)(\d{1,18})(?!\d)", level, flags=re.ASCII)
    return tuple((0, int(part), "") if i % 2 else (1, 0, part) for i, part in enumerate(parts) if part)


def _check_size(column: RawColumn, rows: NDArray[np.intp], raw: RawTable) -> None:
    """Refuse numbers whose squares would be infinite or zero."""
    numbers = column.numbers
    if numbers is None or not len(known := np.flatnonzero(~np.isnan(numbers))):
        return
    sizes = np.abs(numbers[known])
    largest = int(sizes.argmax())
    if sizes[largest] > LARGEST or 0 < sizes[largest] < 1 / LARGEST:
        place = raw.place(int(rows[known[largest]]), column.index)
        what = "too large" if sizes[largest] > 1 else "the largest number of the column and too small"
        raise DataError(
            f"{place}: column {short_repr(column.name)}: {numbers[known[largest]]:g} is {what}; state the column in "
            "another unit"
        )


def _weights(column: RawColumn, rows: NDArray[np.intp], raw: RawTable) -> Array:
    _need_values(column, rows, raw, "a weight")
    numbers = np.asarray(column.numbers)
    if (negative := np.flatnonzero(numbers < 0)).size:
        place = raw.place(int(rows[negative[0]]), column.index)
        raise DataError(f"{place}: column {short_repr(column.name)}: a weight must not be negative")
    if not numbers.any():
        raise DataError(f"{raw.path}: all weights in column {short_repr(column.name)} are 0")
    weights: Array = numbers / numbers.max()
    # The number of rows whose mean would be as certain with equal weights.
    effective = int(weights.sum() ** 2 / (weights**2).sum())
    if effective < FEWEST_ROWS:
        raise DataError(
            f"{raw.path}: the weights in column {short_repr(column.name)} count as {plural(effective, 'row')} of equal "
            f"weight; a study needs {FEWEST_ROWS} at least"
        )
    weights /= weights.mean()
    return weights


def _time(column: RawColumn, rows: NDArray[np.intp], raw: RawTable) -> Array:
    _need_values(column, rows, raw, "a time")
    if column.numbers is not None:
        return column.numbers
    codes, levels, _ = _present_levels(column)
    days = read_dates(levels).days[codes]
    if (unread := np.flatnonzero(np.isnan(days))).size:
        place = raw.place(int(rows[unread[0]]), column.index)
        raise DataError(
            f"{place}: column {short_repr(column.name)}: {short_repr(levels[codes[unread[0]]])} is no date and no "
            "number; write times as 2024-12-31 or 2024-12-31 23:59"
        )
    return days


def _feature(column: RawColumn, settings: TableSettings, notes: list[Note]) -> list[Feature]:
    """The input that a column is; none if it is ignored, with a note that says why."""
    stated, name = settings.column(column.name), column.name
    absent, rows = column.absent, len(column.absent)

    def ignore(code: str, text: str) -> list[Feature]:
        notes.append(note(code, text, name))
        return []

    if absent.all():
        return ignore("T05", f"{name} has no values and is ignored. Delete the column, or fill it in.")
    if column.numbers is not None and stated.role == "category":
        column = as_texts(column)
    if column.numbers is not None:
        values = np.unique(column.numbers[~absent])
        if len(values) == 1 and not absent.any():
            return ignore("T04", f"{name} is {_text(values[0])} in all rows and is ignored. It can tell nothing.")
        if stated.role is None and _is_identifier(column.numbers, values, name):
            return ignore(
                "T03",
                f"{name} is a different whole number in every row, as an identifier, and is ignored. State role = "
                '"number" if it is a measurement.',
            )
        if stated.role is None:
            _propose_group(name, len(values), rows, notes)
        if len(values) > 1:
            unit = stated.unit or column.unit
            return [Feature(name=name, values=column.numbers, cost=stated.cost, unit=unit)]
        # A number that is only present or missing is a category of one level.
        column = as_texts(column)
    codes, levels, counts = _present_levels(column)
    if len(levels) == 1 and not absent.any():
        return ignore("T04", f"{name} is {levels[0]!r} in all rows and is ignored. It can tell nothing.")
    folded = {level.casefold() for level in levels}
    if stated.role != "category" and folded in _BOOLEAN:
        truth = np.array([float(level.casefold() in _TRUE) for level in levels] + [np.nan])
        return [Feature(name=name, values=truth[codes], cost=stated.cost, unit=stated.unit)]
    if stated.role is None:
        dates = read_dates(levels)
        if np.isfinite(dates.days).mean() >= 0.9:
            if dates.ambiguous:
                notes.append(
                    note(
                        "T19",
                        f"The dates in {name} could begin with the day or with the month; they are read with the month "
                        "first. Write them as 2024-12-31.",
                        name,
                    )
                )
            return ignore(
                "T07",
                f'{name} holds dates and is ignored. State role = "time" if rows have an order in time, or make a '
                "column of numbers from it, such as a duration.",
            )
        if len(levels) > 0.9 * (rows - absent.sum()) and len(levels) >= FEWEST_ROWS / 2:
            return ignore(
                "T03",
                f"{name} has a different text in nearly every row, as an identifier, and is ignored. State role = "
                '"category" if rows with equal texts have something in common.',
            )
        _propose_group(name, len(levels), rows, notes)
    if len(levels) > MOST_LEVELS:
        rare = int(np.sort(counts)[:-MOST_LEVELS].sum())
        notes.append(
            note(
                "T16",
                f"{name} has {len(counts):,} levels. In training all but the {MOST_LEVELS} most frequent count as one; "
                f"they are in {plural(rare, 'row')} of the table. Merge them by their meaning instead.",
                name,
            )
        )
    values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    return [Feature(name=name, values=values, levels=levels, cost=stated.cost, unit=stated.unit)]


def _is_identifier(numbers: Array, values: Array, name: str) -> bool:
    if len(values) < len(numbers) or not np.array_equal(values, np.round(values)):
        return False
    counts_rows = values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1
    return bool(counts_rows) or bool(_IDENTIFIER.search(name) or _CAMEL_IDENTIFIER.search(name))


def _propose_group(name: str, levels: int, rows: int, notes: list[Note]) -> None:
    if _GROUP.search(name) and 2 < levels <= 0.7 * rows and levels > 10:
        notes.append(
            note(
                "T17",
                f"{name} looks like the name of something that has several rows, {levels:,} in {rows:,} rows. If rows "
                'of one belong together, state role = "group", or errors look smaller than they are.',
                name,
            )
        )
