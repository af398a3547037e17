"""The section on errors: which runs it compares, and what it makes of them."""

import dataclasses

import numpy as np
import pytest

from reportgen.experiment import Experiment
from reportgen.experiment.file import parse, shipped
from reportgen.sections.claims import decide
from reportgen.sections.kinds.errors import Errors, _find_comparison, _fives

E = parse(shipped())
PAIR = {
    **{"first": "L1", "second": "L2", "names": ["l1", "l2"], "verdict": "worse", "pairs": 30, "pairs_needed": None},
    **{"estimate": 2.0, "low": 1.5, "high": 3.0, "median": 1.0, "iqm": 1.2},
    **{"superiority": 0.25, "superiority_low": 0.1, "superiority_high": 0.4},
}


def settled(name, findings):
    (claim,) = [claim for claim in Errors.claims if claim.name == name]
    return decide(claim, "errors", findings, Experiment())


def test_every_comparison_is_made_on_one_draw_and_on_fresh_ones():
    for fresh in (False, True):
        e = dataclasses.replace(E, fresh_data=fresh)
        runs = dict.fromkeys(Errors().runs(e))
        for arm in e.arms:
            of_arm = [r for r in runs if (r.penalty, r.strength, r.step) == (arm.penalty, arm.strength, arm.step)]
            seeds = {(r.data_seed, r.order_seed, r.init_seed) for r in of_arm}
            assert seeds == {(0, i, i) for i in range(30)} | {(i, i, i) for i in range(30)}, (fresh, arm.name)
    alone = dataclasses.replace(E, arms=E.arms[:1])
    assert {run.data_seed for run in Errors().runs(alone)} == {0}, "a single arm has nothing to compare"


def test_a_comparison_can_be_told_from_either_side():
    there, back = _find_comparison([PAIR], "l1", "l2"), _find_comparison([PAIR], "l2", "l1")

    assert there == PAIR
    assert (back["first"], back["estimate"], back["low"], back["high"]) == ("L2", -2.0, -3.0, -1.5)
    assert (back["superiority"], back["superiority_low"], back["superiority_high"]) == (0.75, 0.6, 0.9)
    assert back["verdict"] == "better"
    assert _find_comparison([PAIR], "l1", "none") is None


def test_five_of_many_pairs_say_what_the_counts_say():
    """With one decisive pair among ten, five contain it half of the time."""
    first, second = np.array([-100.0, *[0.0] * 9]), np.array([0.0, *[-1.0] * 9])

    assert _fives(first, second, {"first": "a", "second": "b"})["share"] == pytest.approx(0.5, abs=0.02)
    assert _fives(first[:5], second[:5], {"first": "a", "second": "b"}) is None


def test_all_comparisons_must_be_equal_to_say_that_no_arm_is_better():
    def outcome(decided, equal, undecided):
        verdicts = {"decided": decided, "practically equal": equal, "undecided": undecided}
        pairs = [{**PAIR, "verdict": "practically equal"}] * 3
        found = {"pairs": pairs, "verdicts": verdicts, "runs": 30, "corrected": []}
        return settled("arms-can-be-told-apart", found).outcome

    outcomes = outcome(1, 0, 2), outcome(0, 3, 0), outcome(0, 2, 1)
    assert outcomes == ("supported", "not supported", "undecided")
