"""The study of an experiment's table: its jobs, done by workers, one entry of the store each.

An interrupted study goes on with the jobs that are missing. Workers must share this machine's disk, where the table is.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from reportgen.datasets.table import TableFile
from reportgen.errors import ExperimentError
from reportgen.executors import Progress, Workers
from reportgen.experiment import Experiment
from reportgen.store import keys
from reportgen.store.store import Store
from reportgen.studies.jobs import Job, plan, run_job
from reportgen.studies.result import StudyResult
from reportgen.studies.summary import summarize
from reportgen.tables.study_settings import StudySettings

JOB = "study"
"""The kind of a store entry that holds the arrays of a job."""

Arrays = dict[str, NDArray[Any]]


class RunningStudy:
    """A study whose missing jobs are submitted to workers when it is made."""

    def __init__(self, e: Experiment, store: Store, workers: Workers, progress: Progress) -> None:
        self._data = table_of(e)
        self._settings = study_settings(e)
        self._store, self._progress, self._lock = store, progress, Lock()
        self._keys = {job: _key(self._data, self._settings, job) for job in plan(self._data.frame, self._settings)}
        self._done: dict[Job, Arrays] = {}
        for job, key in self._keys.items():
            if (arrays := store.recall(JOB, key)) is not None:
                self._done[job] = arrays
        progress("study", len(self._done), len(self._keys))
        self._under_way = {
            job: workers.submit(compute, self._data, self._settings, job) for job in self._keys if job not in self._done
        }
        for job, future in self._under_way.items():
            future.add_done_callback(partial(self._take, job))
        self._result: StudyResult | None = None

    def _take(self, job: Job, future: Future[Arrays]) -> None:
        """Store what a worker sent, so that it is not lost if another job fails."""
        if future.cancelled() or future.exception():
            return
        arrays = future.result()
        self._store.keep(JOB, self._keys[job], arrays)
        with self._lock:
            self._done[job] = arrays
            self._progress("study", len(self._done), len(self._keys))

    def result(self) -> StudyResult:
        """Wait for all jobs and conclude; raises the first error of a job."""
        if self._result is None:
            for future in self._under_way.values():
                future.result()
            results = {job: self._done.get(job) or self._under_way[job].result() for job in self._keys}
            self._result = summarize(self._data.frame, self._settings, results)
        return self._result


def compute(data: TableFile, settings: StudySettings, job: Job) -> Arrays:
    """One job of a study; for a worker."""
    return run_job(data.frame, settings, job)


def table_of(e: Experiment) -> TableFile:
    """The table of an experiment; raises `ExperimentError` if its data are something else."""
    if not isinstance(e.data, TableFile):
        raise ExperimentError('data must be a table for this: name = "table" in [data]')
    return e.data


def study_settings(e: Experiment) -> StudySettings:
    """The settings of the study of an experiment."""
    return e.study or StudySettings()


def _key(data: TableFile, settings: StudySettings, job: Job) -> str:
    parts: Mapping[str, str] = {
        **keys.settings(data, "data"),
        **keys.settings(settings, "study"),
        **keys.settings(job, "job"),
        **keys.code("reportgen.studies.jobs", "reportgen.datasets.table"),
        **keys.versions("python", "machine", "numpy", "scipy", "scikit-learn"),
    }
    return keys.key(parts)
