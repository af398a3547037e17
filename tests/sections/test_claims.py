"""Claims: sentences that could have come out otherwise."""

import dataclasses
import json
import re

import jinja2
import pytest
from planted import decide

from reportgen.datasets.line import Line
from reportgen.errors import TemplateError
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.page.results import json_bytes
from reportgen.sections import claims, sections
from reportgen.sections.claims import Claim, ClaimBlocks
from reportgen.text import number
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
    "last-steps-jitter",
    "smaller-steps-settle",
    "dead-units-jump-at-the-band",
}
"""Its four runs have no five among them, it is not the experiment of the post, its arms have both kinds of step, and
its learning rate falls."""
E = Experiment()


TEMPLATE = """<p>Before. {% claim "one" %}
  Yes: <em>{{ f.share|num('.0%') }}</em> &amp;
  more.
{% refuted %}No.{% undecided %}Who knows?{% endclaim %} After.</p>
{% claim "short" %}Yes.{% refuted %}No.{% endclaim %}"""


@pytest.fixture(autouse=True)
def own_template(request, tmp_path, monkeypatch):
    """A section called "own" with the template above."""
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "own.html").write_text(TEMPLATE, "utf-8")
    if "own" in request.fixturenames:
        monkeypatch.setattr(claims, "template_folder", lambda: tmp_path)


@pytest.fixture
def own():
    return "own"


def claim(test, **settings):
    return Claim(name="one", test=test, **settings)


def test_the_outcome_chooses_the_sentence(own):
    for found, outcome, sentence in [
        (True, "supported", "Yes: 25% & more."),
        (False, "not supported", "No."),
        ("undecided", "undecided", "Who knows?"),
        (None, None, ""),
    ]:
        settled = decide(claim(lambda f, found=found: found), own, {"share": 0.25}, E)
        assert (settled.outcome, settled.sentence) == (outcome, sentence)


def test_a_page_prints_the_sentence_with_its_markup_and_a_theme_replaces_it(own, tmp_path):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), extensions=[ClaimBlocks])
    environment.filters["num"] = number
    (tmp_path / "theme.html").write_text(
        '{% extends "sections/own.html" %}{% block claim_one %}Mine.{% endblock %}', "utf-8"
    )
    for name, outcome, text in [
        ("sections/own.html", "supported", "<p>Before. \n  Yes: <em>25%</em> &amp;\n  more.\n After.</p>\nYes."),
        ("sections/own.html", "undecided", "<p>Before. Who knows? After.</p>\n"),
        ("sections/own.html", None, "<p>Before.  After.</p>\n"),
        ("theme.html", "supported", "<p>Before. Mine. After.</p>\nYes."),
    ]:
        page = environment.get_template(name).render(f={"share": 0.25}, outcome=lambda _, outcome=outcome: outcome)
        assert page == text, name


def test_a_claim_speaks_of_the_post_only_for_the_experiment_of_the_post(own):
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
        decided = decide(claim(lambda f: True, post="So."), own, {"share": 0.25}, e)
        assert (decided.post, decided.outcome) == (told, "supported"), changes


def test_a_number_that_is_missing_leaves_a_claim_undecided(own):
    assert decide(claim(lambda f: f.share > 1), own, {"share": None}, E).outcome == "undecided"
    with pytest.raises(TypeError):
        decide(claim(lambda f: f["share"] > "1"), own, {"share": 1.0}, E)


def test_a_sentence_that_asks_for_what_is_not_there_is_told(messages, own):
    for asked in (claim(lambda f: True), Claim(name="absent", test=lambda f: True)):
        with pytest.raises(TemplateError) as error:
            decide(asked, own, {}, E)
        messages(error.value)


def test_every_outcome_has_a_sentence_of_its_own_without_a_result_in_it():
    listed = [(section, claim.name) for section in NAMES for claim in sections[section].claims]
    assert len({name for _, name in listed}) == len(listed)
    for section in NAMES:
        found = claims._sentences(section)
        assert set(found) == {name for place, name in listed if place == section}
        for name, by_outcome in found.items():
            said = [sentence.strip() for sentence in by_outcome.values() if sentence.strip()]

            assert by_outcome["supported"].strip(), name
            assert by_outcome["not supported"].strip(), name
            assert len(set(said)) == len(said), name
            assert all(sentence.endswith((".", "%}", "?")) for sentence in said), name
            assert not re.search(r"\d+\.\d+|\d+\s?%", re.sub(r"\{[{%].*?[}%]\}", "", " ".join(said))), name


@pytest.mark.parametrize("section", NAMES)
def test_what_results_hold_settles_every_claim_again(section, compute):
    told = compute(section).result
    findings = json.loads(json_bytes(told.findings))
    for claim, before in zip(sections[section].claims, told.claims, strict=True):
        assert decide(claim, section, findings, E).outcome == before.outcome, claim.name
        assert before.outcome is not None or claim.name in BEYOND_THE_SMALL_EXPERIMENT, claim.name
