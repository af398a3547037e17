"""Tables that are not text: data frames, arrays, Parquet, workbooks, and frames stored for workers."""

import dataclasses
import sys
import zipfile
from datetime import datetime, timedelta

import numpy as np
import pytest

from reportgen.errors import DataError, ExperimentError, MachineError
from reportgen.tables import reading
from reportgen.tables.frame_file import from_bytes
from reportgen.tables.settings import TableSettings

ROWS = 60
CELLS = {
    "a": [i * 7 % 13 + 0.5 for i in range(ROWS)],
    "b": [None if i % 9 == 0 else i * 5 % 11 for i in range(ROWS)],
    "c": [None if i % 5 == 0 else "xyz"[i % 3] for i in range(ROWS)],
    "d": [datetime(2024, 1, 1, 12) + timedelta(days=i % 50) for i in range(ROWS)],
    "e": [i % 3 == 0 for i in range(ROWS)],
    "y": [i * 11 % 31 + 0.25 for i in range(ROWS)],
}
SETTINGS = TableSettings(target="y", columns={"d": {"role": "time"}, "a": {"cost": 2.0, "unit": "m"}})


def equal(a, b):
    """True if two frames say the same but for their names and where rows are."""
    for x, y in ((a.target, b.target), (a.time, b.time), (a.groups, b.groups), (a.weights, b.weights)):
        if (x is None) != (y is None) or (x is not None and not np.array_equal(x, y)):
            return False
    features = zip(a.features, b.features, strict=True)
    same = all(
        (f.name, f.levels, f.cost, f.unit) == (g.name, g.levels, g.cost, g.unit)
        and np.array_equal(f.values, g.values, equal_nan=True)
        for f, g in features
    )
    return same and (a.task, a.classes, a.rows_in_file) == (b.task, b.classes, b.rows_in_file)


@pytest.fixture
def from_csv(tmp_path):
    """The frame of the cells in a CSV file."""
    path = tmp_path / "t.csv"
    rows = zip(*CELLS.values(), strict=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join([",".join(CELLS), *lines]))
    return reading.load(path, SETTINGS)


def test_the_csv_file_is_what_it_should_be(from_csv):
    assert [(f.name, len(f.levels), np.isnan(f.values).sum()) for f in from_csv.features] == [
        ("a", 0, 0),
        ("b", 0, 7),
        ("c", 3, 12),
        ("e", 0, 0),
    ]
    assert from_csv.time[0] == 19723.5


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_data_frame_is_read_as_its_csv_file(from_csv, library):
    module = pytest.importorskip(library, reason=f"{library} is an extra")
    make = module.table if library == "pyarrow" else module.DataFrame

    assert equal(reading.from_frame(make(CELLS), SETTINGS), from_csv)


def test_unusual_columns_of_pandas_are_read(from_csv):
    pandas = pytest.importorskip("pandas", reason="pandas is an extra")
    frame = pandas.DataFrame(CELLS)
    frame["b"] = frame["b"].astype("Int64")
    frame["c"] = frame["c"].astype("category")
    frame.index = frame.index[::-1]

    assert equal(reading.from_frame(frame, SETTINGS), from_csv)
    frame.columns = range(6)
    assert reading.from_frame(frame, TableSettings(target="5")).target_name == "5"
    frame.columns = list("aabcde")
    with pytest.raises(ExperimentError, match=r"^a table must be a data frame .* got DataFrame: .*unique"):
        reading.from_frame(frame, SETTINGS)


def test_arrays_are_read_with_names():
    numbers = np.array([CELLS["a"], CELLS["y"]]).T
    structured = np.array([*zip(CELLS["a"], CELLS["y"], strict=True)], dtype=[("a", "f4"), ("y", "f8")])

    plain = reading.from_frame(numbers, TableSettings(target="y"), names=["a", "y"])

    assert equal(plain, reading.from_frame(structured, TableSettings(target="y")))
    np.testing.assert_array_equal(plain.features[0].values, CELLS["a"])


@pytest.mark.parametrize(
    ("array", "names", "message"),
    [
        (np.zeros((30, 2)), ["a"], "names must be those of the 2 columns of the array, got 1"),
        (np.zeros(30), None, "an array must have two dimensions, rows and columns, got 1"),
        ([[1, 2]], None, "a table must be a data frame of pandas, polars or pyarrow, or a NumPy array, got list: .*"),
        (
            np.full((30, 2), np.inf),
            ["a", "y"],
            "the table: row 1: column 'a': inf is not a finite number; correct it.*",
        ),
        (np.zeros((0, 2)), ["a", "y"], "the table has no rows"),
    ],
)
def test_what_is_no_table_is_refused(array, names, message):
    with pytest.raises((ExperimentError, DataError), match=f"^{message}$"):
        reading.from_frame(array, TableSettings(target="y"), names=names)


