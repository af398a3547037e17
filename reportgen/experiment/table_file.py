"""The experiment file for a table: what its settings are, and what was found in each column as comments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from reportgen.losses import fitting
from reportgen.tables import Feature, Frame
from reportgen.tables.roles import IGNORING
from reportgen.tables.settings import ColumnSettings, TableSettings
from reportgen.text import plural, printable
from reportgen.values import short

SECTIONS = (
    "decision",
    "column_path",
    "column_errors",
    "column_stability",
    "substitutes",
    "network_or_not",
    "columns",
    "repeat",
)
"""The sections of a study of a table."""

_LARGEST = 45_000
"""Bytes; a larger experiment file is not read."""

_KEYS = ("weights", "missing", "delimiter", "decimal", "most_rows")
"""Settings that the file states if they are not the defaults."""


def experiment_text(path: Path, frame: Frame, settings: TableSettings) -> str:
    """The experiment file that studies a table; `path` is that of the table, as the file should name it.

    It states what `settings` state and nothing else, so it describes the experiment that `reportgen build` makes of the
    table itself. What was found is in comments. Of very many columns, only those with settings are listed.
    """
    for every in (True, False):
        text = "\n".join(_lines(path, frame, settings, every)) + "\n"
        if len(text.encode("utf-8", "replace")) <= _LARGEST:
            break
    return text


def _lines(path: Path, frame: Frame, settings: TableSettings, every: bool) -> Iterator[str]:
    name, target = printable(path.name), frame.target_name
    yield f"# Which columns of {name} predict {target}, and which can be left out."
    yield "#"
    yield "# `reportgen new table` wrote this file from what it found. Change what you know better."
    yield ""
    yield f"title = {_toml(short(f'What predicts {target}?'))}"
    yield "sections = ["
    yield from (f'    "{section}",' for section in SECTIONS)
    yield "]"
    yield ""
    yield from _comments(note.text for note in frame.notes if not note.column)
    yield "[data]"
    yield 'name = "table"'
    yield f"file = {_toml(str(path))}"
    yield f"target = {_toml(target)}  # {_about_target(frame)}"
    yield f'task = "{frame.task}"'
    for key in _KEYS:
        value = getattr(settings, key)
        if value != next(field.default for field in dataclasses.fields(TableSettings) if field.name == key):
            yield f"{key} = {_toml(value)}"
    yield from _comments(note.text for note in frame.notes if note.column == target)
    yield ""
    if every:
        yield '# Add what you know. role = "number", "category", "group" (rows that belong together), "time" (the order'
        yield '# of rows) or "ignore"; cost = 2.5 is the price of one value; unit = "kg" the unit of its numbers.'
    stated = dict(settings.columns)
    found = {feature.name: feature for feature in frame.features}
    for column in _columns(frame, settings) if every else stated:
        known = stated.get(column, ColumnSettings())
        yield f"[data.columns.{_key(column)}]"
        if column in found:
            yield f"# {'Category' if found[column].levels else 'Number'}: {_about(found[column])}"
        yield from _comments(note.text for note in frame.notes if note.column == column)
        if known.role:
            yield f'role = "{known.role}"'
        if known.cost:
            yield f"cost = {known.cost!r}"
        if known.unit:
            yield f"unit = {_toml(known.unit)}"
    yield ""
    if frame.classes:
        yield "[training]"
        yield f'loss = "{fitting(frame.task)[0]}"'
        yield ""
    yield "[[arms]]"
    yield 'name = "none"'
    yield 'penalty = "none"'


def _columns(frame: Frame, settings: TableSettings) -> dict[str, None]:
    """The names of the columns that are worth a table: inputs, those with settings, and those that are ignored."""
    ignored = [note.column for note in frame.notes if note.code in IGNORING]
    names = [*(feature.name for feature in frame.features), *dict(settings.columns), *ignored]
    return dict.fromkeys(names)


def _about_target(frame: Frame) -> str:
    rows = plural(frame.rows, "row")
    if not frame.classes:
        return f"{rows}, {_range(frame.target)}"
    counts = np.bincount(frame.target.astype(np.intp), minlength=len(frame.classes))
    return f"{rows}: " + _listing(
        [f"{count:,} {short(name)}" for name, count in zip(frame.classes, counts, strict=True)]
    )


def _about(feature: Feature) -> str:
    present = feature.values[~np.isnan(feature.values)]
    missing = 1 - len(present) / len(feature.values)
    parts = [
        f"{plural(len(feature.levels), 'level')}, {_listing(feature.levels)}" if feature.levels else _range(present)
    ]
    if missing:
        parts.append(f"{missing:.1%} missing")
    return ", ".join(parts)


def _range(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    different = len(np.unique(values))
    return f"{plural(different, 'different value')} from {values.min():.6g} to {values.max():.6g}"


def _listing(items: tuple[str, ...] | list[str]) -> str:
    return ", ".join(short(item) for item in items[:6]) + (", …" if len(items) > 6 else "")


def _comments(texts: Iterator[str]) -> Iterator[str]:
    return (f"# {printable(text)}" for text in texts)


def _toml(value: str | tuple[str, ...] | int) -> str:
    """A value as TOML, whose basic strings have the escapes of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    """A key, in quotes unless it is a bare one."""
    return name if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name) else _toml(name)
