"""Experiment files: what a good one gives, and everything that is said about a bad one."""

import textwrap
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.datasets.wave import Wave
from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment, section_names
from reportgen.experiment.file import load, parse, shipped
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.registry import Registry

GOOD = """\
sections = ["errors"]

[data]
name = "line"

[[arms]]
name = "plain"
penalty = "none"
"""

TOP = (
    "Known: abstract, arms, author, comparison, data, date, formats, language, network, reading, recording, runs, "
    "sections, site, sweep, tags, title, training."
)


def complaint(text, name="my.toml"):
    with pytest.raises(ExperimentError) as caught:
        parse(textwrap.dedent(text), name)
    return str(caught.value)


def test_what_is_left_out_has_its_default():
    assert parse(GOOD) == Experiment(arms=(Arm(name="plain"),), sections=("errors",))


def test_every_table_reaches_the_experiment():
    experiment = parse("""\
title = "Mine"
sections = ["sparsity", "errors"]
[data]
name = "wave"
seed = 7
fresh = true
[network]
hidden = [4]
activation = "relu"
[training]
optimizer = "adam"
schedule = "cosine"
[runs]
count = 5
seed = 3
[recording]
every = 10
at = [1, 2]
[[arms]]
name = "en"
penalty = "elastic_net"
mix = 0.25
strength = 0.5
step = "proximal"
[[reading]]
title = "A paper"
year = 1996
""")

    assert experiment.title == "Mine"
    assert experiment.sections == ("sparsity", "errors")
    assert isinstance(experiment.data, Wave)
    assert (experiment.data_seed, experiment.fresh_data) == (7, True)
    assert (experiment.network.hidden, experiment.network.activation) == ((4,), "relu")
    assert (experiment.training.optimizer, experiment.training.schedule) == ("adam", "cosine")
    assert (experiment.runs.count, experiment.runs.seed) == (5, 3)
    assert (experiment.recording.every, experiment.recording.at) == (10, (1, 2))
    assert experiment.arms[0].penalty == ElasticNet(mix=0.25)
    assert (experiment.arms[0].label, experiment.arms[0].strength, experiment.arms[0].step) == ("en", 0.5, "proximal")
    assert (experiment.reading[0].title, experiment.reading[0].year) == ("A paper", 1996)


def test_the_default_experiment_is_that_of_the_article():
    default = parse(shipped())

    assert [arm.name for arm in default.arms] == ["none", "l1", "l1-proximal", "l2", "elastic-net", "group-lasso"]
    assert default.runs.count == 30
    assert not default.fresh_data
    assert set(default.sections) <= set(section_names())


def test_an_unknown_shipped_experiment_is_met_with_the_known_ones():
    with pytest.raises(ExperimentError, match=r"^unknown experiment 'defualt'\. Did you mean 'default'\? Known: "):
        shipped("defualt")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("sections", "titel = 1\nsections"), f"my.toml:1:1: titel: unknown key. Did you mean 'title'? {TOP}"),
        (("sections", "zzz = 1\nsections"), f"my.toml:1:1: zzz: unknown key. {TOP}"),
        (("[data]", "[data]\nsamples = '5'"), "my.toml:4:1: data.samples: must be a whole number, got '5'"),
        (
            ("[data]", "[data]\nsamples = 3"),
            "my.toml:4:1: data.samples: must be greater than or equal to 4, got 3",
        ),
        (
            ('"line"', '"lime"'),
            "my.toml:3:1: data: name 'lime' is not known. Did you mean 'line'? Known: "
            + ", ".join(Registry("data set", "reportgen.datasets").names())
            + ".",
        ),
        (('name = "line"', ""), "my.toml:3:1: data: name is required and missing"),
        (('penalty = "none"', ""), "my.toml:6:1: arms[1]: penalty is required and missing"),
        (('"none"', '"l1"'), "my.toml:6:1: arms[1].strength: is required and missing"),
        (
            ('"none"', '"l1"\nstrength = inf'),
            "my.toml:9:1: arms[1].strength: must be a finite number, got inf",
        ),
        (
            ('"none"', '"l1"\nstrength = 1\nstep = "proximate"'),
            "my.toml:10:1: arms[1].step: must be one of 'subgradient' or 'proximal', got 'proximate'. "
            "Did you mean 'proximal'?",
        ),
        (
            ('"none"', '"l1"\nstrength = 1\nmix = 0.5'),
            "my.toml:10:1: arms[1].mix: unknown key. Known: label, name, penalty, step, strength.",
        ),
        (
            ("[data]", "[network]\nhidden = [3, 0]\n[data]"),
            "my.toml:4:14: network.hidden[2]: must be greater than or equal to 1, got 0",
        ),
        (
            ("[data]", '[training]\noptimizer = "Adam"\n[data]'),
            "my.toml:4:1: training.optimizer: must be one of 'sgd', 'momentum' or 'adam', got 'Adam'. "
            "Did you mean 'adam'?",
        ),
        (
            ("[data]", "[training]\nbatch_size = 1000\n[data]"),
            "my.toml:4:1: training.batch_size: must be at most the number of training samples (40), got 1000",
        ),
        (
            ("[[arms]]", '[[arms]]\nname = "plain"\npenalty = "none"\n[[arms]]'),
            "my.toml:6:1: arms: must have different names, 'plain' is there twice",
        ),
        (
            ('["errors"]', '["errors", "errors"]'),
            "my.toml:1:1: sections: must have different names, 'errors' is there twice",
        ),
        (
            ('"plain"', '"../x"'),
            "my.toml:7:1: arms[1].name: must match pattern '^[a-z0-9][a-z0-9_-]{0,40}$', got '../x'",
        ),
        (
            ('[data]\nname = "line"', "[data"),
            "my.toml:3:6: not valid TOML: Expected ']' at the end of a table declaration",
        ),
        (('[data]\nname = "line"', "data = 3"), "my.toml:3:1: data: must be a table, got 3"),
        (("sections", "sections = 1\nsections"), "my.toml:2:22: not valid TOML: Cannot overwrite a value"),
    ],
    ids=lambda value: value[1].replace("\n", "|") if isinstance(value, tuple) else "",
)
def test_complaint(change, said):
    text = GOOD.replace(*change)
    assert text != GOOD

    assert complaint(text) == said


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    said = complaint("""\
        titel = "x"
        sections = ["errors", "sparseness"]
        [data]
        name = "line"
        samples = 4.5
        [training]
        learning_rate = -1
        epoch = 3
        [[arms]]
        name = "a"
        penalty = "l1"
        [[arms]]
        name = "b"
        penalty = "l3"
        strength = 1
    """)

    assert [line.split(": ")[:2] for line in said.splitlines()] == [
        ["my.toml:1:1", "titel"],
        ["my.toml:2:23", "sections[2]"],
        ["my.toml:5:1", "data.samples"],
        ["my.toml:7:1", "training.learning_rate"],
        ["my.toml:8:1", "training.epoch"],
        ["my.toml:9:1", "arms[1].strength"],
        ["my.toml:12:1", "arms[2]"],
    ]


