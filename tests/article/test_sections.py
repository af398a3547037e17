"""Contracts that every registered section keeps, discovered from the registry."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

from reportgen.article.page import template_folder
from reportgen.article.sections import sections
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm
from reportgen.experiment.file import parse, shipped
from reportgen.figures import Animation, Picture, figures, scenes
from reportgen.network import Network
from reportgen.penalties.l2 import L2
from reportgen.sweep import complete

NAMES = sections.names()


@pytest.mark.parametrize("name", NAMES)
def test_a_section_has_a_title_and_a_template(name):
    assert sections[name].title
    assert (template_folder() / "sections" / f"{name}.html").is_file()


def test_no_template_is_without_its_section():
    assert {file.stem for file in (template_folder() / "sections").glob("*.html")} == set(NAMES)


def test_the_shipped_experiment_has_every_section_but_that_of_a_sweep(small_experiment):
    assert set(parse(shipped()).sections) == set(NAMES) - {"landscape"}
    assert set(small_experiment.sections) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_plain_json(name, told):
    findings, _, _ = told[name]
    assert json.loads(json.dumps(findings, allow_nan=True)).keys() == findings.keys()


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_a_cell_for_every_column(name, told):
    _, tables, _ = told[name]
    for table in tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
        for row in table.rows:
            for column, value in zip(table.columns, row, strict=True):
                assert isinstance(value, str) or value is None or format(value, column.format)


@pytest.mark.parametrize("name", NAMES)
def test_media_name_a_figure_and_say_what_they_show(name, told):
    _, _, media = told[name]
    for item in media:
        known = figures if isinstance(item, Picture) else scenes
        asked = {item.figure} if isinstance(item, Picture) else set(item.scenes)
        assert asked <= set(known.names())
        assert len(item.alt) > 60, "an alternative text tells what there is to see"
        assert "nan" not in item.alt


def test_names_of_media_and_tables_are_unique(told):
    media = [item.name for _, _, items in told.values() for item in items]
    tables = [table.name for _, items, _ in told.values() for table in items]

    assert len(set(media)) == len(media)
    assert len(set(tables)) == len(tables)


def test_synchronised_animations_show_the_same_steps(told):
    _, _, media = told["motion"]
    shown = [item.inputs["panels"] for item in media if isinstance(item, Animation)]
    steps = {tuple(panel.trajectory.steps) for panels in shown for panel in panels}

    assert len(steps) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_section_adapts_to_another_experiment(name, small_experiment, cache):
    """Several inputs, a ReLU network, a single arm with a penalty, two runs."""
    other = dataclasses.replace(
        small_experiment,
        data=SparseLinear(inputs=4, relevant=2, samples=12, test_samples=8),
        network=Network(hidden=(3,), activation="relu"),
        arms=(Arm(name="only", label="only <one>", penalty=L2(), strength=0.1),),
        runs=dataclasses.replace(small_experiment.runs, count=2),
        sections=(name,),
        sweep=dataclasses.replace(small_experiment.sweep, arm="only"),
    )
    findings, tables, _ = _told(name, other, cache)

    assert isinstance(findings, dict)
    assert all(table.rows for table in tables)


@pytest.fixture(scope="module")
def told(small_experiment, report, cache):
    """Findings, tables and media of every section; the report has trained what they need."""
    return {name: _told(name, small_experiment, cache) for name in NAMES}


def _told(name, experiment, cache: Path):
    from reportgen.executors.serial import Serial
    from reportgen.store import Store

    section = sections[name]()
    trained = Store(cache).complete(section.runs(experiment), Serial()).result()
    trained |= Store(cache).complete(section.follow_up(experiment, trained), Serial()).result()
    swept = section.sweep(experiment)
    study = complete(experiment, Store(cache), Serial()) if swept else section.study(experiment)
    findings = section.findings(experiment, trained, study)
    tables = list(section.tables(experiment, findings))
    return findings, tables, list(section.media(experiment, trained, study, findings))


RESULT = re.compile(r"(?<![\w.#&-])\d+\.\d+|\d+\s?%")


@pytest.mark.parametrize("name", NAMES)
def test_no_template_has_a_result_typed_into_it(name):
    """A number with decimals or a percentage in the prose can only be a result, and results come from findings."""
    text = (template_folder() / "sections" / f"{name}.html").read_text("utf-8")
    prose = re.sub(r"\{[{%#].*?[}%#]\}|\$\$.*?\$\$|\$[^$\n]*\$", "", text, flags=re.DOTALL)

    assert RESULT.findall(prose) == []


def test_the_published_totals_are_those_of_the_post():
    from reportgen.article.sections.smaller import PUBLISHED

    assert np.mean(PUBLISHED["before"]) == pytest.approx(20.0809, abs=1e-4)
    assert np.mean(PUBLISHED["after"]) == pytest.approx(15.1119, abs=1e-4)
    assert [len(totals) for totals in PUBLISHED.values()] == [5, 5]


def test_the_exact_permutation_test_on_the_published_totals():
    """252 ways to deal ten totals into two fives; scipy counts the same."""
    from scipy.stats import permutation_test

    from reportgen.article.sections.smaller import PUBLISHED, _permutation_share

    before, after = (np.array(PUBLISHED[when]) for when in ("before", "after"))
    theirs = permutation_test(
        (before, after), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True, n_resamples=np.inf
    )

    assert _permutation_share(before, after) == pytest.approx(theirs.pvalue)
    assert _permutation_share(before, after) == pytest.approx(0.56, abs=0.005)


WHOLE_BATCHES = {"training": {"batch_size": 40}}
NOTHING_ENDS = {"training": {"loss": "squared", "learning_rate": 1e3}}


@pytest.mark.parametrize("changes", [WHOLE_BATCHES, NOTHING_ENDS], ids=["whole batches", "every run diverges"])
@pytest.mark.parametrize("name", ["strength", "stability", "fair"])
def test_a_sweep_takes_whatever_training_there_is(name, changes, small_experiment, cache):
    """Folds are smaller than a batch of all samples, and a run that diverged has no slope."""
    other = dataclasses.replace(
        small_experiment,
        training=dataclasses.replace(small_experiment.training, **changes["training"]),
        runs=dataclasses.replace(small_experiment.runs, count=2),
        sections=(name,),
    )

    findings, tables, media = _told(name, other, cache)

    assert findings
    assert tables
    assert media
