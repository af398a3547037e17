"""The experiment files that come with reportgen: each can be read, says what it is about, and builds."""

import dataclasses
import json

import pytest
from reportgen.article.sections import sections
from reportgen.sweep import cells

import reportgen
from reportgen.datasets import datasets
from reportgen.experiment import Comparison, Runs
from reportgen.experiment.file import on_offer, parse, shipped

NAMES = tuple(on_offer())


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_can_be_read(name):
    experiment = parse(shipped(name), f"{name}.toml")

    assert experiment.arms[0].strength == 0, "the first arm is what the others are held against"
    assert "method" in experiment.sections


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_says_in_its_first_line_what_it_is_about(name):
    first, second = shipped(name).splitlines()[:2]

    assert first.startswith("# ")
    assert first.endswith((".", "?"))
    assert 40 < len(first) <= 120
    assert second.startswith("#")
    assert max(map(len, shipped(name).splitlines())) <= 120


def test_titles_and_first_lines_tell_files_apart():
    assert len(set(on_offer().values())) == len(NAMES)
    assert len({parse(shipped(name)).title for name in NAMES}) == len(NAMES)


def test_the_default_is_offered_first():
    assert NAMES[0] == "default"
    assert list(NAMES[1:]) == sorted(NAMES[1:])


def test_there_is_a_file_for_each_question():
    assert set(NAMES) >= {"default", "deep", "quick", "sparse-inputs", "correlated", "polynomial", "diabetes", "sweep"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("default", "line"),
        ("deep", "line"),
        ("quick", "line"),
        ("sparse-inputs", "hinges"),
        ("correlated", "correlated"),
        ("polynomial", "polynomial"),
        ("diabetes", "diabetes"),
        ("sweep", "line"),
    ],
)
def test_a_file_is_about_the_data_that_it_is_named_after(name, data):
    assert datasets.name_of(parse(shipped(name)).data) == data


def test_the_deep_one_asks_what_the_default_asks_with_more_runs():
    default, deep = parse(shipped("default")), parse(shipped("deep"))

    assert set(deep.sections) >= set(default.sections)
    assert deep.runs.count > 3 * default.runs.count
    assert dataclasses.replace(deep, runs=default.runs, title=default.title, sections=default.sections) == default


def test_the_quick_one_trains_and_draws_little():
    """It is to take less than three seconds after the import of TensorFlow; what that takes can be counted anywhere."""
    quick = parse(shipped("quick"))
    runs = {run for name in quick.sections for run in sections[name]().runs(quick)}

    assert len(runs) <= 100
    assert sum(run.steps for run in runs) <= 400_000
    assert {run.steps for run in runs} == {quick.run(0).steps}, "one length of training, so that few programs do"
    assert "motion" not in quick.sections


def test_the_sweep_is_a_minute_or_two_of_work():
    sweep = parse(shipped("sweep"))

    assert len(cells(sweep)) * sweep.sweep.count * sweep.run(0).steps <= 3e8, "of which two cores do some 6e7 a second"
    assert sweep.sweep.count >= 1000, "a run more or less in a cell must not show"


SMALL = [name for name in NAMES if name not in ("default", "deep")]
"""The others have every section, which the tests of the article build."""


@pytest.mark.parametrize("name", SMALL)
def test_a_shipped_file_builds(name, tmp_path, cache):
    full = parse(shipped(name))
    small = dataclasses.replace(
        full,
        training=dataclasses.replace(full.training, epochs=4),
        recording=dataclasses.replace(full.recording, every=2),
        runs=Runs(count=2),
        comparison=Comparison(equivalence=full.comparison.equivalence, resamples=200),
        sweep=full.sweep and dataclasses.replace(full.sweep, count=2),
    )

    built = reportgen.build(small, tmp_path, cache=cache, executor="serial")

    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert built.diverged == 0
    assert set(results["findings"]) == set(full.sections)
    assert full.title in built.front.read_text("utf-8")