def test_a_check_over_several_keys_is_told_with_the_others():
    said = complaint(
        'sections = ["errors"]\n[data]\nname = "line"\nsamples = 10\ntest_samples = 10\n[training]\nepochs = 0\n'
    )

    assert "data.test_samples" in said
    assert "training.epochs" in said
    assert "arms: is required and missing" in said


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path, ending, mark):
    file = tmp_path / "e.toml"
    file.write_bytes((mark + GOOD.replace("\n", ending)).encode())
    assert load(file) == parse(GOOD)

    file.write_bytes((mark + f"{GOOD}strength = -1\n".replace("\n", ending)).encode())
    with pytest.raises(ExperimentError) as caught:
        load(file)
    assert str(caught.value) == f"{file}:9:1: arms[1].strength: must be greater than or equal to 0, got -1"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ExperimentError) as caught:
        load(tmp_path / "no.toml")
    assert str(caught.value) == f"cannot read experiment file {tmp_path / 'no.toml'}: No such file or directory"


def test_a_folder_is_not_an_experiment(tmp_path):
    with pytest.raises(ExperimentError, match=r"Is a directory$"):
        load(tmp_path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "content",
    {
        "not UTF-8": b"title = '\xff'\n",
        "UTF-16": "title = 'x'\n".encode("utf-16"),
        "NUL": b"title = 'a\x00b'\n",
        "NUL in a value": b'title = "\\u0000"\n',
        "deep arrays": b"a = " + b"[" * 100_000,
        "deep enough to parse": b"a = " + b"[" * 400 + b"]" * 400,
        "deep tables": b"a = " + b"{a = " * 100_000,
        "deep keys": b"a." * 40_000 + b"b = 1",
        "many keys": b"".join(b"key%d = 1\n" % i for i in range(50_000)),
        "many tables": b"[[arms]]\n" * 50_000,
        "many mistakes": b"sections = [" + b"1," * 15_000 + b"]",
        "many items": b"sections = [" + b"1," * 200_000 + b"]",
        "a long number": b"a = " + b"9" * 100_000,
        "a long key": b"a" * 900_000 + b" = 1",
        "large": b"# comment\n" * 200_000,
        "open string": b'a = """' + b"x" * 500_000,
        "old Mac line ends": GOOD.replace("\n", "\r").encode(),
        "nothing": b"",
    }.items(),
    ids=lambda item: item[0],
)
def test_hostile_files_are_refused_at_once(tmp_path, content):
    file = tmp_path / "e.toml"
    file.write_bytes(content[1])
    began = time.monotonic()

    with pytest.raises(ExperimentError) as caught:
        load(file)

    assert time.monotonic() - began < 2
    assert len(str(caught.value)) < 20_000


PIECES = st.sampled_from(
    ["", " ", "\n", "\x7f", "é", "=", "[", "]", "[[", "{", "}", "[]", "{}", ".", ",", "#", "\\", '"', "'", "'''", '"""']
) | st.sampled_from(["1", "-", "-0.0", "nan", "inf", "1e400", "9" * 20, "true", "1979-05-27", "x", "name", "arms"])


@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 12), PIECES), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_changed_file_is_an_experiment_or_a_complaint(edits):
    text = shipped()
    for at, length, piece in edits:
        start = at % len(text)
        text = text[:start] + piece + text[start + length :]
    said = ""
    try:
        parse(text)
    except ExperimentError as error:
        said = str(error)
    assert all(line.startswith("experiment:") for line in said.splitlines())
