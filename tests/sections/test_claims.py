"""Claims: sentences that could have come out otherwise."""

import json
import re

import pytest

from reportgen.errors import TemplateError
from reportgen.experiment import Experiment
from reportgen.page.results import json_bytes
from reportgen.sections import sections
from reportgen.sections.claims import Claim, decide
from reportgen.store.keys import template_folder

NAMES = [name for name in sections.names() if sections[name].claims]
BEYOND_THE_SMALL_EXPERIMENT = {"five-runs-tell-either-story"}
"""Its four runs have no five among them."""
E = Experiment()


def claim(test, **sentences):
    said = {"supported": "Yes: {{ f.share|num('.0%') }}.", "refuted": "No.", "undecided": "Who knows?", **sentences}
    return Claim(name="one", test=test, **said)


def test_the_outcome_chooses_the_sentence():
    for found, outcome, sentence in [
        (True, "supported", "Yes: 25%."),
        (False, "not supported", "No."),
        ("undecided", "undecided", "Who knows?"),
        (None, None, ""),
    ]:
        settled = decide(claim(lambda f, found=found: found), "errors", {"share": 0.25}, E)
        assert (settled.outcome, settled.sentence) == (outcome, sentence)


def test_a_number_that_is_missing_leaves_a_claim_undecided():
    assert decide(claim(lambda f: f["share"] > 1), "errors", {"share": None}, E).outcome == "undecided"
    with pytest.raises(TypeError):
        decide(claim(lambda f: f["share"] > "1"), "errors", {"share": 1.0}, E)


def test_a_sentence_that_asks_for_what_is_not_there_is_told(messages):
    with pytest.raises(TemplateError) as error:
        decide(claim(lambda f: True), "errors", {}, E)
    messages(error.value)


def test_every_outcome_has_a_sentence_of_its_own_without_a_result_in_it():
    claims = [(section, claim) for section in NAMES for claim in sections[section].claims]
    assert len({claim.name for _, claim in claims}) == len(claims)
    for section, claim in claims:
        text = (template_folder() / "sections" / f"{section}.html").read_text("utf-8")
        said = [sentence for sentence in (claim.supported, claim.refuted, claim.undecided) if sentence]

        assert claim.supported, claim.name
        assert claim.refuted, claim.name
        assert len(set(said)) == len(said), claim.name
        assert all(sentence.endswith((".", "%}", "?")) for sentence in said), claim.name
        assert not re.search(r"\d+\.\d+|\d+\s?%", re.sub(r"\{[{%].*?[}%]\}", "", " ".join(said))), claim.name
        assert text.count(f'claim("{claim.name}")') == 1, claim.name


@pytest.mark.parametrize("section", NAMES)
def test_what_results_hold_settles_every_claim_again(section, compute):
    told = compute(section).result
    findings = json.loads(json_bytes(told.findings))
    for claim, before in zip(sections[section].claims, told.claims, strict=True):
        assert decide(claim, section, findings, E).outcome == before.outcome, claim.name
        assert before.outcome is not None or claim.name in BEYOND_THE_SMALL_EXPERIMENT, claim.name
