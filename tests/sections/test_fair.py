"""What the section on fair comparisons says of choices and errors that were planted."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from planted import decide, planted_findings

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.sections.kinds import fair
from reportgen.sections.questions import SCOPES, ask
from reportgen.statistics.comparison import compare_family
from reportgen.statistics.tuning import NO_CHOICE, Choice, errors_at_choice

E = Experiment()
LUCK = np.random.default_rng(0).normal(20, 5, 30)


def asked(pairs, by="least error", noise=0.1, count=30, **worse):
    """Comparisons of penalties of which some are worse than the others by so much, with `noise` of their own."""
    own = np.random.default_rng(1)
    totals = {
        kind: LUCK[:count] + worse.get(kind, 0.0) + own.normal(0, noise, count)
        for kind in (*fair.KINDS, "l1 least", "l1 50%", "group_lasso 50%")
    }
    return ask(E, dict.fromkeys(SCOPES, totals), pairs, by, fair.TITLES)


def tuned(as_good):
    return {"tuned": {"l1": {"label": "L1", "as_good": as_good, "validation": [1.0]}}, "grid": list(fair.GRID)}


def least(**planted):
    return {"least": asked(fair.PAIRS, **planted), "draws": 30, "equivalence": E.margin}


def cost(**planted):
    return {"cost": asked([("l1", "l1 least")], **planted)}


def matched(noise=0.1, **worse):
    planted = {"group_lasso 50%": worse.get("group_lasso", 0.0)}
    return {"equally_sparse": asked([("l1 50%", "group_lasso 50%")], "{} zeros", noise, **planted), "draws": 30}


def freed(live, noise=0.1):
    own = np.random.default_rng(1).normal(0, noise, 30)
    found = compare_family([(8 + live + own, np.full(30, 8.0))], 0.0, E.comparison)
    return {"freed": {"50%": found[0]}, "units": 30, "why_freed": fair._why_counts_undecided(found)}


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        ("the-choice-is-not-sharp", tuned(3), tuned(1), tuned(0)),
        ("tuned-penalties-are-equal", least(), least(l2=9.0), least(noise=20)),
        ("one-standard-error-costs-little", cost(), cost(l1=9.0), cost(l1=1.2, noise=5)),
        ("equally-sparse-equally-good", matched(), matched(group_lasso=9.0), matched(noise=20)),
        ("groups-free-units", freed(-2.0), freed(2.0), freed(0.0, noise=3.0)),
    ],
)
def test_every_claim_comes_out_as_the_errors_were_planted(claim, supported, refuted, undecided):
    (found,) = [c for c in fair.Fair.claims if c.name == claim]
    worlds = {"supported": supported, "not supported": refuted, "undecided": undecided}
    told = {outcome: decide(found, "fair", planted_findings(world), E) for outcome, world in worlds.items()}

    assert {outcome: claim.outcome for outcome, claim in told.items()} == {o: o for o in worlds}
    assert all(claim.sentence and ": ." not in claim.sentence for claim in told.values())


def test_an_undecided_comparison_says_why():
    (found,) = [c for c in fair.Fair.claims if c.name == "tuned-penalties-are-equal"]
    few = decide(found, "fair", planted_findings(least(count=4)), E)

    assert few.outcome == "undecided"
    assert "but all 14 comparisons are undecided: so few pairs decide nothing" in few.sentence


def test_decided_comparisons_do_not_hide_how_many_are_undecided():
    (found,) = [c for c in fair.Fair.claims if c.name == "tuned-penalties-are-equal"]
    findings = least(l2=900.0, noise=20)
    sentence = decide(found, "fair", planted_findings(findings), E).sentence
    headline = fair.Fair().headline(E, SimpleNamespace(**findings))

    assert f"Of the other 10 comparisons {findings['least'].undecided} are undecided: " in sentence
    assert headline.endswith(f" Of the other 10 comparisons {findings['least'].undecided} are undecided.")
    assert "undecided" not in decide(found, "fair", planted_findings(least(l2=9.0)), E).sentence


def test_a_count_of_units_has_no_margin_to_reach_across():
    assert freed(0.0, noise=3.0)["why_freed"] == "an interval includes zero"
    assert freed(-2.0)["why_freed"] == ""


def test_without_a_choice_nothing_is_compared_at_a_strength_of_its_own():
    lost = Choice(0, 0, np.full(5, np.nan), np.full(5, np.nan))
    made = Choice(1, 2, np.ones(5), np.ones(5))
    totals = np.arange(10.0).reshape(5, 2)

    assert np.isnan(errors_at_choice(totals, [lost], "least")).all()
    assert errors_at_choice(totals, [made, lost], "least")[0] == 2
    assert np.isnan(errors_at_choice(totals, [made, lost], "least")[1])
    assert errors_at_choice(totals, [made], "simplest").tolist() == [4, 5]
    assert errors_at_choice(totals[:1], [NO_CHOICE], "least").tolist() == [0, 1]


def test_runs_that_collapse_are_counted_and_their_rates_compared(monkeypatch):
    monkeypatch.setattr(fair, "collapsed_runs", np.array)
    some = (np.arange(30) < 10).tolist()
    by_kind = {kind: [some if kind == "l1" else [False] * 30] * len(fair._strengths(kind)) for kind in fair.KINDS}
    choice = Choice(0, 1, np.ones(5), np.ones(5))
    chosen = {kind: {s: [NO_CHOICE if kind == "none" else choice] for s in SCOPES} for kind in fair.KINDS}
    found = fair._collapses(E, dict.fromkeys(SCOPES, by_kind), chosen)

    assert {(c.label, c.rates.first, c.rates.second, c.rates.verdict) for c in found} == {
        (fair.TITLES["l1"], 10, 0, "more often")
    }
    assert len(found) == 4


def test_every_run_on_one_draw_is_on_one_draw_and_penalties_are_those_of_the_experiment():
    arm = Arm(name="en", penalty=ElasticNet(mix=0.9), strength=0.2, step="proximal")
    e = dataclasses.replace(E, fresh_data=True, arms=(arm,), runs=Runs(count=8))
    assert {run.data_seed for run in fair._final_runs(e, "elastic_net", 0.1)} == {e.data_seed}
    fresh = fair._fresh_runs(e, "elastic_net", 0.1)
    assert len({run.data_seed for run in fresh} | {e.data_seed}) == len(fresh) + 1
    assert {run.penalty for run in fresh} == {arm.penalty}


def test_fresh_draws_are_as_many_as_can_decide_something_if_there_are_so_many_runs():
    for count, draws in [(30, 10), (12, 6), (8, 6), (4, 4), (1, 2)]:
        assert fair._draw_count(dataclasses.replace(E, runs=Runs(count=count))) == draws
