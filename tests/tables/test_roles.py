"""Roles that are guessed from cells, and what a stated role changes."""

import numpy as np
import pytest

from reportgen.errors import DataError
from reportgen.tables import reading
from reportgen.tables.settings import TableSettings

ROWS = 60


def table(tmp_path, cells, rows=ROWS, **settings):
    """The frame of a table with a number as target and one more column, whose cells are functions of the row."""
    cells = {"filler": lambda i: f"{i * 7 % 13}.5", **cells}
    cells.setdefault("y", lambda i: f"{i * 11 % 31}.25")
    path = tmp_path / "t.csv"
    lines = [",".join(cells), *(",".join(str(cell(i)) for cell in cells.values()) for i in range(rows))]
    path.write_text("\n".join(lines))
    return reading.load(path, TableSettings(target="y", **settings))


def role(tmp_path, cell, name="x", stated=None):
    """What a column becomes: "number", "category", or the codes of the notes on it if it is ignored."""
    frame = table(tmp_path, {name: cell}, columns={name: {"role": stated}} if stated else ())
    for feature in frame.features:
        if feature.name == name:
            return "category" if feature.levels else "number"
    return ",".join(note.code for note in frame.notes if note.column == name)


@pytest.mark.parametrize(
    ("cell", "name", "guess"),
    [
        (lambda i: i % 2, "x", "number"),
        (lambda i: 1990 + i, "year", "number"),
        (lambda i: "yNo"[i % 3], "x", "category"),
        (lambda i: "Yes" if i % 3 else "no", "x", "number"),
        (lambda i: f"0{i % 7}501", "x", "category"),
        (lambda i: i % 5 if i % 5 else "4+", "x", "category"),
        (lambda i: i + 1, "x", "T03"),
        (lambda i: 10_000 + i * 7919 % 60_000, "house id", "T03"),
        (lambda i: f"name {i}", "x", "T03"),
        (lambda i: 7, "x", "T04"),
        (lambda i: "same", "x", "T04"),
        (lambda i: "" if i % 2 else "present", "x", "category"),
        (lambda i: "" if i % 2 else 1, "x", "category"),
        (lambda i: "NA", "x", "T05"),
        (lambda i: f"2024-{i % 12 + 1:02d}-11T09:30:00Z", "x", "T07"),
        (lambda i: f"{i % 28 + 1}.3.2024", "x", "T07"),
        (lambda i: f"Mar {i % 28 + 1} 2024", "x", "T07"),
        (lambda i: f"{i % 9 + 1}/{i % 8 + 1}/24", "x", "T07,T19"),
    ],
)
def test_a_role_is_guessed_from_the_cells(tmp_path, cell, name, guess):
    assert role(tmp_path, cell, name) == guess


@pytest.mark.parametrize(
    ("cell", "stated", "found"),
    [
        (lambda i: i + 1, "number", "number"),
        (lambda i: i % 4, "category", "category"),
        (lambda i: "yes" if i % 3 else "no", "category", "category"),
        (lambda i: "yes" if i % 3 else "no", "number", "number"),
        (lambda i: f"name {i}", "category", "category"),
        (lambda i: i, "ignore", ""),
    ],
)
def test_a_stated_role_is_used(tmp_path, cell, stated, found):
    assert role(tmp_path, cell, stated=stated) == found


def test_words_of_yes_and_no_are_one_and_zero(tmp_path):
    frame = table(tmp_path, {"x": lambda i: ("No", "yes", "YES", "")[i % 4]})

    np.testing.assert_array_equal(frame.features[1].values[:4], [0, 1, 1, np.nan])


def test_levels_are_in_a_natural_order_and_many_are_noted(tmp_path):
    ordered = table(tmp_path, {"x": lambda i: f"level {i % 12}"}).features[1]
    many = table(tmp_path, {"x": lambda i: f"v{i % 8}" if i < 500 else f"other{i // 4}"}, rows=700)

    assert ordered.levels == tuple(f"level {i}" for i in range(12))
    assert len(many.features[1].levels) == 58
    assert [note.text for note in many.notes if note.code == "T16"] == [
        "x has 58 levels. In training all but the 30 most frequent count as one; they are in 112 rows of the table. "
        "Merge them by their meaning instead."
    ]


@pytest.mark.parametrize(
    ("cell", "task", "classes", "noted"),
    [
        (lambda i: f"{i * 11 % 31}.25", "regression", (), False),
        (lambda i: i % 2, "binary", ("0", "1"), False),
        (lambda i: i % 2 + 1, "binary", ("1", "2"), True),
        (lambda i: "yes" if i % 3 else "no", "binary", ("no", "yes"), False),
        (lambda i: "pqr"[i % 3], "classes", ("p", "q", "r"), False),
        (lambda i: i % 5, "regression", (), True),
        (lambda i: i * 7 % 29, "regression", (), False),
    ],
)
def test_the_task_is_guessed_from_the_target(tmp_path, cell, task, classes, noted):
    frame = table(tmp_path, {"y": cell})

    assert (frame.task, frame.classes) == (task, classes)
    assert any(note.code == "T20" for note in frame.notes) == noted
    stated = "regression" if frame.task == "regression" else "classes"
    assert not any(note.code == "T20" for note in table(tmp_path, {"y": cell}, task=stated).notes)


