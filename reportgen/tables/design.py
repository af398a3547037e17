"""The columns of a table as a matrix of numbers, by rules that are learned from training rows only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.tables import Array, Frame
from reportgen.tables.folds import Rows

MISSING = "(missing)"
"""The level of a category that stands for a missing value, and the ending of the name of a number's indicator."""

OTHER = "(other)"
"""The level that stands for rare ones."""

MOST_LEVELS = 30
"""The levels of a category that have a column; rarer ones share one more."""

Fill = Literal["mean", "median"]


@dataclass(frozen=True)
class DesignColumn:
    """A column of a design matrix: (value − center) / scale."""

    feature: int
    """Index of the feature it is made from."""
    name: str
    kind: Literal["value", "missing", "level", "other"]
    """The number itself; 1 where it is missing; 1 where a category has `level`; or 1 where it has none of `levels`."""
    level: float
    """The index of the level, NaN for missing values; for a number what replaces a missing value."""
    center: float
    scale: float
    levels: tuple[float, ...] = ()
    """The indices of the frequent levels of a category that has rarer ones."""


@dataclass(frozen=True)
class Design:
    """How features become columns, as learned from some rows.

    A number becomes one column, whose missing values are replaced by the mean (or median) of the training rows, and if
    some of these are missing, a second column that says so. A category becomes one column for each level of the
    training rows, none of which is the reference; a missing value is a level, an unknown level is zero in all. Each
    column is centered by its mean in the training rows and divided by its standard deviation, both weighted. A column
    that is constant in the training rows is left out. The columns of a feature follow each other.
    """

    columns: tuple[DesignColumn, ...]

    @property
    def group(self) -> NDArray[np.intp]:
        """The index of the feature of each column."""
        return np.array([column.feature for column in self.columns], np.intp)

    def matrix(self, frame: Frame, rows: Rows) -> Array:
        """The design matrix [rows, columns] of some rows."""
        matrix = np.empty((len(rows), len(self.columns)), order="F")
        for j, column in enumerate(self.columns):
            values = _column(frame.features[column.feature].values[rows], column)
            matrix[:, j] = (values - column.center) / column.scale
        return matrix

    def original_units(self, coefficients: Array, intercept: Array) -> tuple[Array, Array]:
        """Coefficients [..., columns, outputs] and intercepts [..., outputs] for columns that are neither centered nor
        scaled."""
        scale = np.array([column.scale for column in self.columns])
        center = np.array([column.center for column in self.columns])
        original = coefficients / scale[:, None]
        return original, intercept - np.einsum("d,...dk->...k", center, original)


def fit_design(frame: Frame, rows: Rows, scale: bool = True, fill: Fill = "mean") -> Design:
    """Learn a design from some rows. Without `scale`, columns are only centered."""
    weights = np.ones(len(rows)) if frame.weights is None else frame.weights[rows]
    weights = weights / weights.sum()
    columns = []
    for index, feature in enumerate(frame.features):
        values = feature.values[rows]
        missing = np.isnan(values)
        found: list[tuple[str, Literal["value", "missing", "level", "other"], float]] = []
        frequent: tuple[float, ...] = ()
        if feature.levels:
            present, counts = np.unique(values[~missing], return_counts=True)
            if len(present) > MOST_LEVELS:
                present = np.sort(present[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
                frequent = tuple(present.tolist())
            elif len(present) == 2 and not missing.any():
                present = present[1:]  # the column of the other level would say the same
            found += [(f"{feature.name}={feature.levels[int(v)]}", "level", v) for v in present]
            found += [(f"{feature.name}={OTHER}", "other", 0.0)] if frequent else []
            found += [(f"{feature.name}={MISSING}", "level", np.nan)] if missing.any() else []
        elif not missing.all():
            there = values[~missing]
            share = weights[~missing]
            mean = float(share @ there / share.sum()) if share.sum() else float(there.mean())
            found.append((feature.name, "value", mean if fill == "mean" else float(np.median(there))))
            found += [(f"{feature.name} {MISSING}", "missing", np.nan)] if missing.any() else []
        for name, kind, level in found:
            column = DesignColumn(index, name, kind, level, 0.0, 1.0, frequent if kind == "other" else ())
            made = _column(values, column)
            shifted = made - made[0]  # exactly zero if all values are equal, however large they are
            shift = float(weights @ shifted)
            center = float(made[0]) + shift
            deviation = float(np.sqrt(weights @ (shifted - shift) ** 2))
            if deviation > 1e-12 * float(np.abs(shifted).max()):
                columns.append(dataclasses.replace(column, center=center, scale=deviation if scale else 1.0))
    return Design(tuple(columns))


def _column(values: Array, column: DesignColumn) -> Array:
    match column.kind:
        case "value":
            return np.where(np.isnan(values), column.level, values)
        case "missing":
            return np.isnan(values).astype(np.float64)
        case "other":
            return (~np.isnan(values) & ~np.isin(values, column.levels)).astype(np.float64)
        case "level":
            there = np.isnan(values) if np.isnan(column.level) else values == column.level
            return there.astype(np.float64)
