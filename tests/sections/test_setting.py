"""Sections that describe the experiment and need no runs: their text is true of any experiment."""

import dataclasses
import functools
import re

import pytest
from reports import claim

from reportgen.datasets.line import Line
from reportgen.datasets.polynomial import Polynomial
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm, Comparison, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.page.article import render
from reportgen.page.report import Report, tables_of
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.media import Media
from reportgen.sections import sections
from reportgen.sections.result import compute_section
from reportgen.training.network import Network
from reportgen.training.run import Training

NAMES = ("experiment", "ledger", "implementation", "method", "reading")
POST = parse(shipped())
ONE = (Arm(name="ridge", label="Ridge", penalty=L2(), strength=0.01),)
OTHERS = {
    "slope": dataclasses.replace(POST, data=Line(slope=-1.0, noise=0.0, outliers=0)),
    "fresh": dataclasses.replace(POST, fresh_data=True, data=Line(clean_test=True)),
    "one layer": dataclasses.replace(POST, network=Network(hidden=()), runs=Runs(count=1)),
    "one arm": Experiment(
        data=Polynomial(),
        arms=ONE,
        network=Network(hidden=(16,), activation="relu"),
        training=Training(optimizer="adam", loss="squared"),
    ),
    "inputs": Experiment(data=SparseLinear(), arms=(Arm(name="none"), *ONE), network=Network(activation="relu")),
    "off": Experiment(arms=(Arm(name="none"), Arm(name="l1", penalty=L1())), comparison=Comparison(equivalence=0.0)),
}


def drawn(name):
    files = {f"{name}.svg": b"<svg/>"}
    return Media(name=name, kind="picture", alt="", width=1, height=1, file=f"{name}.svg", poster=None, files=files)


@functools.cache
def text(e, claims=()):
    """The text of a page of these sections, of which the first makes `claims`."""
    made = [compute_section(name, sections[name](), e, {}, None, {})[0] for name in NAMES]
    made[0] = dataclasses.replace(made[0], claims=claims)
    media = {picture.name: drawn(picture.name) for result in made for picture in result.pictures}
    sentences = {"own": "So it is.", "posts": "Zeros."}
    report = Report(
        experiment=e, sections=tuple(made), media=media, tables=tables_of(made, sentences), sentences=sentences
    )
    page = render(report, single_file=False)
    words = re.sub(r"<script.*?</script>", " ", page[page.index("<main") :], flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())


@pytest.mark.parametrize("name", OTHERS)
def test_the_post_is_told_of_only_where_it_is_repeated(name):
    assert "2018" in text(POST)
    assert not re.search("2018|the post", text(OTHERS[name]))


def test_numbers_of_the_experiment_are_those_of_its_arms():
    post, one, off = text(POST), text(OTHERS["one arm"]), text(OTHERS["off"])

    assert "0.003 for L1 (λ = 0.3)" in post
    assert "for our L2 ask for λ/2, which is 0.15 for λ = 0.3" in post
    assert "0.0001 for Ridge (λ = 0.01)" in one
    assert "for our L2 ask for λ/2, which is 0.005 for λ = 0.01" in one
    assert "ask for λ/2" in one
    assert "means within η·λ. A unit" in off
    assert "for our L2 ask for λ/2." in off


def test_the_margin_is_told_with_its_units_and_too_few_runs_with_what_they_lack():
    assert text(POST).count("1.15 (0.2 standard deviations of the noise, 0.577, for each of 10 test samples)") == 3
    assert "no comparison over them" not in text(POST)
    few = text(OTHERS["one layer"])
    assert few.count("With 1 run per arm no comparison over them can be decided; it takes at least 6.") == 2
    assert "1 per arm, the same data, orders and initial weights in every arm; too few to decide a comparison" in few
    assert "Differences of the mean total error up to 0 count as none." in text(OTHERS["off"])


def test_the_network_and_the_data_are_described_as_they_are():
    said = {name: text(e) for name, e in {"post": POST, **OTHERS}.items()}

    def where(words):
        return {name for name, page in said.items() if words in page}

    assert where("it draws a straight line") == {"post", "slope", "fresh", "off"}
    assert where("for a function that needs two") == {"post", "slope", "fresh", "off"}
    assert where("outliers, all raised by the same amount") == {"post", "fresh", "one layer", "off"}
    assert where("set aside for testing, without outliers") == {"fresh"}
    assert where("noise that only ever adds") == {"post", "fresh", "one layer", "off"}
    assert where("That is no lower limit") == {"post", "fresh", "one layer", "one arm", "off"}, "not without noise"
    assert where("the test samples of the first run") == {"fresh"}


def test_the_ledger_lists_the_claims_of_the_post_or_else_those_of_the_page():
    own, of_post = claim("own", "undecided"), claim("posts", post="There are zeros.")
    both = text(POST, (own, of_post))

    assert "There are zeros. ✓ holds Zeros." in both
    assert "1 of 1 hold in what was measured here, 0 do not, and 0 are undecided" in both
    assert "0 of 1 claims hold, 0 do not, and 1 are undecided" in text(OTHERS["off"], (own,))
    assert "undecided So it is." in text(OTHERS["off"], (own,))
    assert "2018" not in text(OTHERS["off"], (own,)), "nor has the table a column for it"
    assert "No section of this page claims a result." in text(OTHERS["off"])
