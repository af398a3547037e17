"""CSV and its relatives: encoding, delimiter, and cells with their places.

A file is examined once as bytes and then read in parts, so that a large one never is in memory as text.
"""

from __future__ import annotations

import codecs
import csv
import errno
import hashlib
import io
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reportgen.disk import files
from reportgen.errors import DataError, ExperimentError, reason
from reportgen.tables import Note
from reportgen.tables.cells import (
    ColumnBuilder,
    NotNumbers,
    RawTable,
    ambiguity_notes,
    likely_decimals,
)
from reportgen.tables.notes import note
from reportgen.tables.settings import TableSettings
from reportgen.text import plural, printable, size_text
from reportgen.values import short, short_repr

LARGEST = 2 * 10**9
"""The largest file that is read, in bytes."""
MOST_CELLS = 100_000_000
"""The most cells, 8 bytes each."""
MOST_COLUMNS = 2_000
"""The most columns that are not ignored."""
_PART = 1 << 20
_PART_CELLS = 400_000
_LONGEST_CELL = 1_000_000
_DELIMITERS = ("\t", ";", "|", ",")
"""In the order of preference where several fit: a comma is also a decimal sign, and in texts."""
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What the bytes of a file tell."""

    digest: str
    encoding: str
    notes: tuple[Note, ...] = ()


_SIGNATURES = (
    (b"\x1f\x8b", "compressed with gzip; decompress it first: gunzip"),
    (b"BZh", "compressed with bzip2; decompress it first: bunzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz; decompress it first: unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; decompress it first: unzstd"),
    (b"7z\xbc\xaf", "a 7z archive; extract the table from it"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook; a workbook needs the suffix .xlsx, an archive must be extracted",
    ),
    (b"PAR1", "a Parquet file; it needs the suffix .parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as .xlsx or CSV"),
    (b"SQLite format 3", "a database; export the table as CSV"),
    (b"\x89HDF", "an HDF5 file; export the table as CSV"),
    (b"%PDF", "a PDF; a table must be CSV, TSV, Parquet or xlsx"),
    (b"\x89PNG", "a picture; a table must be CSV, TSV, Parquet or xlsx"),
    (b"\xff\xd8\xff", "a picture; a table must be CSV, TSV, Parquet or xlsx"),
    (b"GIF8", "a picture; a table must be CSV, TSV, Parquet or xlsx"),
    (b"\x7fELF", "a program; a table must be CSV, TSV, Parquet or xlsx"),
)
"""The first bytes of files that get the name of a table by mistake."""


@contextmanager
def open_table(path: Path) -> Iterator[io.BufferedReader]:
    """Open the file of a table; raises `ExperimentError` or `DataError` with what to do."""
    shown = printable(str(path))
    if str(path) != str(path).encode("utf-8", "replace").decode():
        raise ExperimentError(f"the name of the file {shown} is not UTF-8; rename it")
    try:
        if path.is_dir():
            inside = sorted(file.name for file in path.glob("*.[ct]sv"))
            more = f"; name a file in it, like {printable(str(path / inside[0]))}" if inside else ""
            raise ExperimentError(f"{shown} is a folder, not a table{more}")
        with files.open_regular(path) as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST:
                raise DataError(
                    f"{shown} has {size_text(size)}, and tables may have {size_text(LARGEST)}; "
                    "take a sample of its rows, or leave out columns"
                )
            yield file
    except FileNotFoundError as error:
        raise ExperimentError(f"there is no file {shown}{_neighbor(path)}") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ExperimentError(f"cannot read {shown}: its symbolic links lead in a circle") from error
        raise DataError(f"cannot read {shown}: {reason(error)}") from error
    except ValueError as error:
        # Of `open_regular`, and of a path with a null character.
        if isinstance(error, UnicodeError):
            raise
        raise ExperimentError(f"cannot read {shown}: {error}") from error


def _neighbor(path: Path) -> str:
    import difflib

    if not path.parent.is_dir():
        return f": the folder {printable(str(path.parent))} does not exist"
    near = [file.name for file in itertools.islice(path.parent.iterdir(), 10_000) if file.is_file()]
    close = difflib.get_close_matches(path.name, near, n=1, cutoff=0.6)
    return f". Did you mean {printable(str(path.parent / close[0]))!r}?" if close else ""


def stamp(file: io.BufferedReader) -> tuple[int, ...]:
    """Changes when an open file is written to."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def examine(path: Path) -> Examined:
    """Read all bytes of a text file once: its digest, and an encoding in which all of them are characters.

    Raises `DataError` for a file that is no text.
    """
    shown = printable(str(path))
    with open_table(path) as file:
        first = file.peek(4096)[:4096]
        for signature, what in _SIGNATURES:
            if first.startswith(signature):
                raise DataError(f"{shown} is {what}")
        if not first:
            raise DataError(f"{shown} is empty; its first line must be the names of columns")
        digest, controls, undefined, line, fault = hashlib.sha256(), 0, 0, 1, 0
        wide = _wide_encoding(first)
        decoder = codecs.getincrementaldecoder(wide or "utf-8")()
        while part := file.read(_PART):
            digest.update(part)
            if not wide:
                if b"\0" in part:
                    line += part.count(b"\n", 0, part.index(b"\0"))
                    raise DataError(f"{shown}:{line}:1: the file has null bytes, so it is not text; export it as CSV")
                controls += len(part) - len(part.translate(None, _CONTROLS))
                undefined += len(part) - len(part.translate(None, _UNDEFINED))
            if not fault:
                try:
                    decoder.decode(part)
                except UnicodeDecodeError as error:
                    fault = line + part.count(b"\n", 0, error.start)
            line += part.count(b"\n")
        if not fault:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                fault = line
    if not fault:
        bom = first.startswith(codecs.BOM_UTF8)
        return Examined(digest=digest.hexdigest(), encoding=wide or ("utf-8-sig" if bom else "utf-8"))
    if wide or controls:
        raise DataError(f"{shown}:{fault}:1: the file is not text; export the table as CSV in UTF-8")
    encoding, name = ("latin-1", "Latin-1") if undefined else ("cp1252", "Windows-1252")
    told = note(
        "T13",
        f"Line {fault:,} is not UTF-8, so the file is read as {name}. If names or levels look wrong, save it as UTF-8.",
    )
    return Examined(digest=digest.hexdigest(), encoding=encoding, notes=(told,))


