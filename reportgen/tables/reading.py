"""Any table as a `Frame`: text files, Parquet, workbooks, data frames and arrays."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.errors import DataError, ExperimentError, MachineError
from reportgen.tables import Frame, frame_file
from reportgen.tables.cells import (
    ColumnBuilder,
    RawColumn,
    RawTable,
    ambiguity_notes,
    likely_decimals,
)
from reportgen.tables.frame_file import to_bytes
from reportgen.tables.roles import as_texts, make_frame
from reportgen.tables.settings import TableSettings
from reportgen.tables.text_file import (
    MOST_CELLS,
    check_unchanged,
    clean_name,
    column_builders,
    header,
    open_table,
    read_text_file,
    stamp,
)
from reportgen.text import printable
from reportgen.values import short_repr
from reportgen.version import DISTRIBUTION

__all__ = ["column_names", "from_frame", "load", "to_bytes"]


def load(path: Path, settings: TableSettings) -> Frame:
    """Read a table: CSV or TSV, or by their suffix Parquet, xlsx, and what `to_bytes` wrote.

    Raises `ExperimentError` for settings that do not fit the table, and `DataError` for mistakes in the file, with line
    and column where there are any.
    """
    match path.suffix.lower():
        case ".frame":
            return _stored_frame(path, settings)
        case ".parquet":
            raw = _from_columns(_parquet_columns(path), settings, path.name, printable(str(path)))
        case suffix if suffix in _WORKBOOKS:
            raw = _from_columns(_workbook_columns(path), settings, path.name, printable(str(path)), first_row=2)
        case _:
            raw = read_text_file(path, settings)
    return make_frame(raw, settings)


def from_frame(frame: Any, settings: TableSettings, names: Sequence[str] | None = None, name: str = "table") -> Frame:
    """A data frame of pandas, polars or pyarrow, or a NumPy array, as `load` gives a file.

    `names` are those of the columns of an array with two dimensions; a structured array has its own. `name` is the name
    of the table in reports.
    """
    columns = _array_columns(frame, names) if isinstance(frame, np.ndarray) else _data_frame_columns(frame)
    return make_frame(
        _from_columns(columns, settings, name, "the table" if name == "table" else f"the table {name}"), settings
    )


def column_names(path: Path) -> list[str]:
    """The names of the columns of a file, in their order; raises as `load` does."""
    match path.suffix.lower():
        case ".parquet":
            return list(_parquet_columns(path))
        case suffix if suffix in _WORKBOOKS:
            return list(_workbook_columns(path))
    return header(path)


_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")


def _stored_frame(path: Path, settings: TableSettings) -> Frame:
    shown = printable(str(path))
    with open_table(path) as file:
        before = stamp(file)
        content = file.read()
        check_unchanged(shown, before, stamp(file))
    try:
        frame = frame_file.from_bytes(content)
    except ValueError as error:
        raise DataError(f"cannot use {shown}: {error}") from error
    if frame.target_name != settings.target:
        raise ExperimentError(
            f"target {short_repr(settings.target)} is not that of {shown}, which is {short_repr(frame.target_name)}"
        )
    return frame


def _extra(module: str, package: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MachineError(
            f'cannot read {what} without {package}; install it with: pip install "{DISTRIBUTION}[tables]"'
        ) from error


_Columns = dict[str, Any]
"""Columns by name: an array of floats, or a list of texts, "" if missing."""


def _parquet_columns(path: Path) -> _Columns:
    shown = printable(str(path))
    with open_table(path) as file:
        if file.peek(4)[:4] != b"PAR1":
            raise DataError(f"{shown} is not a Parquet file, though its suffix says so")
        parquet = _extra("pyarrow.parquet", "pyarrow", "a Parquet file")
        arrow = importlib.import_module("pyarrow")
        before = stamp(file)
        try:
            table = parquet.ParquetFile(file).read()
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise DataError(f"cannot read {shown}: {' '.join(str(error).split())}") from error
        check_unchanged(shown, before, stamp(file))
    _checked_names(table.column_names, shown)
    return _data_frame_columns(table)


def _workbook_columns(path: Path) -> _Columns:
    shown = printable(str(path))
    with open_table(path) as file:
        if file.peek(4)[:2] not in (b"PK", b"\xd0\xcf"):
            raise DataError(f"{shown} is not a workbook, though its suffix says so")
        calamine = _extra("python_calamine", "python-calamine", "a workbook")
        before = stamp(file)
        try:
            sheet = calamine.CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=True)
        except (calamine.CalamineError, OSError, ValueError, IndexError) as error:
            raise DataError(f"cannot read {shown}: {' '.join(str(error).split())}") from error
        check_unchanged(shown, before, stamp(file))
    rows = [row for row in rows if any(cell != "" for cell in row)]
    if len(rows) < 2:
        raise DataError(f"{shown} has no rows in its first sheet; the first row must be the names of columns")
    header, *body = rows
    names = [_cell_text(cell) for cell in header]
    columns: _Columns = {}
    for i, name in enumerate(_checked_names(names, shown)):
        cells = [row[i] for row in body]
        if all((isinstance(cell, int | float) and not isinstance(cell, bool)) or cell == "" for cell in cells):
            columns[name] = np.array([np.nan if cell == "" else float(cell) for cell in cells])
        else:
            columns[name] = list(map(_cell_text, cells))
    return columns


def _cell_text(cell: Any) -> str:
    """A cell as a CSV file would have it."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def _checked_names(names: Sequence[Any], shown: str) -> list[str]:
    clean = [clean_name(str(name)) for name in names]
    for i, name in enumerate(clean):
        if not name:
            raise DataError(f"{shown}: column {i + 1} has no name")
        if name in clean[:i]:
            raise DataError(
                f"{shown}: column {i + 1} has the name {short_repr(name)} of column {clean.index(name) + 1}"
            )
        if len(name) > 500:
            raise DataError(f"{shown}: the name of column {i + 1} has {len(name):,} characters; 500 are possible")
    return clean


