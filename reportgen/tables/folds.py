"""Splits of the rows of a table: into folds, halves and clusters, and shuffled targets.

Rows of one group always stay together. Rows with an order in time are tested only by models that learned from earlier
rows. No split reads the values of features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.tables import Array, Frame

Rows = NDArray[np.intp]
"""Indices of rows of a frame."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to learn from and rows to test with, as ascending indices of rows of the frame."""

    train: Rows
    test: Rows


def outer_splits(frame: Frame, folds: int, repetitions: int, seed: int) -> tuple[Split, ...]:
    """K-fold splits of all rows, shuffled anew for each repetition; classes are stratified.

    With an order in time there is one repetition, and fold k learns from everything before the rows that it tests.
    Raises `DataError` if there are too few rows, groups, times, or members of a class.
    """
    everything = np.arange(frame.rows)
    if frame.time is not None:
        return _forward_splits(frame, frame.time, everything, folds)
    repeated = (_shuffled_splits(frame, everything, folds, number, seed) for number in range(repetitions))
    return tuple(split for splits in repeated for split in splits)


def inner_splits(frame: Frame, rows: Rows, folds: int, seed: int) -> tuple[Split, ...]:
    """K-fold splits of some rows, in indices of the frame, by the rules of `outer_splits`.

    The number of folds is reduced to what the rows allow, but not below two.
    """
    if frame.time is not None:
        # Ties in time, or groups over several times, can leave a class out of the first folds.
        possible = len(np.unique(frame.time[rows])) - 1
        return _forward_splits(frame, frame.time, rows, max(2, min(folds, possible)))
    possible = len(rows) if frame.groups is None else len(np.unique(frame.groups[rows]))
    if frame.classes:
        possible = min(possible, *(_class_members(frame, rows).tolist()))
    return _shuffled_splits(frame, rows, max(2, min(folds, possible)), 0, seed)


def _shuffled_splits(frame: Frame, rows: Rows, folds: int, repetition: int, seed: int) -> tuple[Split, ...]:
    from sklearn import model_selection  # half a second

    random = int(np.random.default_rng([seed, repetition, folds]).integers(2**31))
    target = frame.target[rows]
    if len(rows) < folds:
        raise DataError(
            f"{frame.name}: {_count(len(rows), 'row')} cannot be divided into {folds} folds; "
            "use a table with more rows, or fewer folds"
        )
    if frame.classes:
        for name, members in zip(frame.classes, _class_members(frame, rows).tolist(), strict=True):
            if members < folds:
                raise DataError(
                    f"{frame.name}: class {name!r} of {frame.target_name!r} has {_count(members, 'row')}, too few for "
                    f"{folds} folds; use fewer folds, or leave this class out or merge it with another"
                )
    if frame.groups is not None:
        groups = frame.groups[rows]
        if (count := len(np.unique(groups))) < folds:
            raise DataError(
                f"{frame.name}: {_count(count, 'group')} cannot be divided into {folds} folds; "
                "use fewer folds, or no column of groups"
            )
        kind = model_selection.StratifiedGroupKFold if frame.classes else model_selection.GroupKFold
        found = kind(folds, shuffle=True, random_state=random).split(target, target, groups)
    else:
        shuffled = model_selection.StratifiedKFold if frame.classes else model_selection.KFold
        found = shuffled(folds, shuffle=True, random_state=random).split(target, target)
    splits = tuple(Split(np.sort(rows[train]), np.sort(rows[test])) for train, test in found if len(test))
    _check_classes(frame, splits)
    return splits


