"""Experiment files: what a good one gives, and what is said about a bad one."""

import os
from pathlib import Path

import pytest

from reportgen.datasets.wave import Wave
from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import load, parse
from reportgen.experiment.site_settings import Colors, Link, SiteSettings
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1

GOOD = """\
sections = ["errors"]

[data]
name = "line"

[[arms]]
name = "plain"
penalty = "none"
"""

LARGE = """\
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


def complaint(text):
    with pytest.raises(ExperimentError) as caught:
        parse(text, "my.toml")
    return str(caught.value)


def changed(text, *changes):
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_what_is_left_out_has_its_default():
    assert parse(GOOD) == Experiment(arms=(Arm(name="plain"),), sections=("errors",))


def test_every_table_reaches_the_experiment():
    experiment = parse("""\
title = "${HOME} $HOME %HOME% ~"
sections = ["sparsity", "errors"]
formats = ["webp"]
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
[site]
title = "T"
links = [{ label = "L", address = "mailto:a@b.c" }]
[site.colors]
accent = "#000000"
""")

    assert experiment.title == "${HOME} $HOME %HOME% ~", "variables are not expanded"
    assert (experiment.sections, experiment.formats) == (("sparsity", "errors"), ("webp",))
    assert isinstance(experiment.data, Wave)
    assert (experiment.data_seed, experiment.fresh_data) == (7, True)
    assert (experiment.network.hidden, experiment.network.activation) == ((4,), "relu")
    assert (experiment.training.optimizer, experiment.training.schedule) == ("adam", "cosine")
    assert (experiment.runs.count, experiment.runs.seed) == (5, 3)
    assert (experiment.recording.every, experiment.recording.at) == (10, (1, 2))
    assert experiment.arms[0].penalty == ElasticNet(mix=0.25)
    assert (experiment.arms[0].label, experiment.arms[0].strength, experiment.arms[0].step) == ("en", 0.5, "proximal")
    assert (experiment.reading[0].title, experiment.reading[0].year) == ("A paper", 1996)
    link = Link(label="L", address="mailto:a@b.c")
    assert experiment.site == SiteSettings(title="T", links=(link,), colors=Colors(accent="#000000"))


COMPLAINTS = {
    "misspelled key": ("sections", "titel = 1\nsections"),
    "wrong type": ("[data]", "[data]\nsamples = '5'"),
    "below its bound": ("[data]", "[data]\nsamples = 3"),
    "misspelled kind": ('"line"', '"lime"'),
    "not finite": ('"none"', '"l1"\nstrength = inf'),
    "key of another kind": ('"none"', '"l1"\nstrength = 1\nmix = 0.5'),
    "item of an array": ("[data]", "[network]\nhidden = [3, 0]\n[data]"),
    "more than the data have": ("[data]", "[training]\nbatch_size = 1000\n[data]"),
    "arms of one name": ("[[arms]]", '[[arms]]\nname = "plain"\npenalty = "none"\n[[arms]]'),
    "name that is a path": ('"plain"', '"../x"'),
    "not TOML": ('[data]\nname = "line"', "[data"),
    "site without a title": ('penalty = "none"', 'penalty = "none"\n[site]'),
    "logo elsewhere": ('penalty = "none"', 'penalty = "none"\n[site]\ntitle = "T"\nlogo = "/etc/x.png"'),
    "pale color": ('penalty = "none"', 'penalty = "none"\n[site]\ntitle = "T"\n[site.colors]\naccent = "#eeeeee"'),
}


def test_each_mistake_is_told_with_its_line_column_and_way_out(messages):
    messages(**{case: complaint(changed(GOOD, change)) for case, change in COMPLAINTS.items()})


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(messages):
    messages(
        complaint("""\
titel = "x"
sections = ["errors", "sparseness"]
[data]
name = "line"
samples = 10
test_samples = 10
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
    )


