"""Splits of rows: what they keep together, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import study_tables

from reportgen.errors import DataError
from reportgen.tables.folds import clusters, halves, inner_splits, outer_splits, shuffled_target

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = RNG.normal(size=60)
GROUPS = RNG.permutation(np.repeat(np.arange(12), 5))
LABELS = np.repeat([0, 1, 2], [36, 18, 6])
KINDS = {
    "rows": study_tables.table(X, Y),
    "classes": study_tables.table(X, LABELS, classes=("a", "b", "c")),
    "groups": study_tables.table(X, Y, groups=GROUPS),
    "grouped classes": study_tables.table(X, GROUPS % 2, classes=("a", "b"), groups=GROUPS),
    "time": study_tables.table(X, Y, time=np.repeat(np.arange(30.0), 2)[::-1].copy()),
    "time of groups": study_tables.table(X, Y, time=np.arange(60.0), groups=np.arange(60) // 7),
}


def together(frame):
    """Pairs of rows that must not be divided."""
    return [labels for labels in (frame.groups, frame.time) if labels is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_train_or_test_and_what_belongs_together_stays_together(kind):
    frame = KINDS[kind]
    splits = outer_splits(frame, 4, 3, seed=1)
    inner = inner_splits(frame, splits[-1].train, 3, seed=1)

    assert len(splits) == (4 if frame.time is not None else 12)
    assert all(set(np.concatenate([s.train, s.test])) <= set(splits[-1].train) for s in inner)
    for split in (*splits, *inner):
        assert not set(split.train) & set(split.test)
        for labels in together(frame):
            assert not set(labels[split.train]) & set(labels[split.test])
        if frame.time is not None:
            assert frame.time[split.train].max() < frame.time[split.test].min()
        if kind == "classes":
            assert np.bincount(LABELS[split.test], minlength=3).min() >= 1


@pytest.mark.parametrize("kind", ["rows", "classes", "groups", "grouped classes"])
def test_every_repetition_tests_every_row_once_and_another_seed_splits_otherwise(kind):
    splits = outer_splits(KINDS[kind], 4, 2, seed=1)
    tested = [np.concatenate([s.test for s in splits[at : at + 4]]) for at in (0, 4)]

    assert all(sorted(rows) == list(range(60)) for rows in tested)
    for others in (splits[4:], outer_splits(KINDS[kind], 4, 1, seed=2)):
        assert any(not np.array_equal(a.test, b.test) for a, b in zip(splits[:4], others, strict=True))
    again = outer_splits(KINDS[kind], 4, 2, seed=1)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(splits, again, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_halves_are_complementary_and_of_whole_clusters(kind):
    frame = KINDS[kind]
    first, second = halves(frame, seed=3, number=5)
    of = clusters(frame, np.arange(60))

    assert sorted([*first, *second]) == list(range(60))
    assert 20 <= len(first) <= 40
    assert not set(of[first]) & set(of[second])
    assert not np.array_equal(first, halves(frame, seed=3, number=6)[0])
    if kind == "classes":
        assert np.bincount(LABELS[first]).tolist() == [18, 9, 3]


def test_shuffled_targets_keep_what_rows_of_a_group_or_neighbors_in_time_have_in_common():
    y = GROUPS + 0.01 * Y
    grouped = shuffled_target(study_tables.table(X, y, groups=GROUPS), 0, 0)
    moved = shuffled_target(study_tables.table(X, np.arange(60.0), time=np.arange(60.0)), 0, 0)
    free = shuffled_target(study_tables.table(X, Y), 0, 0)

    assert all(np.ptp(grouped[group == GROUPS]) < 0.2 for group in range(12))
    assert sorted(grouped) == sorted(y)
    assert not np.array_equal(np.round(grouped), GROUPS)
    assert set(np.diff(moved) % 60) == {1}
    assert abs(moved[0]) >= 6
    assert sorted(free) == sorted(Y)
    assert (free != Y).mean() > 0.9


@pytest.mark.parametrize(
    ("frame", "folds", "message"),
    [
        (
            study_tables.table(X[:4], Y[:4]),
            5,
            "table.csv: 4 rows cannot be divided into 5 folds; use a table with more rows, or fewer folds",
        ),
        (
            study_tables.table(X[:9], Y[:9], groups=np.arange(9) // 3),
            5,
            "table.csv: 3 groups cannot be divided into 5 folds; use fewer folds, or no column of groups",
        ),
        (
            study_tables.table(X[:20], np.arange(20) == 7, classes=("no", "yes")),
            5,
            "table.csv: class 'yes' of 'y' has 1 row, too few for 5 folds; use fewer folds, or leave this class out or "
            "merge it with another",
        ),
        (
            study_tables.table(X, np.arange(60) < 30, classes=("no", "yes"), groups=np.repeat(np.arange(6), 10) // 3),
            2,
            "table.csv: because rows of its groups stay together, a fold has no row of class 'yes' of 'y' to learn "
            "from; use fewer folds, or merge this class with another",
        ),
        (
            study_tables.table(X, np.arange(60) > 30, classes=("no", "yes"), time=np.arange(60.0)),
            3,
            "table.csv: because rows of its times stay together, a fold has no row of class 'yes' of 'y' to learn "
            "from; use fewer folds, or merge this class with another",
        ),
        (
            study_tables.table(X, Y, time=np.zeros(60)),
            3,
            "table.csv: its times cannot be divided into 4 parts that follow each other; use fewer folds, or no column "
            "of time",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused_with_a_way_out(frame, folds, message):
    with pytest.raises(DataError) as caught:
        outer_splits(frame, folds, 1, 0)

    assert str(caught.value) == message