def _forward_splits(frame: Frame, times: Array, rows: Rows, folds: int) -> tuple[Split, ...]:
    """Splits whose tests follow each other in time; rows of one time, and of one group, are not divided."""
    time = times[rows]
    # The block of a row is that of the first row of its time, so that ties stay together.
    first = np.searchsorted(np.sort(time), time)
    block = first * (folds + 1) // len(rows)
    splits = []
    for fold in range(1, folds + 1):
        train, test = rows[block < fold], rows[block == fold]
        if frame.groups is not None:
            train = train[~np.isin(frame.groups[train], frame.groups[test])]
        if len(train) > 1 and len(test):
            splits.append(Split(np.sort(train), np.sort(test)))
    if len(splits) < 2:
        raise DataError(
            f"{frame.name}: its times cannot be divided into {folds + 1} parts that follow each other; "
            "use fewer folds, or no column of time"
        )
    _check_classes(frame, tuple(splits))
    return tuple(splits)


def _class_members(frame: Frame, rows: Rows) -> NDArray[np.intp]:
    return np.bincount(frame.target[rows].astype(np.intp), minlength=len(frame.classes))


def _check_classes(frame: Frame, splits: tuple[Split, ...]) -> None:
    """Raise `DataError` if a class is missing from the rows that a fold learns from."""
    for split in splits if frame.classes else ():
        for name, members in zip(frame.classes, _class_members(frame, split.train).tolist(), strict=True):
            if not members:
                together = "rows of its groups" if frame.groups is not None else "rows of its times"
                raise DataError(
                    f"{frame.name}: because {together} stay together, a fold has no row of class {name!r} of "
                    f"{frame.target_name!r} to learn from; use fewer folds, or merge this class with another"
                )


def clusters(frame: Frame, rows: Rows) -> NDArray[np.intp]:
    """The cluster of each of some rows, from 0 up: its group, a block of about √n rows that follow each other in time,
    or the row itself. Rows of different clusters are treated as independent."""
    if frame.groups is not None:
        return np.unique(frame.groups[rows], return_inverse=True)[1]
    if frame.time is not None:
        blocks = max(2, math.isqrt(len(rows)))
        first = np.searchsorted(np.sort(frame.time[rows]), frame.time[rows])
        return np.unique(first * blocks // len(rows), return_inverse=True)[1]
    return np.arange(len(rows))


def halves(frame: Frame, seed: int, number: int) -> tuple[Rows, Rows]:
    """A random pair of complementary halves of the rows, of whole clusters; classes are stratified where rows are
    independent."""
    rng = np.random.default_rng([seed, 1, number])
    of = clusters(frame, np.arange(frame.rows))
    sizes = np.bincount(of)
    order = rng.permutation(len(sizes))
    if frame.classes and len(sizes) == frame.rows:
        order = order[np.argsort(frame.target[order], kind="stable")]
        first = np.zeros(frame.rows, bool)
        # Of each two neighbors in the order of classes one, at random, goes to the first half.
        pairs = np.arange(0, frame.rows, 2) + rng.integers(2, size=-(-frame.rows // 2))
        first[order[np.minimum(pairs, frame.rows - 1)]] = True
    else:
        cut = int(np.searchsorted(np.cumsum(sizes[order]), frame.rows / 2)) + 1
        first = np.isin(of, order[: min(max(cut, 1), len(order) - 1)])
    return np.flatnonzero(first), np.flatnonzero(~first)


def shuffled_target(frame: Frame, seed: int, number: int) -> Array:
    """The target, shuffled such that it has nothing to do with the features.

    Without groups and time its rows are permuted. With groups, groups are put into random order and lay their targets
    over the rows one after the other, so that targets of a group stay similar. With time, it is shifted in a circle.
    """
    rng = np.random.default_rng([seed, 2, number])
    if frame.time is not None:
        order = np.argsort(frame.time, kind="stable")
        shift = int(rng.integers(frame.rows // 10, frame.rows - frame.rows // 10))
        shuffled = np.empty_like(frame.target)
        shuffled[order] = np.roll(frame.target[order], shift)
        return shuffled
    if frame.groups is not None:
        of = clusters(frame, np.arange(frame.rows))
        rank = rng.permutation(of.max() + 1)
        shuffled = np.empty_like(frame.target)
        shuffled[np.argsort(of, kind="stable")] = frame.target[np.lexsort((rng.random(frame.rows), rank[of]))]
        return shuffled
    return rng.permutation(frame.target)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
