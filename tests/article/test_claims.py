"""Claims: sentences that could have come out otherwise."""

import json
import re

import jinja2
import pytest
from jinja2 import nodes

from reportgen.article.claims import Claim, settle
from reportgen.article.sections import sections
from reportgen.errors import TemplateError
from reportgen.experiment import Experiment
from reportgen.sources import template_folder

CLAIMS = [pytest.param(name, claim, id=claim.name) for name in sections.names() for claim in sections[name].claims]
E = Experiment()


def claim(test, **sentences):
    said = {"supported": "Yes: {{ f.share|num('.0%') }}.", "refuted": "No.", "undecided": "Who knows?", **sentences}
    return Claim(name="one", test=test, **said)


@pytest.mark.parametrize(
    ("found", "outcome", "sentence"),
    [
        (True, "supported", "Yes: 25%."),
        (False, "not supported", "No."),
        ("undecided", "undecided", "Who knows?"),
        (None, None, ""),
    ],
)
def test_the_outcome_chooses_the_sentence(found, outcome, sentence):
    settled = settle(claim(lambda f: found), "errors", {"share": 0.25}, E)

    assert (settled.outcome, settled.sentence) == (outcome, sentence)


def test_a_number_that_is_missing_leaves_a_claim_undecided():
    assert settle(claim(lambda f: f["share"] > 1), "errors", {"share": None}, E).outcome == "undecided"
    with pytest.raises(TypeError):
        settle(claim(lambda f: f["share"] > "1"), "errors", {"share": 1.0}, E)


def test_a_sentence_that_asks_for_what_is_not_there_is_told():
    with pytest.raises(TemplateError) as error:
        settle(claim(lambda f: True), "errors", {}, E)
    assert str(error.value) == "claim 'one' of section 'errors', supported: 'dict object' has no attribute 'share'"


def test_names_are_unique():
    names = [case.values[1].name for case in CLAIMS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("section", "claim"), CLAIMS)
def test_every_outcome_has_a_sentence_of_its_own(section, claim):
    said = [sentence for sentence in (claim.supported, claim.refuted, claim.undecided) if sentence]

    assert claim.supported
    assert claim.refuted
    assert len(set(said)) == len(said)
    assert all(sentence.endswith((".", "%}", "?")) for sentence in said)


@pytest.mark.parametrize(("section", "claim"), CLAIMS)
def test_every_claim_is_placed_in_the_text_of_its_section(section, claim):
    text = (template_folder() / "sections" / f"{section}.html").read_text("utf-8")

    assert text.count(f'claim("{claim.name}")') == 1


@pytest.mark.parametrize(("section", "claim"), CLAIMS)
def test_no_result_is_typed_into_a_sentence(section, claim):
    for sentence in (claim.supported, claim.refuted, claim.undecided):
        prose = re.sub(r"\{[{%].*?[}%]\}", "", sentence)
        assert not re.search(r"\d+\.\d+|\d+\s?%", prose)


@pytest.mark.parametrize(("section", "claim"), CLAIMS)
def test_every_claim_of_the_default_experiment_is_settled_by_its_numbers(section, claim, report):
    """What `results.json` says is decided again from the findings in it."""
    results = json.loads((report / "results.json").read_text("utf-8"))
    settled = settle(claim, section, results["findings"][section], E)

    assert results["claims"][claim.name]["outcome"] == settled.outcome
    assert settled.outcome is not None or claim.name in BEYOND_THE_SMALL_REPORT


def test_other_numbers_make_other_prose(report):
    findings = json.loads((report / "results.json").read_text("utf-8"))["findings"]["subgradient"]
    (zeros,) = [c for c in sections["subgradient"].claims if c.name == "proximal-steps-give-zeros"]
    before = settle(zeros, "subgradient", findings, E)
    findings["proximal"]["zero"] = 0.0
    after = settle(zeros, "subgradient", findings, E)

    assert (before.outcome, after.outcome) == ("supported", "not supported")
    assert before.sentence != after.sentence


BEYOND_THE_SMALL_REPORT = {"five-runs-tell-either-story"}
"""Its four runs have no five among them."""

SIZES = {"lt", "lteq", "gt", "gteq"}


@pytest.mark.parametrize("name", sections.names())
def test_no_template_decides_what_a_number_means(name):
    """Comparing numbers is what claims are for; a template may ask how many things there are, and what is there."""
    text = (template_folder() / "sections" / f"{name}.html").read_text("utf-8")
    tree = jinja2.Environment().parse(re.sub(r"\$[^$\n]*\$", "", text))  # only read
    weighed = [
        f"line {comparison.lineno}"
        for comparison in tree.find_all(nodes.Compare)
        if any(operand.op in SIZES for operand in comparison.ops) and not _counts(comparison.expr)
    ]

    assert weighed == []


def _counts(node):
    return isinstance(node, nodes.Filter) and node.name in ("length", "count")
