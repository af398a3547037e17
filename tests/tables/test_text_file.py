"""CSV files as people have them: spellings of one table, and mistakes with their places."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from reportgen.errors import DataError, ExperimentError, ReportgenError
from reportgen.tables import reading, text_file
from reportgen.tables.settings import TableSettings

A = [1234.5 + 37 * (i * 7 % 13) for i in range(40)]
B = [f"{'xyz'[i % 3]}é" for i in range(40)]
Y = [i * 5 % 11 + 0.25 for i in range(40)]


def load(path, content, target="y", **settings):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return reading.load(path, TableSettings(target=target, **settings))


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "t.csv").relative_to(tmp_path)


def written(delimiter=",", number=str, end="\n", quote=lambda cell: cell):
    rows = [("a", "b", "y"), *((number(a), b, number(y)) for a, b, y in zip(A, B, Y, strict=True))]
    return end.join(delimiter.join(map(quote, row)) for row in rows) + end


def german(value):
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


SPELLINGS = {
    "as it should be": written(),
    "semicolons": written(";"),
    "tabs": written("\t"),
    "bars": written("|"),
    "bars around spaces": written(" | "),
    "decimal commas": written(";", lambda v: f"{v:.2f}".replace(".", ",")),
    "decimal commas between commas": written(",", lambda v: f'"{v:.2f}"'.replace(".", ",")),
    "thousands": written(",", lambda v: f'"{v:,.2f}"'),
    "German thousands": written(";", german),
    "thousands with spaces": written(";", lambda v: german(v).replace(".", "\u202f")),
    "Swiss thousands": written(";", lambda v: f"{v:,.2f}".replace(",", "'")),
    "dollars": written(",", lambda v: f"${v}"),
    "euros behind": written(",", lambda v: f"{v} €"),
    "percent": written(",", lambda v: f"{v}%"),
    "exponents": written(",", lambda v: f"{v / 100:.10e}".replace("e+0", "E0").replace("e-0", "E-0")),
    "quotes": written(quote=lambda cell: f'"{cell}"'),
    "old Macintosh": written(end="\r"),
    "Windows": written(end="\r\n"),
    "blank lines": written(end="\n\n"),
    "byte order mark": b"\xef\xbb\xbf" + written().encode(),
    "UTF-16": written().encode("utf-16"),
    "UTF-16 without a mark": written(end="\r\n").encode("utf-16-le"),
    "UTF-16 big endian": written().encode("utf-16-be"),
    "UTF-32": written().encode("utf-32"),
    "Latin-1": written().encode("latin-1"),
    "Excel's delimiter line": "sep=|\n" + written("|"),
    "no line break at the end": written().rstrip(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_table_is_that_table(path, spelling):
    frame = load(path, SPELLINGS[spelling])

    a, b = frame.features
    scale = 100 if spelling == "exponents" else 1
    np.testing.assert_allclose(a.values * scale, A, rtol=1e-9)
    np.testing.assert_allclose(frame.target * scale, Y, rtol=1e-9)
    assert [b.levels[int(code)] for code in b.values] == B
    assert a.unit == {"dollars": "$", "euros behind": "€", "percent": "%"}.get(spelling, "")
    assert [note.code for note in frame.notes if note.code in ("T13", "T14", "T18")] == (
        ["T13"] if spelling == "Latin-1" else []
    )


def test_bytes_that_windows_has_no_characters_for_are_latin_1(path):
    def read(end):
        rows = (f"{'pq'[i % 2]}{end},{i * 7 % 13}\n" for i in range(40))
        return load(path, ("a,y\n" + "".join(rows)).encode("latin-1"))

    frame, other = read("\xe9"), read("\xe9\x9d")

    assert (frame.features[0].levels, other.features[0].levels) == (("pé", "qé"), ("pé\\x9d", "qé\\x9d"))
    assert [note.text[:58] for table in (frame, other) for note in table.notes if note.code == "T13"] == [
        "Line 2 is not UTF-8, so the file is read as Windows-1252. ",
        "Line 2 is not UTF-8, so the file is read as Latin-1. If na",
    ]


def test_what_can_be_read_in_two_ways_has_a_note_unless_it_is_stated(path):
    text = "a;y\n" + "".join(f"1,{100 + i};{i * 7 % 5}\n" for i in range(30))
    thousands, decimals = load(path, text), load(path, text, decimal=",", delimiter=";")

    assert thousands.features[0].values[1] == 1101
    assert decimals.features[0].values[1] == 1.101
    assert {note.code for note in thousands.notes} - {note.code for note in decimals.notes} == {"T18"}


def test_two_delimiters_that_fit_have_a_note(path):
    frame = load(path, "a,b;y\n" + "".join(f"x,{i % 3};{i * 7 % 13}\n" for i in range(30)))

    assert [feature.name for feature in frame.features] == ["a,b"]
    assert [note.text for note in frame.notes if note.code == "T14"] == [
        "The delimiter could be a semicolon or a comma; a semicolon is used, which gives 2 columns. State delimiter to "
        "be sure."
    ]


def test_missing_values_are_the_listed_texts(path):
    rows = "".join(f"{({3: '?', 4: '-99', 5: ''}).get(i, i * 7 % 13)},{i}.5\n" for i in range(40))

    frame = load(path, "a,y\n" + rows, missing=("?", "-99"))

    assert np.flatnonzero(np.isnan(frame.features[0].values)).tolist() == [3, 4, 5]


def edited(line, text, header="a,b,y", rows=40):
    lines = [header, *(f"{i * 7 % 13},{i * 5 % 11},{i * 3 % 17}.5" for i in range(rows))]
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


CATEGORY = 'Correct it, add it to missing, or state role = "category" for this column'
MISTAKES = {
    "a word": (edited(12, "1,abc,4"), f"t.csv:12:3: column 'b': 'abc' is not a number as the others are. {CATEGORY}"),
    "two words": (
        edited(12, "1,abc,4\n1,def,3"),
        f"t.csv:12:3: column 'b': 'abc' is not a number as the others are; 2 cells are like that. {CATEGORY}",
    ),
    "a missing value in other letters": (
        edited(12, "1,Na,4"),
        f"t.csv:12:3: column 'b': 'Na' is not a number as the others are. Did you mean 'NA'? {CATEGORY}",
    ),
    "a word in the target": (
        edited(12, "1,2,abc"),
        "t.csv:12:5: column 'y': 'abc' is not a number as the others are. Correct it, add it to missing, or state "
        'task = "classes"',
    ),
    "a place behind a cell with a line break": (
        "a,b,y\n" + "".join(f'"x\n""{i % 3}",{i},2.5\n' for i in range(30)) + '"x, \n1",two,3\n',
        f"t.csv:63:4: column 'b': 'two' is not a number as the others are. {CATEGORY}",
    ),
    "infinity": (
        edited(5, "1,-inf,4"),
        "t.csv:5:3: column 'b': '-inf' is no finite number; correct it, or add it to missing",
    ),
    "a huge number": (
        edited(5, "1,1e400,4"),
        "t.csv:5:3: column 'b': '1e400' is too large for a number; correct it, or add it to missing",
    ),
    "an underscore": (
        edited(5, "1,1_0,4"),
        f"t.csv:5:3: column 'b': '1_0' is not a number as the others are. {CATEGORY}",
    ),
    "a short line": (
        edited(12, "1,2"),
        "t.csv:12:3: the line has 2 cells and the header has 3; add the missing cells",
    ),
    "a long line": (
        edited(12, "1,2,3,4"),
        "t.csv:12:7: the line has 4 cells and the header has 3; put a cell with the delimiter in it into quotes",
    ),
    "a column without a name": (
        edited(1, "a,,y"),
        "t.csv:1:3: column 2 has no name; name it, or delete it (a table of pandas is written without its index by "
        "index=False)",
    ),
    "a name twice": (edited(1, "a, a,y"), "t.csv:1:3: the name 'a' is that of column 1 too; names must differ"),
    "an open quote": (
        edited(12, '1,"2,4'),
        "t.csv:12:3: a quote that begins in this line is not closed; close it, or write a quote in a cell as two",
    ),
    "text behind a quote": (
        edited(12, '1,"2"x,4'),
        "t.csv:12:3: text follows the closing quote of a cell; write a quote inside a cell as two",
    ),
    "nothing": ("", "t.csv is empty; its first line must be the names of columns"),
    "blank lines only": ("\n \n", "t.csv is empty; its first line must be the names of columns"),
    "no rows": ("a,b,y\n", "t.csv has the names of columns, and no rows"),
    "few rows": (edited(1, "a,b,y", rows=19), "t.csv has 19 rows with a target; a study needs 20 at least"),
    "one column": (
        "y\n" + "1\n" * 30,
        "t.csv has one column, 'y'; a study needs others to predict the target from. If there are more, state the "
        "delimiter",
    ),
    "null bytes": (
        edited(12, "1,\0,4"),
        "t.csv:12:1: the file has null bytes, so it is not text; export it as CSV",
    ),
    "binary": (bytes(range(1, 256)) * 10, "t.csv:2:1: the file is not text; export the table as CSV in UTF-8"),
    "gzip": (gzip.compress(b"a,y\n1,2\n"), "t.csv is compressed with gzip; decompress it first: gunzip"),
    "a workbook": (
        b"PK\x03\x04[Content_Types].xml",
        "t.csv is a zip archive or an Excel workbook; a workbook needs the suffix .xlsx, an archive must be extracted",
    ),
    "a page": ("<!doctype html><p>a,b", "t.csv is a page or XML, not a table; export the table as CSV"),
    "very many columns": (
        ",".join(f"c{i}" for i in range(9_999)) + ",y\n" + ",".join("1" * 10_000) + "\n",
        't.csv has 10,000 columns that are not ignored, and a study can have 2,000; state role = "ignore" for some, or '
        "delete them",
    ),
    "a constant target": (
        "a,y\n" + "".join(f"{i},4\n" for i in range(30)),
        "t.csv: the target 'y' is 4 in all rows, so there is nothing to predict",
    ),
    "a class for each row": (
        "a,y\n" + "".join(f"{i % 3},n{i}\n" for i in range(30)),
        "t.csv: the target 'y' has as many values as rows, which are too many classes; name another target, or state "
        'task = "regression" if it is a number',
    ),
    "no target": ("a,y\n" + "1,\n" * 30, "t.csv: the target 'y' has no values"),
    "nothing but the target": (
        "a,y\n" + "".join(f"3,{i}.5\n" for i in range(30)),
        "t.csv: no column is left to predict 'y' from: a is 3 in all rows and is ignored. It can tell nothing.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_a_place_and_a_way_out(path, mistake):
    content, message = MISTAKES[mistake]

    with pytest.raises(DataError) as error:
        load(path, content)

    assert str(error.value) == message


def test_a_word_far_down_a_large_file_is_found_and_many_words_make_a_category(path):
    rows = [f"{i % 7},{i % 3}.5\n" for i in range(60_000)]
    rows[51_000] = "Oslo,1\n"
    with pytest.raises(DataError, match=r"^t\.csv:51002:1: column 'a': 'Oslo' is not a number"):
        load(path, "a,y\n" + "".join(rows), most_rows=100_000)

    rows[50_000:] = [f"{'Oslo' if i % 2 else 'Rome'},{i % 3}.5\n" for i in range(10_000)]
    frame = load(path, "a,y\n" + "".join(rows), most_rows=100_000)

    assert frame.features[0].levels == ("0", "1", "2", "3", "4", "5", "6", "Oslo", "Rome")
    assert frame.rows == 60_000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "Price"}, "target 'Price' is not a column of t.csv. Did you mean 'price'? Columns: price, age."),
        (
            {"target": "price", "columns": {"agee": {"role": "number"}}},
            "columns 'agee' is not a column of t.csv. Did you mean 'age'? Columns: price, age.",
        ),
        ({"target": "age", "weights": "w"}, "weights 'w' is not a column of t.csv. Columns: price, age."),
    ],
)
def test_a_column_that_does_not_exist_has_a_near_name(path, settings, message):
    with pytest.raises(ExperimentError) as error:
        load(path, edited(1, "price,age", header="", rows=1), **settings)

    assert str(error.value) == message


def test_what_is_no_file_is_refused_with_what_there_is(path, tmp_path):
    (tmp_path / "housing.csv").write_text("a,y\n")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    os.mkfifo(tmp_path / "pipe.csv")

    def message(name):
        with pytest.raises(ReportgenError) as error:
            reading.load(Path(name), TableSettings(target="y"))
        return error.value.exit_code, str(error.value)

    assert message("house.csv") == (2, "there is no file house.csv. Did you mean 'housing.csv'?")
    assert message("no/t.csv") == (2, "there is no file no/t.csv: the folder no does not exist")
    assert message(".") == (2, ". is a folder, not a table; name a file in it, like housing.csv")
    assert message("loop.csv") == (2, "cannot read loop.csv: its symbolic links lead in a circle")
    assert message("pipe.csv") == (2, "cannot read pipe.csv: it is not a regular file")
    assert message("a\0b") == (2, "cannot read a\\x00b: embedded null byte")


def test_a_file_that_is_too_large_or_forbidden_is_refused(path, monkeypatch):
    with path.open("wb") as file:
        file.truncate(text_file.LARGEST + 1)
    with pytest.raises(DataError, match=r"^t\.csv has 2\.0 GB, and tables may have 2 GB; take a sample"):
        reading.load(path, TableSettings(target="y"))
    path.write_text("a,y\n")

    def refuse(*args):
        raise PermissionError(13, "Permission denied", "t.csv")

    # Root may read everything.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match=r"^cannot read t\.csv: Permission denied$"):
        reading.load(path, TableSettings(target="y"))


def test_a_file_that_changes_while_it_is_read_is_refused(path, monkeypatch):
    examine = text_file.examine

    def examine_and_edit(*args):
        result = examine(*args)
        status = path.stat()
        path.write_text(edited(3, "9,9,9.5"))
        assert status.st_size == path.stat().st_size
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # only the content tells
        return result

    monkeypatch.setattr(text_file, "examine", examine_and_edit)

    with pytest.raises(DataError, match=r"^t\.csv changed while it was read; wait until it is complete"):
        load(path, edited(3, "8,9,9.5"))


def test_names_are_text_of_one_line(path):
    frame = load(path, edited(1, '"size\n(m²)",<b>\x07=1+1</b>,y'))

    assert [feature.name for feature in frame.features] == ["size (m²)", "<b>\\x07=1+1</b>"]
