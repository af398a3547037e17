"""What is in a table, and what looks odd in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Experiment
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.helpers import table
from reportgen.studies.complete import table_of
from reportgen.studies.result import StudyResult
from reportgen.tables import Feature, Note


@dataclass(frozen=True, kw_only=True)
class ColumnSummary:
    """An input column."""

    name: str
    kind: str
    unit: str
    missing: float
    """Share of rows."""
    values: int
    """Different values."""
    low: float | None
    middle: float | None
    """The median; None for a category."""
    high: float | None
    levels: str
    """The first levels of a category."""
    cost: float


@dataclass(frozen=True, kw_only=True)
class ColumnsFindings:
    """The table."""

    file: str
    target: str
    task: str
    classes: list[str]
    rows: int
    rows_in_file: int
    columns: list[ColumnSummary]
    grouped: int | None
    """Number of groups of rows, if rows belong to groups."""
    in_time: bool
    weighted: bool
    notes: list[Note]
    has_prices: bool


@sections.register("columns")
class Columns(Section[ColumnsFindings]):
    """The columns, and numbered warnings."""

    title = "What is in the table"
    of_table = True

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> ColumnsFindings:
        frame = table_of(e).frame
        return ColumnsFindings(
            file=frame.name,
            target=frame.target_name,
            task=frame.task,
            classes=list(frame.classes),
            rows=frame.rows,
            rows_in_file=frame.rows_in_file,
            columns=[_summary(feature) for feature in frame.features],
            grouped=None if frame.groups is None else len(np.unique(frame.groups)),
            in_time=frame.time is not None,
            weighted=frame.weights is not None,
            notes=[*frame.notes, *study.notes],
            has_prices=study.totals.price > 0,
        )

    def tables(self, e: Experiment, findings: ColumnsFindings) -> Iterable[Table]:
        columns = {
            "name": ("column", ""),
            "kind": ("kind", ""),
            "unit": ("unit", ""),
            "missing": ("missing", ".1%"),
            "values": ("different values", "d"),
            "low": ("least", ".4g"),
            "middle": ("median", ".4g"),
            "high": ("largest", ".4g"),
            "levels": ("levels", ""),
        }
        if findings.has_prices:
            columns["cost"] = ("price of a row", ".2f")
        yield table("columns", findings.columns, columns, shown=60)


def _summary(feature: Feature) -> ColumnSummary:
    known = feature.values[~np.isnan(feature.values)]
    numbers = None if feature.levels else known
    return ColumnSummary(
        name=feature.name,
        kind="category" if feature.levels else "number",
        unit=feature.unit,
        missing=1 - len(known) / len(feature.values),
        values=len(np.unique(known)),
        low=None if numbers is None else float(numbers.min()),
        middle=None if numbers is None else float(np.median(numbers)),
        high=None if numbers is None else float(numbers.max()),
        levels=", ".join(feature.levels[:5]) + (", …" if len(feature.levels) > 5 else ""),
        cost=feature.cost,
    )
