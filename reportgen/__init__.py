"""Static reports and animations about regularization of neural networks, every number computed by the build.

`build` is the whole program; `study` finds which columns of a table can go; `train` is the part that trains and
`animate` the part that draws what moves; `WeightRecorder` records the training of models of your own. What they need is
loaded when they are called, so importing this package costs next to nothing.
"""

from __future__ import annotations

import os
import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # `python -m reportgen` looks for every module in the working folder first, where anybody may have put a numpy.py.
    # That folder stays the last place where it is the checkout that we were started from.
    _folder = sys.path.pop(0)
    if __path__[0] == f"{_folder}{os.sep}reportgen":
        sys.path.append(_folder)

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.errors import ReportgenError
from reportgen.version import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from reportgen import datasets, penalties
    from reportgen.executors import Progress
    from reportgen.experiment import Arm, Comparison, Experiment, Reference, Runs
    from reportgen.pictures.animate import animate
    from reportgen.pipeline.report_target import BuiltReport
    from reportgen.studies.result import StudyResult
    from reportgen.tables import Task
    from reportgen.tables.settings import ColumnSettings
    from reportgen.tables.study_settings import StudySettings
    from reportgen.training.network import Network
    from reportgen.training.recorder import WeightRecorder
    from reportgen.training.run import Recording, Run, Training
    from reportgen.training.trajectory import Trajectory

__all__ = [
    "Arm",
    "ColumnSettings",
    "Comparison",
    "Experiment",
    "Network",
    "Recording",
    "Reference",
    "ReportgenError",
    "Run",
    "Runs",
    "StudySettings",
    "Training",
    "Trajectory",
    "WeightRecorder",
    "__version__",
    "animate",
    "build",
    "datasets",
    "penalties",
    "study",
    "train",
]

_HOME = {
    **dict.fromkeys(["Arm", "Comparison", "Experiment", "Reference", "Runs"], "reportgen.experiment"),
    **dict.fromkeys(["Recording", "Run", "Training"], "reportgen.training.run"),
    "ColumnSettings": "reportgen.tables.settings",
    "Network": "reportgen.training.network",
    "StudySettings": "reportgen.tables.study_settings",
    "Trajectory": "reportgen.training.trajectory",
    "WeightRecorder": "reportgen.training.recorder",
    "animate": "reportgen.pictures.animate",
}
"""Where each name is defined that is loaded when it is asked for."""


def __getattr__(name: str) -> Any:
    if name in ("datasets", "penalties"):
        return importlib.import_module(f"reportgen.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'reportgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def build(
    experiment: Experiment | str | PathLike[str] | None = None,
    out: str | PathLike[str] = "output",
    *,
    cache: str | PathLike[str] | None = None,
    executor: str | Callable[[], Executor] = "processes",
    progress: Progress | None = None,
    templates: str | PathLike[str] | None = None,
) -> BuiltReport:
    """Train what is missing, draw it and write the report of `experiment` into the folder `out`.

    `experiment` is a value, a file, or None for the one that comes with the package. `cache` keeps trained runs from
    one build to the next; without it they are kept where `reportgen build` keeps them. `executor` is the name of one in
    `reportgen.executors`, or a function that makes one. Files in the folder `templates` take the place of the templates
    of the package that have the same name.
    """
    from reportgen.executors import no_progress
    from reportgen.experiment import Experiment
    from reportgen.experiment.file import load, parse, shipped
    from reportgen.pipeline.options import BuildOptions
    from reportgen.pipeline.report_target import build_report

    if experiment is None:
        experiment = parse(shipped(), "default.toml")
    elif not isinstance(experiment, Experiment):
        experiment = load(Path(experiment))
    options = BuildOptions(
        cache=None if cache is None else Path(cache), executor=executor, progress=progress or no_progress
    )
    own = None if templates is None else Path(templates)
    return build_report(experiment, Path(out), options, templates=own)


def train(runs: Iterable[Run]) -> list[Trajectory]:
    """Train runs, as many at once as fit together, and return their trajectories in the order given."""
    from reportgen.training.compiled import train as train_runs

    return train_runs(runs)


def study(
    frame: Any,
    *,
    target: str,
    out: str | PathLike[str] | None = None,
    task: Task | None = None,
    columns: Mapping[str, ColumnSettings | Mapping[str, Any]] | None = None,
    weights: str = "",
    names: Sequence[str] | None = None,
    settings: StudySettings | None = None,
    cache: str | PathLike[str] | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Find which columns of a table predict `target`, which can go, and what that costs.

    `frame` is a data frame of pandas, polars or pyarrow, a NumPy array (with the `names` of its columns, unless it is a
    structured one), or the path of a file. `columns` says what is known about columns, such as
    `{"glucose": {"cost": 9, "unit": "mg/dl"}, "patient": {"role": "group"}}`; `weights` names a column with the weights
    of rows. What is not stated is guessed, and the notes of the result say so. With `out` the report is written there.
    `cache` is as for `build`.

    Work is done in processes, so a script needs the guard `if __name__ == "__main__"`.

    Raises `ReportgenError` for a table or settings that cannot be used.
    """
    from reportgen.executors import no_progress
    from reportgen.pipeline.options import BuildOptions
    from reportgen.pipeline.table_study import study_table

    options = BuildOptions(cache=None if cache is None else Path(cache), progress=progress or no_progress)
    return study_table(
        frame,
        target,
        None if out is None else Path(out),
        options,
        task=task,
        columns=columns or {},
        weights=weights,
        names=names,
        settings=settings,
    )
