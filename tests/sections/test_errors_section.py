"""The section on errors: which runs it compares, and what it makes of them."""

import dataclasses

import numpy as np
import pytest
from planted import decide, planted_findings

from reportgen.experiment import Arm, Experiment
from reportgen.experiment.file import parse, shipped
from reportgen.sections import arm_pairs, helpers, wording
from reportgen.sections.arm_pairs import ArmPair, find_pair
from reportgen.sections.helpers import NUDGES
from reportgen.sections.kinds.errors import Errors
from reportgen.statistics.comparison import Difference
from reportgen.statistics.few_runs import compare_few

E = parse(shipped())
DIFFERENCE = Difference(
    **{"estimate": 2.0, "low": 1.5, "high": 3.0, "superiority": 0.25, "superiority_low": 0.1, "superiority_high": 0.4},
    **{"pairs": 30, "p": 0.01, "verdict": "worse", "reason": None, "pairs_needed": None},
)


def pair(verdict="worse", reason=None, other="worse"):
    """L1 against L2, with this verdict here and another one on other data."""
    here, there = (dataclasses.replace(DIFFERENCE, verdict=v, reason=reason) for v in (verdict, other))
    named = {"first": "L1", "second": "L2", "names": ["l1", "l2"], "why": "", "median": 1.0, "iqm": 1.2}
    return ArmPair(**named, difference=here, other=there, constant=None)


PAIR = pair()


def settled(name, findings):
    (claim,) = [claim for claim in Errors.claims if claim.name == name]
    return decide(claim, "errors", planted_findings(findings), Experiment())


def test_every_comparison_is_made_at_rest_on_one_draw_and_on_fresh_ones():
    for fresh in (False, True):
        e = dataclasses.replace(E, fresh_data=fresh)
        runs = dict.fromkeys(Errors().runs(e))
        for arm in e.arms:
            of_arm = [r for r in runs if (r.penalty, r.strength, r.step) == (arm.penalty, arm.strength, arm.step)]
            rest = {(r.data_seed, r.init_seed) for r in of_arm if r.training.schedule == "linear"}
            own = {(r.data_seed, r.init_seed, r.nudge) for r in of_arm if r.training.schedule == "constant"}
            assert rest == {(0, i) for i in range(30)} | {(i, i) for i in range(30)}, (fresh, arm.name)
            assert own == {(i * fresh, i, nudge) for i in range(30) for nudge in (0, *NUDGES)}
    alone = dataclasses.replace(E, arms=E.arms[:1])
    assert list(Errors().runs(alone)) == alone.arm_runs(alone.arms[0]), "a single arm has nothing to compare"
    falling = dataclasses.replace(E, training=dataclasses.replace(E.training, schedule="cosine"))
    assert {r.nudge for r in Errors().runs(falling)} == {0}
    assert {r.training.schedule for r in Errors().runs(falling)} == {"cosine"}


def test_collapses_are_counted_and_left_out_of_means_unless_they_are_what_the_arm_does(monkeypatch):
    collapsed = {"rare": np.arange(10) == 3, "mostly": np.arange(10) < 6, "never": np.zeros(10, bool)}
    monkeypatch.setattr(helpers, "total_errors", lambda name: np.arange(10.0))
    for module in (helpers, arm_pairs):
        monkeypatch.setattr(module, "collapsed_runs", lambda name: collapsed[name])
    arms = {name: _Named(name) for name in collapsed}

    assert [np.isfinite(helpers.errors_without_collapses(arm)).sum() for arm in arms.values()] == [9, 10, 10]

    e = dataclasses.replace(E, arms=tuple(Arm(name=name) for name in arms))
    rare, mostly = arm_pairs.count_collapses(e, arms, "one draw")
    assert (rare.rate["events"], rare.left_out, rare.verdict) == (1, True, "undecided")
    assert (mostly.rate["events"], mostly.left_out, mostly.verdict) == (6, False, "undecided")
    collapsed["mostly"] |= True
    assert arm_pairs.count_collapses(e, arms, "one draw")[1].verdict == "more often"


class _Named(str):
    """The name of an arm, in place of its ten runs."""

    def __len__(self):
        return 10


def test_a_comparison_can_be_told_from_either_side():
    there, back = find_pair([PAIR], "l1", "l2"), find_pair([PAIR], "l2", "l1")

    assert there == PAIR
    assert (back.first, back.difference.estimate, back.difference.low, back.difference.high) == ("L2", -2.0, -3.0, -1.5)
    shares = (back.difference.superiority, back.difference.superiority_low, back.difference.superiority_high)
    assert shares == (0.75, 0.6, 0.9)
    assert back.difference.verdict == back.other.verdict == "better"
    assert find_pair([PAIR], "l1", "none") is None


