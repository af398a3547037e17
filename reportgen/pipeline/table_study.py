"""The study of a table from Python: a data frame, an array or a file in, the result and if wanted a report out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from reportgen.datasets.table import TableFile, beside
from reportgen.errors import ExperimentError
from reportgen.experiment import Experiment
from reportgen.experiment.table_file import SECTIONS
from reportgen.losses import fitting
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.report_target import build_report
from reportgen.pipeline.toolbox import explain_nothing, open_toolbox
from reportgen.studies.complete import RunningStudy
from reportgen.studies.result import StudyResult
from reportgen.tables import Task, reading
from reportgen.tables.settings import ColumnSettings, TableSettings
from reportgen.tables.study_settings import StudySettings
from reportgen.training.run import Training

_FILE = "table.frame"


def study_table(
    frame: Any,
    target: str,
    out: Path | None,
    options: BuildOptions,
    *,
    task: Task | None,
    columns: Mapping[str, ColumnSettings | Mapping[str, Any]],
    weights: str,
    names: Sequence[str] | None,
    settings: StudySettings | None,
) -> StudyResult:
    """See `reportgen.study`."""
    stated = tuple((name, _column(name, column)) for name, column in columns.items())
    table_settings: dict[str, Any] = {"target": target, "task": task, "columns": stated, "weights": weights}
    with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
        if isinstance(frame, str | PathLike):
            data = TableFile(file=str(frame), **table_settings)
        else:
            known = reading.from_frame(frame, TableSettings(**table_settings), names)
            (Path(folder) / _FILE).write_bytes(reading.to_bytes(known))
            with beside(Path(folder)):
                data = TableFile(file=_FILE, **table_settings)
        experiment = Experiment(
            title=f"What predicts {target}?",
            data=data,
            training=Training(loss=fitting(data.frame.task)[0]),
            sections=SECTIONS,
            study=settings,
        )
        if out:
            build_report(experiment, out, options)
        with open_toolbox((), options, explain_nothing) as tools:
            return RunningStudy(experiment, tools.store, tools.workers, tools.progress).result()


def _column(name: str, column: ColumnSettings | Mapping[str, Any]) -> ColumnSettings:
    if isinstance(column, ColumnSettings):
        return column
    if not isinstance(column, Mapping):
        raise ExperimentError(f'columns must give settings for {name!r}, such as {{"cost": 2.5}}, got {column!r}')
    return ColumnSettings(**column)