_CONTROLS = bytes([*range(1, 9), *range(14, 27), *range(28, 32), 127])
_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"
"""Bytes that are no characters in Windows-1252."""


def _wide_encoding(first: bytes) -> str:
    """UTF-16 or UTF-32 if the first bytes of a file show it; else ""."""
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark every second byte of Latin text is zero.
    even, odd = first[0::2].count(0), first[1::2].count(0)
    if len(first) >= 20 and max(even, odd) > 0.4 * len(first) / 2 and min(even, odd) < 0.02 * len(first):
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def check_unchanged(shown: str, before: object, now: object) -> None:
    """Raise `DataError` if a file is not what it was."""
    if before != now:
        raise DataError(f"{shown} changed while it was read; wait until it is complete, and run the same command again")


def read_text_file(path: Path, settings: TableSettings, as_text: frozenset[int] = frozenset()) -> RawTable:
    """The columns of a CSV file. Raises `DataError` with line and column of the first mistake.

    Columns with the indices `as_text` are texts, whatever they look like.
    """
    examined = examine(path)
    try:
        return _Reader(path, settings, examined).table(as_text)
    except NotNumbers as error:
        return read_text_file(path, settings, as_text | error.indices)


def header(path: Path) -> list[str]:
    """The names of the columns of a CSV file."""
    return _Reader(path, TableSettings(target="-"), examine(path)).header()


