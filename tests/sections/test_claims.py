"""Claims: sentences that could have come out otherwise."""

import dataclasses
import json
import re

import pytest

from reportgen.datasets.line import Line
from reportgen.errors import TemplateError
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.page.results import json_bytes
from reportgen.sections import sections
from reportgen.sections.claims import Claim, decide
from reportgen.store.keys import template_folder
from reportgen.training.network import Network
from reportgen.training.run import Training

NAMES = [name for name in sections.names() if sections[name].claims]
BEYOND_THE_SMALL_EXPERIMENT = {
    "five-runs-tell-either-story",
    "published-totals-tell",
    "adjusting-helps",
    "adjusting-helps-l2",
    "fewer-than-by-eye",
    "zeros-cost-nothing",
}
"""Its four runs have no five among them, it is not the experiment of the post, and its arms have both kinds of step."""
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


def test_a_claim_speaks_of_the_post_only_for_the_experiment_of_the_post():
    post = parse(shipped())
    same = [
        {"data_seed": 7, "runs": Runs(count=3, seed=5)},
        {"arms": [arm for arm in post.arms if arm.name == "l2"]},
        {"training": Training(schedule="linear", order="reshuffled")},
    ]
    others = [
        {"data": Line(slope=1.0)},
        {"fresh_data": True},
        {"network": Network(hidden=(10,))},
        {"network": Network(activation="relu")},
        {"training": Training(learning_rate=0.02)},
        {"training": Training(optimizer="adam")},
        {"training": Training(batch_size=2)},
        {"training": Training(epochs=99)},
        {"training": Training(loss="squared")},
        {"arms": [arm for arm in post.arms if arm.name in ("none", "elastic-net")]},
        {"arms": [dataclasses.replace(arm, strength=arm.strength / 2) for arm in post.arms]},
        {"arms": [Arm(name="none")]},
    ]
    for changes, told in [*((c, "So.") for c in same), *((c, "") for c in others)]:
        e = dataclasses.replace(post, **{k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()})
        decided = decide(claim(lambda f: True, post="So."), "errors", {"share": 0.25}, e)
        assert (decided.post, decided.outcome) == (told, "supported"), changes


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
