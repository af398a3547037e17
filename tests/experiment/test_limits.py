"""What is too large to be built is refused by arithmetic, and the message says what to lower."""

import dataclasses
import os
import time

import pytest

from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import load, on_offer, parse, shipped
from reportgen.penalties.l1 import L1

BASE = """\
sections = ["errors"]
[data]
name = "hinges"
[runs]
count = 10
[recording]
every = 20
[training]
epochs = 10
[network]
hidden = [10]
[[arms]]
name = "none"
penalty = "none"
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"count = 10\n": "count = 100000\n"},
            "my.toml:5:1: runs.count: must be at most 5,000 with 1 arms (5,000 runs), got 100,000; "
            "this is 100,000 runs, about 0.022 h of one core and 53 GB",
        ),
        (
            {"epochs = 10\n": "epochs = 1000000\n"},
            "my.toml:9:1: training.epochs: must be at most 200,000 with 500 training samples, so that a run sees "
            "100,000,000 of them, got 1,000,000",
        ),
        (
            {"epochs = 10\n": "epochs = 200000\n", "[10]": "[4096, 4096]", "every = 20": "every = 1000000"},
            "my.toml:9:1: training.epochs: must be lower, or the network smaller: at most 1,000 h of one core for all "
            "arms; this is 10 runs, about 1,416 h of one core and 69 GB",
        ),
        (
            {'"hinges"': '"hinges"\nsamples = 100_000\ninputs = 10_000'},
            "my.toml:4:1: data.samples: must be at most 4,999 with 10,001 numbers each, got 100,000 for training",
        ),
        (
            {'"hinges"': '"hinges"\nsamples = 100_000\ninputs = 498\nfresh = true'},
            "my.toml:4:1: data.samples: must be fewer, or runs with fresh data: at most 4 GB of data; "
            "this is 10 runs, about 0.0042 h of one core and 14 GB",
        ),
        (
            {"count = 10\n": "count = 1000\n[comparison]\nresamples = 1000000\n", "every = 20": "every = 1000000"},
            "my.toml:7:1: comparison.resamples: must be at most 100,000 with 1,000 runs an arm, got 1,000,000; "
            "this is 1,000 runs, about 0.00022 h of one core and 0.0048 GB",
        ),
        (
            {"[10]": "[1000, 1000]"},
            "my.toml:7:1: recording.every: must be higher, or runs fewer: at most 4 GB of recorded weights and data; "
            "this is 10 runs, about 0.0044 h of one core and 11 GB",
        ),
    ],
    ids=["runs", "one run", "time", "data", "fresh data", "resamples", "records"],
)
def test_more_than_a_machine_can_do_is_refused_at_once(changes, said):
    text = BASE
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    parse(BASE)  # whatever is loaded for the first time is loaded now
    began = time.perf_counter()

    with pytest.raises(ExperimentError) as caught:
        parse(text, "my.toml")

    assert time.perf_counter() - began < 0.1
    assert (str(caught.value), caught.value.code) == (said, "RG402")


def test_a_value_made_in_python_has_the_same_limits():
    with pytest.raises(ExperimentError, match=r"^count must be at most 2,500 with 2 arms") as caught:
        Experiment(arms=(Arm(name="a"), Arm(name="b", penalty=L1(), strength=1.0)), runs=Runs(count=100_000))
    assert caught.value.code == "RG402"


@pytest.mark.parametrize("name", on_offer())
def test_shipped_experiments_may_have_four_times_their_runs(name):
    experiment = parse(shipped(name))

    dataclasses.replace(experiment, runs=Runs(count=4 * experiment.runs.count))


def test_arms_are_few_enough_to_be_compared():
    with pytest.raises(ExperimentError, match=r"^arms must be 1 to 40, got 41$"):
        Experiment(arms=tuple(Arm(name=f"a{i}") for i in range(41)))


def test_layers_are_few_enough_to_be_compiled():
    with pytest.raises(ExperimentError, match=r"network\.hidden: .* at most 32 items"):
        parse(BASE.replace("[10]", str([2] * 33)))


def _pipe(path):
    os.mkfifo(path)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_pipe, "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/stdin"), "it is not a regular file"),
        (lambda path: path.write_bytes(b"#" * 50_001), "it is larger than 50,000 bytes"),
    ],
    ids=["pipe", "device", "standard input", "large"],
)
def test_only_a_regular_file_is_an_experiment(tmp_path, make, said):
    file = tmp_path / "e.toml"
    make(file)

    with pytest.raises(ExperimentError) as caught:
        load(file)

    assert str(caught.value) == f"cannot use experiment file {file}: {said}"
    assert caught.value.code == "RG403"


def test_a_link_to_a_regular_file_is_one(tmp_path):
    (tmp_path / "e.toml").write_text(BASE)
    (tmp_path / "link.toml").symlink_to("e.toml")

    assert load(tmp_path / "link.toml") == parse(BASE)


def test_nothing_is_put_in_for_the_names_of_variables(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")

    assert parse('title = "${HOME} $HOME %HOME% ~"\n' + BASE).title == "${HOME} $HOME %HOME% ~"