def test_five_of_many_pairs_show_what_the_counts_show():
    """With one decisive pair among ten, five contain it half of the time."""
    first, second = np.array([-100.0, *[0.0] * 9]), np.array([0.0, *[-1.0] * 9])

    assert compare_few(first, second, 5, 0).share == pytest.approx(0.5, abs=0.02)
    assert compare_few(first, first, 5, 0) is None, "no pair differs"
    assert compare_few(first[:5], second[:5], 5, 0) is None


def test_all_comparisons_must_be_equal_to_say_that_no_arm_is_better():
    def outcome(decided, equal, undecided):
        verdicts = {"better": decided, "worse": 0, "practically equal": equal, "undecided": undecided}
        found = {"pairs": [pair("practically equal")] * 3, "verdicts": verdicts, "runs": 30, "fewest": 6}
        return settled("arms-can-be-told-apart", found).outcome

    outcomes = outcome(1, 0, 2), outcome(0, 3, 0), outcome(0, 2, 1)
    assert outcomes == ("supported", "not supported", "undecided")


def _l2_l1(verdict, reason=None):
    return {"l2_l1": pair(verdict, reason), **SCOPE}


SCOPE = {
    **{"runs": 30, "fewest": 6, "confidence": 0.95, "equivalence": 1.0, "constant": True, "last_steps": 180},
    **{"condition": "one draw", "other_condition": "fresh draws", "corrected": []},
}
ARMS = [{"label": "a"}, {"label": "b"}]
WORLDS = {
    "middle-halves-overlap": (
        {"arms": ARMS, "highest_q1": 2.0, "lowest_q3": 3.0},
        {"arms": ARMS, "highest_q1": 3.0, "lowest_q3": 2.0},
        {"arms": ARMS, "highest_q1": None, "lowest_q3": 2.0},
    ),
    "last-steps-jitter": (
        {**SCOPE, "wander": 5.0, "deviation": 11.0},
        {**SCOPE, "wander": 0.1, "deviation": 11.0},
        {**SCOPE, "wander": None, "deviation": 11.0},
    ),
    "the-true-line-is-hard-to-beat": (
        {**SCOPE, "truth": {"runs": 60, "best": -0.4, "median": 3.0}},
        {**SCOPE, "truth": {"runs": 60, "best": -1.4, "median": 3.0}},
        {**SCOPE, "truth": {"runs": 0, "best": None, "median": None}},
    ),
    "l2-predicts-better-than-l1": (_l2_l1("better"), _l2_l1("practically equal"), _l2_l1("undecided", "noise")),
    "verdicts-agree-on-fresh-data": (
        {**SCOPE, "pairs": [PAIR], "changed": [], "decided_once": 0, "verdicts": {"undecided": 0}},
        {**SCOPE, "pairs": [PAIR], "changed": [pair("worse", other="better")]},
        {**SCOPE, "pairs": [PAIR], "changed": [], "decided_once": 1, "verdicts": {"undecided": 0}},
    ),
    "five-runs-tell-either-story": (
        {**SCOPE, "l2_l1": PAIR, "fives": {"share": 0.6, "second_share": 0.4}},
        {**SCOPE, "l2_l1": PAIR, "fives": {"share": 0.99, "second_share": 0.01}},
        {**SCOPE, "l2_l1": PAIR, "fives": {"share": None, "second_share": None}},
    ),
}
"""For each claim findings in which it is supported, not supported and undecided."""


@pytest.mark.parametrize("name", WORLDS)
def test_each_claim_can_come_out_in_any_way(name):
    found = [settled(name, findings) for findings in WORLDS[name]]

    assert [claim.outcome for claim in found] == ["supported", "not supported", "undecided"]
    assert all(claim.sentence for claim in found)
    assert {claim.name for claim in Errors.claims} == {*WORLDS, "arms-can-be-told-apart"}


def test_a_comparison_without_a_pair_that_finished_says_so_and_names_no_number_of_runs():
    nothing = np.full(3, np.nan)
    found = helpers.as_findings(helpers.compare_arms(E, nothing, nothing))
    assert wording.why_undecided(found) == "no pair of runs can be compared"
    assert found["pairs_needed"] is None
