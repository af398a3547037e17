"""Studies over the store: interrupted ones go on, and other tables and settings are other studies."""

from __future__ import annotations

import dataclasses

import pytest
import table_experiments

from reportgen.errors import DataError, ExperimentError
from reportgen.executors import no_progress
from reportgen.executors.serial import Serial
from reportgen.experiment import Experiment
from reportgen.store.store import Store
from reportgen.studies import complete


@pytest.fixture
def counted(monkeypatch):
    """The jobs that workers did."""
    done, compute = [], complete.compute
    monkeypatch.setattr(complete, "compute", lambda *job: (done.append(job[-1]), compute(*job))[1])
    return done


def test_an_interrupted_study_goes_on_with_what_is_missing(table_experiment, tmp_path, counted, monkeypatch):
    store, shown = Store(tmp_path), []

    def fail(data, settings, job):
        if len(counted) > 3:
            raise DataError("interrupted")
        counted.append(job)
        return complete.run_job(data.frame, settings, job)

    with monkeypatch.context() as broken:
        broken.setattr(complete, "compute", fail)
        with pytest.raises(DataError, match="interrupted"):
            complete.RunningStudy(table_experiment, store, Serial(), no_progress).result()
    before = list(counted)
    result = complete.RunningStudy(table_experiment, store, Serial(), lambda *step: shown.append(step)).result()
    again = complete.RunningStudy(table_experiment, store, Serial(), no_progress).result()

    assert len(before) == 4
    assert len(counted) == len(set(counted)), "no job is done twice"
    assert shown[0] == ("study", 4, len(counted))
    assert shown[-1] == ("study", len(counted), len(counted))
    assert again == result


def test_what_a_study_depends_on_makes_another(tmp_path, counted):
    store = Store(tmp_path / "store")
    path = table_experiments.write(tmp_path / "houses.csv", table_experiments.rows())
    first = table_experiments.experiment(path)
    jobs = len(complete.plan(first.data.frame, first.study))

    complete.RunningStudy(first, store, Serial(), no_progress).result()
    assert len(counted) == jobs
    complete.RunningStudy(dataclasses.replace(first, title="Other"), store, Serial(), no_progress).result()
    assert len(counted) == jobs
    other = dataclasses.replace(first, study=dataclasses.replace(first.study, seed=1))
    complete.RunningStudy(other, store, Serial(), no_progress).result()
    assert len(counted) == 2 * jobs
    table_experiments.write(path, table_experiments.rows(seed=1))
    complete.RunningStudy(table_experiments.experiment(path), store, Serial(), no_progress).result()
    assert len(counted) == 3 * jobs


def test_a_table_that_changed_or_went_is_told(tmp_path):
    path = table_experiments.write(tmp_path / "houses.csv", table_experiments.rows())
    experiment = table_experiments.experiment(path)
    elsewhere = dataclasses.replace(experiment.data, most_rows=500)  # not read yet by this process

    path.write_text(path.read_text().replace("north", "south"))
    with pytest.raises(DataError, match="was changed since it was first read"):
        _ = dataclasses.replace(elsewhere, most_rows=600).frame
    path.unlink()
    with pytest.raises(DataError, match="was removed since it was first read"):
        _ = dataclasses.replace(elsewhere, most_rows=700).frame


def test_a_section_about_a_table_needs_one():
    with pytest.raises(ExperimentError, match="sections must not have 'decision' without a table"):
        Experiment(sections=("decision",))
    with pytest.raises(ExperimentError, match="study needs a table"):
        Experiment(study=table_experiments.QUICK)
