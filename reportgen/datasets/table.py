"""A table of the user's own, from a file, as a data set and as what a study works on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, without_outliers
from reportgen.errors import DataError, MachineError, reason
from reportgen.tables import Frame, Task
from reportgen.tables.design import Design, fit_design
from reportgen.tables.folds import Split, inner_splits, outer_splits
from reportgen.tables.reading import load
from reportgen.tables.settings import TableSettings
from reportgen.tables.study_settings import StudySettings
from reportgen.values import checked

_FOLDER: ContextVar[Path] = ContextVar("folder", default=Path())  # a path is immutable

_frames: dict[tuple[str, TableSettings], Frame] = {}
"""The tables that this process has read."""
_paths: dict[str, Path] = {}
"""Where the files are that were read in this process, by digest. A path is no part of a data set: a build gives the
same bytes wherever its table lies."""


@contextmanager
def beside(folder: Path) -> Iterator[None]:
    """The block in which names of files are relative to `folder`, that of the experiment file."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


@datasets.register("table")
@checked
class TableFile(TableSettings):
    """A table of your own, in a CSV, TSV, Parquet or xlsx file.

    A seed chooses a fifth of the rows for testing: whole groups if rows belong to groups, the last rows if they have an
    order in time. Numbers are standardized, and missing values replaced, by what the training rows say.
    """

    file: Annotated[str, Field(min_length=1, max_length=1000)]
    """The file, relative to the experiment file."""
    digest: str = field(default="", metadata={"described": "if any", "found": True})
    """SHA-256 of its content, found when it is read."""
    split: tuple[int, ...] = field(default=(), metadata={"described": "if any", "found": True})
    """The split of a study: (number, folds, repetitions, seed) of an outer one, then (number, folds) of one inside."""

    def __post_init__(self) -> None:
        if not self.digest:
            path = _FOLDER.get() / self.file
            frame = load(path, self._reading)  # mistakes in the file are reported with those in the settings
            object.__setattr__(self, "digest", _digest(path))
            _paths[self.digest] = path.absolute()
            _frames[self.digest, self._reading] = frame

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_path": str(_paths.get(self.digest, ""))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        path = state.pop("_path")
        vars(self).update(state)
        if path:
            _paths.setdefault(self.digest, Path(path))

    @property
    def frame(self) -> Frame:
        """The table; raises `DataError` if the file is not as it was."""
        key = self.digest, self._reading
        if key not in _frames:
            path = _paths.get(self.digest)
            if path and not path.exists():
                raise DataError(f"{path} was removed since it was first read; run the same command again", code="RG102")
            if path is None:
                raise MachineError("a worker has no access to the table; a table is used on the machine where it lies")
            frame = load(path, self._reading)
            if _digest(path) != self.digest:
                raise DataError(f"{path} was changed since it was first read; run the same command again", code="RG102")
            _frames[key] = frame
        return _frames[key]

    @property
    def found_task(self) -> Task:
        """What the target is, as stated or found in the file."""
        return self.frame.task

    @property
    def _reading(self) -> TableSettings:
        return TableSettings(**{name: getattr(self, name) for name in TableSettings.__dataclass_fields__})

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.design.columns), 1 if len(self.frame.classes) < 3 else len(self.frame.classes)

    @property
    def training_samples(self) -> int:
        return len(self.rows(0).train)

    @property
    def design(self) -> Design:
        """The encoding of the columns, from the training rows of the first draw."""
        return _design(self, 0)

    def outer_splits(self, settings: StudySettings) -> tuple[Split, ...]:
        """The outer splits of a study."""
        return outer_splits(self.frame, settings.folds, settings.repetitions, settings.seed)

    def rows(self, seed: int) -> Split:
        """The rows for training and for testing."""
        return _rows(self, seed)

    def draw(self, seed: int) -> Data:
        frame, rows, design = self.frame, self.rows(seed), _design(self, seed)
        targets = scaled_targets(frame, rows.train)
        return without_outliers(
            x_train=design.matrix(frame, rows.train),
            y_train=targets[rows.train],
            x_test=design.matrix(frame, rows.test),
            y_test=targets[rows.test],
        )


def scaled_targets(frame: Frame, training: Any) -> Array:
    """Targets [rows, outputs] for a network: standardized by the training rows, 0 or 1 for two classes, or one-hot."""
    if frame.task == "regression":
        center, scale = target_scale(frame, training)
        return ((frame.target - center) / scale)[:, None]
    if frame.task == "binary":
        return frame.target[:, None].copy()
    return np.eye(len(frame.classes))[frame.target.astype(np.intp)]


def target_scale(frame: Frame, training: Any) -> tuple[float, float]:
    """Mean and standard deviation of the target over the training rows; 1 in place of a deviation of 0."""
    values = frame.target[training]
    return float(values.mean()), float(values.std()) or 1.0


@lru_cache(maxsize=256)
def _rows(data: TableFile, seed: int) -> Split:
    frame = data.frame
    if not data.split:
        return inner_splits(frame, np.arange(frame.rows), 5, seed)[-1]
    number, folds, repetitions, first = data.split[:4]
    outer = outer_splits(frame, folds, repetitions, first)[number]
    if not data.split[4:]:
        return outer
    inner, count = data.split[4:]
    return inner_splits(frame, outer.train, count, first)[inner]


@lru_cache(maxsize=64)
def _design(data: TableFile, seed: int) -> Design:
    return fit_design(data.frame, data.rows(seed).train)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from error
