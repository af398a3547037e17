"""What looks odd in a frame: inputs that give the target away, repeated rows and columns, extreme values, few rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from reportgen.tables import Array, Feature, Frame, Note
from reportgen.tables.notes import note
from reportgen.text import number, plural

GIVEN_AWAY = 0.999
"""The rank correlation, or share of right guesses, from which a column gives the target away."""
EXTREME = 20.0
"""Robust standard deviations from the median."""
_FEWEST = 20
"""Rows that a column needs to be judged."""


def table_notes(frame: Frame, place: Callable[[int], str]) -> Iterator[Note]:
    """The notes on a frame; `place` says where a row is."""
    for feature in frame.features:
        yield from _given_away(feature, frame)
        yield from _missing(feature)
        yield from _extreme(feature, place)
    if not frame.classes:
        yield from _extreme(Feature(name=frame.target_name, values=frame.target), place)
    yield from _same_columns(frame.features)
    yield from _size(frame)
    yield from _repeated_rows(frame)


def _given_away(feature: Feature, frame: Frame) -> Iterator[Note]:
    present = ~np.isnan(feature.values)
    ways = []
    if present.sum() >= _FEWEST:
        ways.append((feature.values[present], frame.target[present], bool(feature.levels), ""))
    if not present.all():
        ways.append((present.astype(np.float64), frame.target, True, "where it is missing "))
    for values, target, is_category, what in ways:
        judge = _class_given if frame.classes else _number_given
        if judge(values, target, is_category):
            yield note(
                "T01",
                f"{feature.name} alone gives the target away: {what}it predicts {frame.target_name} almost perfectly. "
                'If it is not known before the target, state role = "ignore".',
                feature.name,
            )
            return


def _number_given(values: Array, target: Array, is_category: bool) -> bool:
    total = ((target - target.mean()) ** 2).sum()
    if total == 0 or not np.isfinite(total):
        return False
    if not is_category:
        return bool(abs(rank_correlation(values, target)) > GIVEN_AWAY)
    codes, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    if len(counts) > len(values) / 5:
        return False
    within = ((target - (np.bincount(codes, target) / counts)[codes]) ** 2).sum()
    return bool(1 - within / total > GIVEN_AWAY)


def _class_given(values: Array, target: Array, is_category: bool) -> bool:
    codes, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    classes = np.unique(target, return_inverse=True)[1]
    base = len(values) - np.bincount(classes).max()
    if base == 0:
        return False
    table = np.zeros((len(counts), classes.max() + 1), np.int64)
    np.add.at(table, (codes, classes), 1)
    wrong = len(values) - table.max(axis=1).sum()
    if wrong > min((1 - GIVEN_AWAY) * len(values), 0.1 * base):
        return False
    if is_category:
        return bool(len(counts) <= len(values) / 5)
    # Intervals of a number must be as few as classes, apart from single wrong rows.
    changes = int((np.diff(table.argmax(axis=1)) != 0).sum())
    return bool(changes <= table.shape[1] - 1 + 2 * int((1 - GIVEN_AWAY) * len(values)))


def rank_correlation(x: Array, y: Array) -> float:
    """Spearman's rank correlation; equal values share the mean of their ranks. 0 if either is constant."""
    a, b = (_ranks(values) for values in (x, y))
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else 0.0


def _ranks(values: Array) -> Array:
    codes, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    last = np.cumsum(counts)
    ranks: Array = (last - (counts - 1) / 2)[codes]
    return ranks


def _missing(feature: Feature) -> Iterator[Note]:
    if (share := float(np.isnan(feature.values).mean())) > 0.5:
        yield note(
            "T06",
            f"{share:.0%} of the values of {feature.name} are missing. Say why before trusting what it contributes.",
            feature.name,
        )


def _extreme(feature: Feature, place: Callable[[int], str]) -> Iterator[Note]:
    if feature.levels:
        return
    rows = np.flatnonzero(~np.isnan(feature.values))
    values = feature.values[rows]
    if len(values) < _FEWEST:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.abs(values - np.median(values))
        # The factor makes the median of absolute deviations a standard deviation for normal values.
        scale = 1.4826 * float(np.median(far))
        beyond = far > EXTREME * scale
    if scale > 0 and beyond.any():
        worst = int(far.argmax())
        yield note(
            "T15",
            f"{feature.name} has {plural(int(beyond.sum()), 'value')} more than {EXTREME:.0f} robust standard "
            f"deviations from the median, the farthest {number(float(values[worst]))} ({place(int(rows[worst]))}). "
            "Check them, or take the logarithm of the column.",
            feature.name,
        )


def _same_columns(features: tuple[Feature, ...]) -> Iterator[Note]:
    seen: dict[bytes, str] = {}
    equal = set()
    for feature in features:
        key = (feature.values + 0.0).tobytes()
        if key in seen:
            equal.add(feature.name)
            yield note(
                "T02",
                f"{feature.name} equals {seen[key]} in every row. Ignore one of them, or neither can be told from the "
                "other.",
                feature.name,
            )
        seen.setdefault(key, feature.name)
    numbers = [f for f in features if not f.levels and f.name not in equal and not np.isnan(f.values).any()]
    if not 1 < len(numbers) <= 300:
        return
    scaled = np.stack([f.values for f in numbers])
    scaled = scaled / np.maximum(np.abs(scaled).max(axis=1, keepdims=True), np.finfo(float).tiny)
    scaled = scaled - scaled.mean(axis=1, keepdims=True)
    norms = np.sqrt((scaled**2).sum(axis=1))
    scaled = scaled / np.where(norms > 0, norms, 1)[:, None]
    correlation = np.abs(scaled @ scaled.T)
    for j in range(1, len(numbers)):
        i = int(correlation[j, :j].argmax())
        if correlation[j, i] > 1 - 1e-9:
            yield note(
                "T02",
                f"{numbers[j].name} is {numbers[i].name} in another unit: one follows from the other along a line. "
                "Ignore one of them, or neither can be told from the other.",
                numbers[j].name,
            )


def _size(frame: Frame) -> Iterator[Note]:
    inputs = sum(max(len(feature.levels) - 1, 1) for feature in frame.features)
    if frame.rows < max(50, 10 * inputs):
        yield note(
            "T08",
            f"There are {frame.rows:,} rows for {plural(inputs, 'number')} that a model learns from, and fewer than "
            f"{max(50, 10 * inputs):,} seldom suffice to tell columns apart. Collect more rows, or ignore columns that "
            "cannot matter.",
        )
    if frame.classes:
        counts = np.bincount(frame.target.astype(np.intp), minlength=len(frame.classes))
        rare = int(counts.argmin())
        if counts[rare] < max(10, 0.1 * frame.rows / (len(frame.classes) - 1)):
            yield note(
                "T09",
                f"Only {plural(int(counts[rare]), 'row is', 'rows are')} of the class {frame.classes[rare]!r}. A high "
                "share of right predictions says little; look at the log-loss.",
            )


def _repeated_rows(frame: Frame) -> Iterator[Note]:
    # A hash of all values: the odd factor makes each column count in another way.
    mixed: NDArray[np.uint64] = np.zeros(frame.rows, np.uint64)
    for values in (*(feature.values for feature in frame.features), frame.target):
        bits = (np.where(np.isnan(values), np.inf, values) + 0.0).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    if repeated := frame.rows - len(np.unique(mixed)):
        yield note(
            "T10",
            f"{plural(repeated, 'row repeats', 'rows repeat')} an earlier one in all columns. If they are copies, "
            "delete them: a copy in the test data makes errors look smaller.",
        )
