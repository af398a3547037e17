"""Tables of users: a file or a data frame, read into named columns with roles, and everything that looks odd in them.

Reading, guessing roles, and the messages about bad cells belong here, and so do the splits of rows and the encoding of
columns as numbers. What a model learns from them does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Role = Literal["number", "category", "group", "time", "ignore"]
"""What a column is for: an input that is a number or a category; rows that belong together, as those of one patient;
the order of rows in time; or nothing."""

Task = Literal["regression", "binary", "classes"]
"""What the target is: a number, one of two classes, or one of several."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Feature:
    """An input column."""

    name: str
    values: Array
    """One per row, NaN if missing: numbers in the unit of the file, or for a category the index of its level."""
    levels: tuple[str, ...] = ()
    """The levels of a category; empty for a number."""
    cost: float = 0.0
    """The price of this column for one row, in any currency; 0 if it is not stated."""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something odd about a table, which a reader should know before trusting results."""

    code: str
    """Such as "T03"; the documentation lists them."""
    column: str
    """The column that it is about; "" for the table."""
    text: str
    """One sentence that says what was found, and one that says what to do."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """A table that a study can use."""

    name: str
    """The name of the file."""
    task: Task
    target_name: str
    target: Array
    """One per row, never missing: a number, or the index of its class."""
    classes: tuple[str, ...] = ()
    """The classes of the target in the order of their indices; empty for a regression."""
    target_unit: str = ""
    features: tuple[Feature, ...]
    groups: NDArray[np.intp] | None = None
    """The group of each row; rows of one group are never split between training and test."""
    time: Array | None = None
    """Where rows have an order in time; tests are then always later than what was learned from."""
    weights: Array | None = None
    """Weights of rows in training and in errors, with mean 1."""
    notes: tuple[Note, ...] = ()
    reading: tuple[tuple[str, str], ...] = ()
    """How a text file is written, as arguments of `pandas.read_csv` and their values in Python."""
    rows_in_file: int
    """Rows of the file. Those without a target are left out, and of very many only a sample is taken."""

    @property
    def rows(self) -> int:
        """Number of rows that are used."""
        return len(self.target)
