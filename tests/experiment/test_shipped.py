"""The experiment files that come with reportgen: each can be read, says what it is about, and builds."""

import dataclasses
import json

import pytest

import reportgen
from reportgen.datasets import datasets
from reportgen.experiment import Comparison, Runs
from reportgen.experiment.file import parse, shipped, shipped_descriptions
from reportgen.sections.result import without_page_settings

DATA = {
    "default": "line",
    "quick": "line",
    "sparse-inputs": "hinges",
    "correlated": "correlated",
    "polynomial": "polynomial",
    "diabetes": "diabetes",
    "sweep": "line",
    **dict.fromkeys(
        (
            "which-inputs-to-drop",
            "the-2018-post-run-again",
            "how-far-a-single-run-can-be-trusted",
            "l2-compresses-too",
            "zero-in-floating-point",
            "method",
        ),
        "line",
    ),
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
        assert "method" in experiment.sections or experiment.date, f"{name} is no post, whose method is a post itself"
        assert datasets.name_of(experiment.data) == DATA[name]
        assert dataclasses.replace(experiment, runs=Runs(count=4 * experiment.runs.count)), "within the limits"
        assert (first[:2], second[:1], first[-1] in ".?") == ("# ", "#", True), name
        assert 40 < len(first) <= max(map(len, shipped(name).splitlines())) <= 120, name


POSTS = [name for name in DATA if parse(shipped(name)).date]


def test_posts_have_all_that_a_card_shows_and_a_text_of_their_own():
    posts = {name: parse(shipped(name)) for name in POSTS}

    assert len({*DATA} - {*posts}) == len(DATA) - 7
    assert max(posts, key=lambda name: posts[name].date) == "default", "lists begin with the newest"
    assert len({post.date for post in posts.values()}) == len(posts)
    for name, post in posts.items():
        assert post.tags == posts["default"].tags, name
        assert 40 < len(post.abstract) < 140, name
        assert name == "default" or post.text[0].before == post.sections[0], name


def test_the_method_is_that_of_the_default():
    assert without_page_settings(parse(shipped("method"))) == without_page_settings(parse(shipped("default")))


@pytest.mark.parametrize("name", sorted({*DATA} - {*POSTS} - {"quick"}))
def test_a_shipped_file_builds(name, tmp_path, cache):
    """Not posts, which tests/cli/test_new.py builds together, and not `quick`, which documents build.

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
