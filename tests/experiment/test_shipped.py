"""The experiment files that come with reportgen: each can be read, says what it is about, and builds."""

import dataclasses
import json

import pytest

import reportgen
from reportgen.datasets import datasets
from reportgen.errors import ExperimentError
from reportgen.experiment import Comparison, Runs
from reportgen.experiment.file import parse, shipped, shipped_descriptions
from reportgen.sections import sections
from reportgen.store.sweep import cells

DATA = {
    "default": "line",
    "deep": "line",
    "quick": "line",
    "sparse-inputs": "hinges",
    "correlated": "correlated",
    "polynomial": "polynomial",
    "diabetes": "diabetes",
    "sweep": "line",
}


def test_each_file_says_in_its_first_line_what_it_is_about():
    names = tuple(shipped_descriptions())

    assert (names[0], set(names)) == ("default", set(DATA))
    assert list(names[1:]) == sorted(names[1:])
    assert (
        len(set(shipped_descriptions().values())) == len({parse(shipped(name)).title for name in names}) == len(names)
    )
    for name in names:
        experiment, (first, second, *_) = parse(shipped(name), f"{name}.toml"), shipped(name).splitlines()
        assert experiment.arms[0].strength == 0, f"the first arm of {name} is what the others are compared with"
        assert "method" in experiment.sections, name
        assert datasets.name_of(experiment.data) == DATA[name]
        assert dataclasses.replace(experiment, runs=Runs(count=4 * experiment.runs.count)), "within the limits"
        assert (first[:2], second[:1], first[-1] in ".?") == ("# ", "#", True), name
        assert 40 < len(first) <= max(map(len, shipped(name).splitlines())) <= 120, name


def test_an_unknown_name_is_met_with_the_known_ones():
    with pytest.raises(ExperimentError, match=r"Did you mean 'default'\?"):
        shipped("defualt")


def test_the_deep_one_asks_what_the_default_asks_with_more_runs():
    default, deep = parse(shipped("default")), parse(shipped("deep"))

    assert [arm.name for arm in default.arms] == ["none", "l1", "l1-proximal", "l2", "elastic-net", "group-lasso"]
    assert set(deep.sections) >= set(default.sections)
    assert deep.runs.count > 3 * default.runs.count
    assert dataclasses.replace(deep, runs=default.runs, title=default.title, sections=default.sections) == default


def test_the_quick_one_trains_and_draws_little_and_the_sweep_takes_minutes():
    """What seconds and minutes are made of can be counted anywhere."""
    quick, sweep = parse(shipped("quick")), parse(shipped("sweep"))
    runs = {run for name in quick.sections for run in sections[name]().runs(quick)}

    assert len(runs) <= 100
    assert sum(run.steps for run in runs) <= 400_000
    assert {run.steps for run in runs} == {quick.run(0).steps}, "one length of training, so that few programs do"
    assert "motion" not in quick.sections
    assert len(cells(sweep)) * sweep.sweep.count * sweep.run(0).steps <= 3e8, "of which two cores do some 6e7 a second"
    assert sweep.sweep.count >= 1000, "a run more or less in a cell must not show"


@pytest.mark.parametrize("name", sorted({*DATA} - {"default", "deep", "quick"}))
def test_a_shipped_file_builds(name, tmp_path, cache):
    """Not `default` and `deep`, whose sections are those of the suite's report, and not `quick`, which documents build.

    One of them moves; the others would only spend time on drawing.
    """
    full = parse(shipped(name))
    small = dataclasses.replace(
        full,
        sections=tuple(section for section in full.sections if section != "motion" or name == "sparse-inputs"),
        training=dataclasses.replace(full.training, epochs=4),
        recording=dataclasses.replace(full.recording, every=2),
        runs=Runs(count=2),
        comparison=Comparison(equivalence=full.comparison.equivalence, resamples=200),
        sweep=full.sweep and dataclasses.replace(full.sweep, count=2),
    )

    built = reportgen.build(small, tmp_path, cache=cache, executor="serial")

    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert built.diverged == 0
    assert set(results["findings"]) == set(small.sections)
    assert full.title in built.front.read_text("utf-8")