class _Hashing(io.RawIOBase):
    """A file that computes the digest of what is read from it."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self.file.read(len(buffer))
        self.digest.update(part)
        buffer[: len(part)] = part
        return len(part)


class _Reader:
    """Reads one examined file."""

    def __init__(self, path: Path, settings: TableSettings, examined: Examined) -> None:
        self.path, self.settings, self.examined = path, settings, examined
        self.shown = printable(str(path))
        self.notes = list(examined.notes)
        self.starts = np.empty(0, np.int64)
        self.delimiter = settings.delimiter
        self.skipped = 0
        """Lines before the header: that which some programs write to name the delimiter."""

    def table(self, as_text: frozenset[int]) -> RawTable:
        self._find_delimiter()
        with open_table(self.path) as file:
            hashing = _Hashing(file)
            with io.TextIOWrapper(
                io.BufferedReader(hashing, _PART), encoding=self.examined.encoding, newline=""
            ) as lines:
                builders, count = self._read(lines, as_text)
            check_unchanged(self.shown, self.examined.digest, hashing.digest.hexdigest())
        if wrong := frozenset(builder.index for builder in builders if builder.is_text):
            raise NotNumbers(wrong)
        for builder in builders:
            is_target = builder.name == self.settings.target
            builder.check(self.place, 'task = "classes"' if is_target else 'role = "category" for this column')
        return RawTable(
            name=self.path.name,
            path=self.shown,
            columns=tuple(builder.finish() for builder in builders),
            rows=count,
            digest=self.examined.digest,
            place=self.place,
            place_name=lambda row: f"line {self.starts[row]:,}",
            notes=tuple(self.notes),
            reading=self._reading(builders),
        )

    def _reading(self, builders: Sequence[ColumnBuilder]) -> tuple[tuple[str, str], ...]:
        """How pandas reads this file: arguments that differ from its defaults."""
        signs = [builder.format.decimal for builder in builders if builder.format]
        decimal = max(signs, key=signs.count, default=".")
        arguments = {
            "sep": self.delimiter if self.delimiter != "," else None,
            "decimal": decimal if decimal != "." else None,
            "thousands": "." if decimal == "," else ",",
            "encoding": self.examined.encoding if self.examined.encoding != "utf-8" else None,
            "skiprows": self.skipped or None,
            "na_values": [text for text in self.settings.missing if text] or None,
        }
        if self.delimiter == arguments["thousands"]:
            arguments["thousands"] = None
        return tuple((name, json.dumps(value)) for name, value in arguments.items() if value is not None)

    def header(self) -> list[str]:
        """The names of the columns."""
        self._find_delimiter()
        with self._open() as file:
            (line,), (first,) = next(self._parts(self._lines(file)))
            return self._names(line, first)

    def _lines(self, file: io.TextIOBase) -> Iterator[str]:
        return itertools.islice(file, self.skipped, None)

    @contextmanager
    def _open(self) -> Iterator[io.TextIOWrapper]:
        with (
            open_table(self.path) as file,
            io.TextIOWrapper(file, encoding=self.examined.encoding, newline="") as text,
        ):
            yield text

    def _find_delimiter(self) -> None:
        with self._open() as file:
            beginning = file.read(100_000)
            complete = not file.read(1)
        lines = beginning.splitlines(keepends=True)
        if not beginning.strip("\r\n \ufeff"):
            raise DataError(f"{self.shown} is empty; its first line must be the names of columns")
        head = lines[0].lstrip("\ufeff").strip()
        if re.match(r"<(!doctype|html|\?xml)", head, re.IGNORECASE):
            raise DataError(f"{self.shown} is a page or XML, not a table; export the table as CSV")
        if match := re.fullmatch(r"sep=(.)", lines[0].strip("\r\n\ufeff"), re.IGNORECASE):
            self.skipped = 1
            self.delimiter = self.delimiter or match[1]
        if self.delimiter:
            return
        if not complete and len(lines) > 1:
            del lines[-1]
        fitting = []
        for delimiter in _DELIMITERS:
            widths = _widths(lines[self.skipped :], delimiter)
            if not widths or widths[0] < 2:
                continue
            share = sum(width == widths[0] for width in widths) / len(widths)
            fitting.append((round(share, 2), delimiter, widths[0]))
        if not fitting:
            self.delimiter = ","
            return
        best = max(share for share, _, _ in fitting)
        self.delimiter, width = next((mark, width) for share, mark, width in fitting if share == best)
        others = [mark for share, mark, _ in fitting if share == best and mark != self.delimiter]
        if others:
            self.notes.append(
                note(
                    "T14",
                    f"The delimiter could be {' or '.join(_NAMES[mark] for mark in (self.delimiter, *others))}; "
                    f"{_NAMES[self.delimiter]} is used, which gives {width} columns. State delimiter to be sure.",
                )
            )

    def _parts(self, lines: Iterator[str]) -> Iterator[tuple[list[int], list[list[str]]]]:
        """The rows that are not blank, many at once, and the line in which each begins; the header comes alone."""
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=self.delimiter not in " \t")
        starts: list[int] = []
        rows: list[list[str]] = []
        line, most = self.skipped + 1, 1
        try:
            for cells in reader:
                if cells:
                    starts.append(line)
                    rows.append(cells)
                    if len(rows) == most:
                        yield starts, rows
                        most = max(500, _PART_CELLS // len(cells))
                        starts, rows = [], []
                line = self.skipped + reader.line_num + 1
        except csv.Error as error:
            raise self._quote_error(line, str(error)) from error
        if rows:
            yield starts, rows

    def _quote_error(self, line: int, message: str) -> DataError:
        if "field limit" in message:
            what = f"a cell has more than {_LONGEST_CELL:,} characters; close its quote if it has one, or shorten it"
        elif "unexpected end" in message:
            what = "a quote that begins in this line is not closed; close it, or write a quote in a cell as two"
        elif "expected after" in message:
            what = "text follows the closing quote of a cell; write a quote inside a cell as two"
        else:
            what = f"the line cannot be read: {message}"
        return DataError(f"{self.shown}:{line}:{self._quote_column(line)}: {what}")

    def _quote_column(self, line: int) -> int:
        """The column of the last quote that opens a cell in a line."""
        with self._open() as file:
            text = next(itertools.islice(file, line - 1, None), "")
        opening = [match.end() for match in re.finditer(rf"(?:^|{re.escape(self.delimiter)}) *\"", text)]
        return opening[-1] if opening else 1

    def _read(self, file: io.TextIOBase, as_text: frozenset[int]) -> tuple[list[ColumnBuilder], int]:
        # All cells of a part are objects of their own, which take some ten times the memory of a number.
        parts = self._parts(self._lines(file))
        (line,), (first,) = next(parts)
        names = self._names(line, first)
        builders = column_builders(self.shown, names, self.settings, as_text)
        width, count, every_start = len(names), 0, []
        decimals: tuple[str, ...] = ()
        evident = True
        for starts, rows in parts:
            if set(map(len, rows)) != {width}:
                i = next(i for i, cells in enumerate(rows) if len(cells) != width)
                raise self._ragged(starts[i], len(rows[i]), width)
            count += len(rows)
            if count * width > MOST_CELLS:
                raise DataError(
                    f"{self.shown} has more than {MOST_CELLS:,} cells; take a sample of its rows, or leave out columns"
                )
            every_start.append(np.array(starts))
            columns = list(zip(*rows, strict=True))
            if not decimals:
                decimals, evident = likely_decimals(columns, self.settings.decimal)
            for builder in builders:
                builder.add(columns[builder.index], decimals)
        if not count:
            raise DataError(f"{self.shown} has the names of columns, and no rows")
        self.starts = np.concatenate(every_start)
        self.notes += ambiguity_notes(builders, evident)
        return builders, count

    def _names(self, line: int, header: Sequence[str]) -> list[str]:
        names = [clean_name(name) for name in header]
        for i, name in enumerate(names):
            if name and len(name) <= 500:
                continue
            what = (
                f"the name of column {i + 1} has {len(name):,} characters; 500 are possible"
                if name
                else f"column {i + 1} has no name; name it, or delete it (a table of pandas is written without "
                "its index by index=False)"
            )
            raise DataError(f"{self.shown}:{line}:{self._column(line, i)}: {what}")
        if double := [name for name, times in Counter(names).items() if times > 1]:
            second = names.index(double[0], names.index(double[0]) + 1)
            raise DataError(
                f"{self.shown}:{line}:{self._column(line, second)}: the name {short_repr(double[0])} is that of column "
                f"{names.index(double[0]) + 1} too; names must differ"
            )
        return names

    def _ragged(self, line: int, cells: int, width: int) -> DataError:
        column = self._column(line, min(cells, width) - (cells < width))
        hint = "put a cell with the delimiter in it into quotes" if cells > width else "add the missing cells"
        if width == 1:
            hint = f"the header has no delimiter, {self.delimiter!r}"
        return DataError(
            f"{self.shown}:{line}:{column}: the line has {plural(cells, 'cell')} and the header has {width}; {hint}"
        )

    def place(self, row: int, index: int) -> str:
        """Path, line and column of a cell."""
        line = int(self.starts[row])
        text_line, column = self._position(line, index)
        return f"{self.shown}:{text_line}:{column}"

    def _column(self, line: int, index: int) -> int:
        return self._position(line, index)[1]

    def _position(self, line: int, index: int) -> tuple[int, int]:
        """Line and column at which the cell `index` of the row that begins in `line` begins."""
        with self._open() as file:
            at, column, quoted, seen = line, 0, False, 0
            for text in itertools.islice(file, line - 1, None):
                text = text.lstrip("\ufeff") if at == 1 else text
                start = 0
                for column, character in enumerate(text, 1):
                    if seen == index:
                        return at, column
                    if quoted:
                        quoted = character != '"'
                    elif character == '"' and not text[start : column - 1].strip():
                        quoted = True
                    elif character == '"' and text[start:].lstrip().startswith('"'):
                        quoted = True  # the second of two quotes inside a cell
                    elif character == self.delimiter:
                        seen, start = seen + 1, column
                if not quoted:
                    return at, max(column, 1)
                at += 1
        return line, 1


def clean_name(name: str) -> str:
    """The name of a column in one line that is safe to print."""
    return printable(" ".join(name.split()))


def column_builders(
    shown: str, names: Sequence[str], settings: TableSettings, as_text: frozenset[int] = frozenset()
) -> list[ColumnBuilder]:
    """A builder for each column that is used; raises `ExperimentError` for settings of columns that do not exist."""
    check_names(shown, names, settings)
    builders = []
    for index, name in enumerate(names):
        stated = settings.column(name).role
        if stated == "ignore":
            continue
        role = ""
        if name == settings.target:
            role = {"regression": "number", "binary": "text", "classes": "text", None: ""}[settings.task]
        elif name == settings.weights:
            role = "number"
        role = role or {"category": "text", "group": "text", "number": "number"}.get(stated or "", "")
        if index in as_text:
            role = "text"
        builders.append(ColumnBuilder(name, index, frozenset((*settings.missing, "")), role))
    if len(builders) > MOST_COLUMNS:
        raise DataError(
            f"{shown} has {len(builders):,} columns that are not ignored, and a study can have {MOST_COLUMNS:,}; "
            'state role = "ignore" for some, or delete them'
        )
    return builders


def check_names(shown: str, names: Sequence[str], settings: TableSettings) -> None:
    """Raise `ExperimentError` if the target, the weights or a column with settings does not exist."""
    wanted = {"target": settings.target, **({"weights": settings.weights} if settings.weights else {})}
    for what, name in [*wanted.items(), *(("columns", name) for name, _ in settings.columns)]:
        if name not in names:
            raise ExperimentError(f"{what} {short_repr(name)} is not a column of {shown}.{_known(name, names)}")
    if len(names) == 1:
        raise DataError(
            f"{shown} has one column, {short_repr(names[0])}; a study needs others to predict the target from. "
            "If there are more, state the delimiter"
        )


def _known(name: str, names: Sequence[str]) -> str:
    """A hint that lists the names of columns, not all of very many."""
    import difflib

    spellings = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), spellings, n=1, cutoff=0.6)
    question = f" Did you mean {spellings[close[0]]!r}?" if close else ""
    listed = ", ".join(short(known) for known in names[:40]) + (
        f" and {len(names) - 40:,} more" if len(names) > 40 else ""
    )
    if all(re.fullmatch(r"[-+\d.,eE]+", known) for known in names):
        listed += ". The first line must be the names of columns"
    return f"{question} Columns: {listed}."


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    """The numbers of cells in rows that are not blank, with this delimiter."""
    csv.field_size_limit(_LONGEST_CELL)
    widths = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t"):
            if cells:
                widths.append(len(cells))
    except csv.Error:
        pass
    # The last row may be cut.
    return widths[:-1] if len(widths) > 2 else widths
