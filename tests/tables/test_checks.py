"""Notes on a table: each is planted, found, and absent from a table that is in order."""

import numpy as np
import pytest

from reportgen.tables import Feature, Frame, checks
from reportgen.tables.notes import TITLES, note

ROWS = 400
RNG = np.random.default_rng(1)
X = RNG.normal(size=(4, ROWS))
NUMBER = X[0] + X[1] + RNG.normal(size=ROWS)
BINARY = (NUMBER > 0).astype(float)
THREE = np.digitize(NUMBER, [-0.5, 0.5]).astype(float)


def frame(target=NUMBER, classes=(), **more):
    """A frame in order, with columns replaced or added."""
    columns = {"a": X[0], "b": X[1], "c": X[2], "d": X[3], **more}
    features = [Feature(name=n, **(v if isinstance(v, dict) else {"values": v})) for n, v in columns.items()]
    task = {0: "regression", 2: "binary"}.get(len(classes), "classes")
    return Frame(
        name="t.csv",
        task=task,
        target_name="y",
        target=target,
        classes=classes,
        features=tuple(features),
        rows_in_file=len(target),
    )


def codes(table):
    return [(note.code, note.column) for note in checks.table_notes(table, lambda row: f"line {row + 2}")]


@pytest.mark.parametrize("table", [frame(), frame(BINARY, ("n", "p")), frame(THREE, ("l", "m", "h"))])
def test_a_table_in_order_has_no_notes(table):
    assert codes(table) == []


def missing_where(condition, values=X[2]):
    return np.where(condition, np.nan, values)


def category(values):
    return {"values": np.asarray(values, float), "levels": tuple(f"l{i}" for i in range(int(np.nanmax(values)) + 1))}


@pytest.mark.parametrize(
    ("target", "classes", "leak"),
    [
        (NUMBER, (), np.exp(-NUMBER)),
        (NUMBER, (), missing_where(np.arange(ROWS) % 2, NUMBER + 1e-4 * X[3])),
        (np.round(NUMBER), (), category(np.round(NUMBER) - np.round(NUMBER).min())),
        (BINARY, ("n", "p"), NUMBER**3),
        (BINARY, ("n", "p"), category(BINARY + 2 * (np.arange(ROWS) % 3))),
        (BINARY, ("n", "p"), missing_where(BINARY == 1)),
        (THREE, ("l", "m", "h"), -NUMBER),
    ],
)
def test_a_column_that_gives_the_target_away_is_found(target, classes, leak):
    assert ("T01", "c") in codes(frame(target, classes, c=leak))


@pytest.mark.parametrize(
    ("target", "classes", "honest"),
    [
        (NUMBER, (), NUMBER + 0.3 * X[3]),
        (NUMBER, (), category(np.arange(ROWS))),
        (BINARY, ("n", "p"), NUMBER + 0.3 * X[3]),
        (BINARY, ("n", "p"), category(np.arange(ROWS))),
        ((np.arange(ROWS) == 7) * 1.0, ("n", "p"), X[2]),
    ],
)
def test_a_good_column_is_no_leak(target, classes, honest):
    assert "T01" not in {code for code, _ in codes(frame(target, classes, c=honest))}


def test_columns_that_say_the_same_are_found():
    assert codes(frame(e=X[0].copy())) == [("T02", "e")]
    assert codes(frame(e=32 - 1.8 * X[0])) == [("T02", "e")]
    assert codes(frame(e=X[0] + 1e-3 * X[1])) == []


def test_a_column_with_few_values_is_found():
    assert codes(frame(c=missing_where(np.arange(ROWS) % 5))) == [("T06", "c")]


def test_an_extreme_value_is_found_with_its_line():
    wild = X[2].copy()
    wild[[40, 50]] = 1e6, -300

    notes = list(checks.table_notes(frame(c=wild), lambda row: f"line {row + 2}"))

    assert [note.text for note in notes] == [
        "c has 2 values more than 20 robust standard deviations from the median, the farthest 10⁶ (line 42). Check "
        "them, or take the logarithm of the column."
    ]
    assert codes(frame(np.where(np.arange(ROWS) == 3, 1e6, NUMBER))) == [("T15", "y")]


def test_few_rows_for_the_inputs_are_found():
    many = {f"x{i}": RNG.normal(size=ROWS) for i in range(36)}

    assert codes(frame(**many)) == []  # 40 inputs and 400 rows
    assert codes(frame(**many, e=RNG.normal(size=ROWS))) == [("T08", "")]


def test_a_rare_class_is_found():
    rare = (np.sort(NUMBER)[-9] < NUMBER).astype(float)

    assert codes(frame(rare, ("n", "p"))) == [("T09", "")]


def test_repeated_rows_are_counted():
    rows = np.r_[np.arange(ROWS - 3), [5, 5, 9]]
    table = frame(NUMBER[rows], **{name: x[rows] for name, x in zip("abcd", X, strict=True)})

    (found,) = checks.table_notes(table, str)

    assert found.code == "T10"
    assert found.text.startswith("3 rows repeat an earlier one in all columns.")


def test_notes_have_codes_of_the_list():
    assert list(TITLES) == [f"T{i:02d}" for i in range(1, len(TITLES) + 1)]
    with pytest.raises(KeyError):
        note("T99", "")


def test_ranks_agree_with_scipy():
    from scipy.stats import spearmanr

    tied = np.round(X[0], 1)

    assert checks.rank_correlation(tied, NUMBER) == pytest.approx(spearmanr(tied, NUMBER).statistic, abs=1e-12)