def test_what_no_machine_can_do_is_refused_before_it_is_tried(messages):
    too_large = {
        "runs": [("count = 10\n", "count = 100000\n")],
        "one run": [("epochs = 10\n", "epochs = 1000000\n")],
        "time": [("epochs = 10\n", "epochs = 200000\n"), ("[10]", "[4096, 4096]"), ("every = 20", "every = 1000000")],
        "data": [('"hinges"', '"hinges"\nsamples = 100_000\ninputs = 10_000')],
        "fresh data": [('"hinges"', '"hinges"\nsamples = 100_000\ninputs = 498\nfresh = true')],
        "resamples": [("count = 10\n", "count = 1000\n[comparison]\nresamples = 1000000\n"), ("= 20", "= 1000000")],
        "records": [("[10]", "[1000, 1000]")],
    }
    parse(LARGE)

    messages(**{what: complaint(changed(LARGE, *changes)) for what, changes in too_large.items()})


def test_values_made_in_python_have_the_limits_of_files():
    arms = Arm(name="a"), Arm(name="b", penalty=L1(), strength=1.0)
    with pytest.raises(ExperimentError, match="count must be at most") as caught:
        Experiment(arms=arms, runs=Runs(count=100_000))
    assert caught.value.code == "RG402"
    for wrong in (
        *({"arms": tuple(Arm(name=f"a{i}") for i in range(41))}, {"data_seed": -1}),
        {"formats": ("mp4", "mp4")},
    ):
        with pytest.raises(ExperimentError, match=next(iter(wrong))):
            Experiment(**wrong)
    for name in ("", "../../escape", "L1", "a b", "x" * 42):
        with pytest.raises(ExperimentError, match="name"):
            Arm(name=name)
    with pytest.raises(ExperimentError, match="strength"):
        Arm(name="l1", strength=-1.0)
    assert (Arm(name="l1").label, Arm(name="l1", label="L1").label) == ("l1", "L1")


@pytest.mark.timeout(60)
def test_only_a_regular_file_of_some_size_is_read(tmp_path, messages):
    make = {
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "standard input": lambda path: path.symlink_to("/dev/stdin"),
        "large": lambda path: path.write_bytes(b"#" * 50_001),
        "folder": Path.mkdir,
        "missing": lambda path: None,
    }
    told = {}
    for what, make_it in make.items():
        make_it(tmp_path / what)
        with pytest.raises(ExperimentError) as caught:
            load(tmp_path / what)
        told[what] = f"{caught.value.code} {caught.value}"
    messages(**told)

    (tmp_path / "e.toml").write_text(GOOD)
    (tmp_path / "link.toml").symlink_to("e.toml")
    assert load(tmp_path / "link.toml") == parse(GOOD)


def test_a_link_leads_to_the_web_or_to_a_mailbox():
    for address in ("javascript:alert(1)", "//a.b", "data:text/html,x", "https://", "https://a b", "https://a\x01"):
        with pytest.raises(ExperimentError, match="address"):
            Link(label="x", address=address)


def test_the_look_of_animations_has_a_table():
    table = """
[animation]
width = 800
theme = "dark"
font = "Noto Sans"
[animation.colors]
paper = "#000000"
arms = ["#ff8800"]
[animation.words]
step = "Schritt"
"""
    e = parse(GOOD + table)
    assert (e.animation.width, e.animation.height, e.animation.font) == (800, None, "Noto Sans")
    assert (e.animation.paper, e.animation.ink) == ("#000000", "#e6e9ed")
    assert (e.animation.words.step, e.animation.words.layer) == ("Schritt", "layer")
    assert e.animation.colors.arms == ("#ff8800",)


def test_mistakes_in_the_look_of_animations_have_a_position(messages):
    tables = {
        "contrast": '[animation]\ntheme = "dark"\n[animation.colors]\nink = "#222222"',
        "arms": '[animation.colors]\narms = ["#ff8800", "#000000"]',
        "color": '[animation.colors]\narms = ["red"]',
        "word": "[animation.words]\nstepp = 'x'",
        "empty word": "[animation.words]\nstep = ''",
        "size": "[animation]\nwidth = 100000\nheight = 1",
        "theme": "[animation]\ntheme = 'sepia'",
    }
    messages(**{name: complaint(f"{GOOD}{table}\n") for name, table in tables.items()})