def test_parquet_is_read_as_its_csv_file(from_csv, tmp_path):
    arrow = pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `tables`")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra `tables`")
    path = tmp_path / "t.parquet"
    parquet.write_table(arrow.table(CELLS), path)

    assert equal(reading.load(path, SETTINGS), from_csv)
    assert reading.column_names(path) == list(CELLS)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"^cannot read .*t\.parquet: "):
        reading.load(path, SETTINGS)
    path.write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"t\.parquet is not a Parquet file, though its suffix says so$"):
        reading.load(path, SETTINGS)


def workbook(path):
    """A minimal workbook with the cells; dates are texts."""

    def cell(value):
        match value:
            case None:
                return "<c/>"
            case bool():
                return f'<c t="b"><v>{value:d}</v></c>'
            case int() | float():
                return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    rows = [list(CELLS), *zip(*CELLS.values(), strict=True)]
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main, office = "http://schemas.openxmlformats.org", "application/vnd.openxmlformats-officedocument.spreadsheetml"
    namespace, related = f"{main}/spreadsheetml/2006/main", f"{main}/officeDocument/2006/relationships"
    package = f'<Relationships xmlns="{main}/package/2006/relationships">'
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{main}/package/2006/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            f'PartName="/xl/workbook.xml" ContentType="{office}.sheet.main+xml"/><Override '
            f'PartName="/xl/worksheets/s.xml" ContentType="{office}.worksheet+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'{package}<Relationship Id="a" Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{namespace}" xmlns:r="{related}"><sheets><sheet name="s" sheetId="1" r:id="b"/></sheets>'
            "</workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{package}<Relationship Id="b" Type="{related}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/s.xml", f'<worksheet xmlns="{namespace}"><sheetData>{sheet}</sheetData></worksheet>'
        )


def test_a_workbook_is_read_as_its_csv_file(from_csv, tmp_path):
    pytest.importorskip("python_calamine", reason="python-calamine comes with the extra `tables`")
    path = tmp_path / "t.xlsx"
    workbook(path)

    assert equal(reading.load(path, SETTINGS), from_csv)
    assert reading.column_names(path) == list(CELLS)


@pytest.mark.parametrize(
    ("name", "content", "module", "what"),
    [
        ("t.parquet", b"PAR1", "pyarrow.parquet", "a Parquet file without pyarrow"),
        ("t.xlsx", b"PK\x03\x04", "python_calamine", "a workbook without python-calamine"),
    ],
)
def test_a_missing_extra_is_named_with_the_command(tmp_path, monkeypatch, name, content, module, what):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(content)

    with pytest.raises(MachineError) as error:
        reading.load(tmp_path / name, SETTINGS)

    assert str(error.value) == (f'cannot read {what}; install it with: pip install "reportgen-regularization[tables]"')


def test_a_stored_frame_comes_back(from_csv, tmp_path):
    full = dataclasses.replace(from_csv, groups=np.arange(ROWS) // 2, weights=np.full(ROWS, 1.0))
    content = reading.to_bytes(full)
    path = tmp_path / "t.frame"
    path.write_bytes(content)

    back = reading.load(path, SETTINGS)

    assert equal(back, full)
    assert (back.name, back.notes) == (full.name, full.notes)
    assert reading.to_bytes(from_bytes(content)) == content
    with pytest.raises(ExperimentError, match=r"^target 'a' is not that of .*t\.frame, which is 'y'$"):
        reading.load(path, TableSettings(target="a"))


@pytest.mark.parametrize("edit", [lambda c: c[:-1], lambda c: c[:40] + b"x" + c[41:], lambda c: b"", lambda c: c[1:]])
def test_a_damaged_stored_frame_is_refused(from_csv, tmp_path, edit):
    path = tmp_path / "t.frame"
    path.write_bytes(edit(reading.to_bytes(from_csv)))

    with pytest.raises(DataError, match=r"^cannot use .*t\.frame: it is (not a frame of|damaged)"):
        reading.load(path, SETTINGS)