def _array_columns(array: Any, names: Sequence[str] | None) -> _Columns:
    if array.dtype.names:
        if array.ndim != 1:
            raise ExperimentError(f"a structured array must have one dimension, got {array.ndim}")
        parts = [array[name] for name in array.dtype.names]
        names = array.dtype.names
    else:
        if array.ndim != 2:
            raise ExperimentError(f"an array must have two dimensions, rows and columns, got {array.ndim}")
        if names is None or len(names) != array.shape[1]:
            raise ExperimentError(
                f"names must be those of the {array.shape[1]} columns of the array, got {len(names or ())}"
            )
        parts = list(array.T)
    return {name: _values(part) for name, part in zip(_checked_names(names, "the array"), parts, strict=True)}


def _values(values: Any) -> Any:
    """A column of NumPy as floats, or as texts."""
    values = np.asarray(values)
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    if values.dtype.kind == "M":
        return ["" if np.isnat(value) else str(value) for value in values.astype("datetime64[s]")]
    return [_cell_text(value) for value in values.tolist()]


def _data_frame_columns(frame: Any) -> _Columns:
    import narwhals as nw
    from narwhals.exceptions import NarwhalsError

    try:
        native = nw.from_native(frame, eager_only=True)
        names, parts = list(native.columns), list(native.iter_columns())
    except (NarwhalsError, TypeError, ValueError) as error:
        raise ExperimentError(
            f"a table must be a data frame of pandas, polars or pyarrow, or a NumPy array, got {type(frame).__name__}: "
            f"{' '.join(str(error).split())[:200]}"
        ) from error
    result = {}
    for name, series in zip(_checked_names(names, "the data frame"), parts, strict=True):
        if series.dtype.is_numeric():
            result[name] = series.cast(nw.Float64).to_numpy().astype(np.float64)
        else:
            result[name] = list(map(_cell_text, series.to_list()))
    return result


def _from_columns(columns: _Columns, settings: TableSettings, name: str, shown: str, first_row: int = 1) -> RawTable:
    """The raw table of columns whose rows count from `first_row`."""
    names = list(columns)
    rows = len(next(iter(columns.values()))) if columns else 0
    if not rows:
        raise DataError(f"{shown} has no rows")
    if rows * len(names) > MOST_CELLS:
        raise DataError(f"{shown} has more than {MOST_CELLS:,} cells; take a sample of its rows, or leave out columns")

    def place(row: int, _index: int) -> str:
        return f"{shown}: row {row + first_row:,}"

    digest = hashlib.sha256()
    builders = column_builders(shown, names, settings)
    texts = {b.name: columns[b.name] for b in builders if isinstance(columns[b.name], list)}
    decimals, evident = likely_decimals(list(texts.values()), settings.decimal)
    raw, of_text = [], []
    for builder in builders:
        cells = columns[builder.name]
        if isinstance(cells, list):
            builder = _built(builder, cells, decimals)
            of_text.append(builder)
            rule = 'task = "classes"' if builder.name == settings.target else 'role = "category" for this column'
            builder.check(place, rule)
            column = builder.finish()
            digest.update("\0".join(cells).encode("utf-8", "surrogatepass"))
        else:
            if (wrong := np.flatnonzero(np.isinf(cells))).size:
                raise DataError(
                    f"{place(int(wrong[0]), builder.index)}: column {short_repr(builder.name)}: {cells[wrong[0]]} is "
                    "not a finite number; correct it, or make it missing"
                )
            column = RawColumn(name=builder.name, index=builder.index, numbers=cells)
            if builder.role == "text":
                column = as_texts(column)
            digest.update(np.ascontiguousarray(cells, "<f8").tobytes())
        raw.append(column)
    return RawTable(
        name=name,
        path=shown,
        columns=tuple(raw),
        rows=rows,
        digest=digest.hexdigest(),
        place=place,
        place_name=lambda row: f"row {row + first_row:,}",
        notes=tuple(ambiguity_notes(of_text, evident)),
    )


def _built(builder: ColumnBuilder, cells: list[str], decimals: Sequence[str]) -> ColumnBuilder:
    builder.add(cells, decimals)
    return builder