def test_numbers_become_classes_if_the_task_says_so(tmp_path):
    frame = table(tmp_path, {"y": lambda i: i % 5}, task="classes")

    assert frame.classes == ("0", "1", "2", "3", "4")
    np.testing.assert_array_equal(frame.target, np.arange(ROWS) % 5)
    with pytest.raises(DataError, match=r"has 5 values \(0, 1, 2, 3, 4\); task = \"binary\" needs two: state task"):
        table(tmp_path, {"y": lambda i: i % 5}, task="binary")


def test_rows_without_a_target_are_left_out(tmp_path):
    frame = table(tmp_path, {"x": lambda i: i * 3 % 17, "y": lambda i: "" if i % 4 == 1 else i * 11 % 31})

    assert (frame.rows, frame.rows_in_file) == (45, 60)
    np.testing.assert_array_equal(frame.features[1].values[:3], [0, 6, 9])
    assert [note.text[:38] for note in frame.notes if note.code == "T11"] == ["15 rows have no target and are left ou"]


def test_groups_times_and_weights_are_no_inputs(tmp_path):
    frame = table(
        tmp_path,
        {"patient": lambda i: f"p{i // 3}", "day": lambda i: f"1970-01-{i % 31 + 1:02d}", "w": lambda i: 1 + i % 2},
        columns={"patient": {"role": "group"}, "day": {"role": "time"}},
        weights="w",
    )

    assert [feature.name for feature in frame.features] == ["filler"]
    np.testing.assert_array_equal(frame.time, np.arange(ROWS) % 31)
    np.testing.assert_allclose(frame.weights, (1 + np.arange(ROWS) % 2) / 1.5)
    # The numbers of groups are arbitrary; which rows share one is not.
    assert len({tuple(frame.groups[i : i + 3]) for i in range(0, ROWS, 3)}) == 20
    assert all(len(set(frame.groups[i : i + 3])) == 1 for i in range(0, ROWS, 3))


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (
            {"w": lambda i: i - 3},
            {"weights": "w"},
            r"t\.csv:2:5: column 'w': a weight must not be negative$",
        ),
        ({"w": lambda i: 0}, {"weights": "w"}, r"all weights in column 'w' are 0$"),
        (
            {"g": lambda i: "" if i == 4 else i % 5},
            {"columns": {"g": {"role": "group"}}},
            r"t\.csv:6:5: column 'g': every row needs a group; fill it in, or leave the row out$",
        ),
        ({"g": lambda i: 1}, {"columns": {"g": {"role": "group"}}}, r"all rows are of one group in column 'g'"),
        (
            {"d": lambda i: "soon" if i == 9 else "2024-01-01"},
            {"columns": {"d": {"role": "time"}}},
            r"t\.csv:11:6: column 'd': 'soon' is no date and no number; write times as 2024-12-31",
        ),
    ],
)
def test_groups_times_and_weights_must_be_complete(tmp_path, columns, settings, message):
    with pytest.raises(DataError, match=message):
        table(tmp_path, columns, **settings)


def test_a_sample_is_the_same_again_keeps_the_order_and_keeps_groups_whole(tmp_path):
    columns = {"i": lambda i: i + 0.5, "g": lambda i: f"g{i * 7 % 100}"}
    plain, again = (table(tmp_path, columns, rows=1000, most_rows=300) for _ in range(2))
    grouped = table(tmp_path, columns, rows=1000, most_rows=305, columns={"g": {"role": "group"}})

    drawn = plain.features[1].values
    assert (plain.rows, plain.rows_in_file) == (300, 1000)
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, again.features[1].values)
    assert [note.text[:37] for note in plain.notes if note.code == "T12"] == ["300 of 1,000 rows are drawn and used,"]
    assert np.bincount(grouped.groups).tolist() == [10] * 30
    other = table(tmp_path, {**columns, "z": lambda i: i % 3}, rows=1000, most_rows=300)
    assert not np.array_equal(drawn, other.features[1].values)  # it is drawn by the content of the file


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (lambda i: "1e308" if i == 7 else i, r"t\.csv:9:\d+: column 'x': 1e\+308 is too large; state the column"),
        (lambda i: f"{i}e-150", "61:6: column 'x': 5.9e-149 is the largest number of the column and too small"),
    ],
)
def test_numbers_whose_squares_are_none_are_refused(cells, message, tmp_path):
    with pytest.raises(DataError, match=message):
        table(tmp_path, {"x": cells})


def test_weights_that_leave_hardly_a_row_are_refused(tmp_path):
    with pytest.raises(DataError, match="count as 1 row of equal weight; a study needs 20 at least"):
        table(tmp_path, {"w": lambda i: 1 if i == 3 else 0, "x": lambda i: i * 7 % 11}, weights="w")
