"""What the sections on outliers, strengths and fair comparisons compute, on numbers that were planted."""

import dataclasses

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Experiment, Runs
from reportgen.sections import sections, strengths
from reportgen.sections.folds import FOLDS
from reportgen.sections.kinds import fair, robustness
from reportgen.statistics.collapses import collapse_indices, compare_collapses

E = Experiment()


def outcome(section, claim, findings):
    (found,) = [c for c in sections[section].claims if c.name == claim]
    return decide(found, section, findings, E).outcome


def planted(loss=0.0, penalty=0.0, both=0.0):
    """Errors of twelve draws in which the squared loss, L1, and the two together cost so much."""
    rng = np.random.default_rng(0)
    draw = rng.normal(20, 5, 12)
    return {
        (a, b): draw
        + rng.normal(0, 1e-6, 12)
        + loss * (a == "squared")
        + penalty * (b == "l1")
        + both * (a == "squared" and b == "l1")
        for a in robustness.RATES
        for b in robustness.PENALTIES
    }


def test_main_effects_are_those_that_were_planted():
    found = robustness._main_effects(E, planted(loss=30, penalty=2), 1.0)
    effects = found["loss_effects"] | found["penalty_effects"]
    expected = {"squared-absolute": 30, "huber-absolute": 0, "l1-none": 2, "l1-l2": 2, "l2-none": 0}

    assert {name: effects[name]["estimate"] for name in expected} == pytest.approx(expected, abs=1e-5)
    verdicts = [effects[name]["verdict"] for name in ("squared-absolute", "l1-l2", "l2-none")]
    assert verdicts == ["worse", "worse", "practically equal"]


def test_the_sentence_of_the_post_is_settled_for_loss_and_penalty_apart():
    claims = ("the-loss-resists-outliers", "the-penalty-resists-outliers")
    for effects, supported in [({"loss": 30}, [True, False]), ({"penalty": -30}, [False, True]), ({}, [False, False])]:
        found = {"by_loss": {"squared": 40.0, "absolute": 5.0}, **robustness._main_effects(E, planted(**effects), 1.0)}
        assert [outcome("robustness", claim, found) == "supported" for claim in claims] == supported, effects


def test_collapse_is_where_half_of_the_networks_collapse_for_good():
    """Of three runs at each of four strengths."""

    def points(*counts):
        return [{"strength": λ, "ended": 3, "collapsed": count} for λ, count in enumerate(counts)]

    collapsed = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]], bool)
    assert strengths.collapse_range(points(0, 1, 2, 3)) == {"after": 1, "by": 2, "first": 1}
    assert strengths.collapse_range(points(0, 2, 1)) == {"after": 2, "by": None, "first": 1}
    assert strengths.collapse_range(points(0)) == {"after": 0, "by": None, "first": None}
    assert collapse_indices(collapsed).tolist() == [2, 1, 3]
    assert collapse_indices(collapsed[:2]).tolist() == [2, 1, 2], "one beyond the last: not yet"


def test_pairs_in_which_neither_penalty_collapses_do_not_collapse_at_the_same_strength():
    def counts(l1, l2):
        found = compare_collapses(l1, l2, E.comparison)
        return found.rates.first, found.rates.second, found.same, found.neither

    l1, l2 = np.zeros((2, 10), bool), np.zeros((2, 10), bool)
    assert counts(l1, l2) == (0, 0, 0, 10)

    l1[:, :3] = l2[1, 2:4] = True
    assert counts(l1, l2) == (3, 1, 0, 6)
    assert counts(l1, l1) == (0, 0, 3, 7)


def test_every_arm_has_the_same_budget_and_folds_never_see_a_test_sample(small_experiment):
    few = dataclasses.replace(small_experiment, runs=Runs(count=2))
    folds = [run for run in dict.fromkeys(sections["fair"]().runs(few)) if run.fold]
    budgets = {kind: sum(type(run.penalty) is fair.KINDS[kind] for run in folds) for kind in fair.KINDS}
    draws = 1 + fair._draw_count(few)

    assert budgets.pop("none") == 0
    assert set(budgets.values()) == {len(fair.GRID) * FOLDS * draws}
    for run in folds:
        whole = dataclasses.replace(run, fold=None).draw()
        tested = {*run.draw().x_test.ravel(), *run.draw().x_train.ravel()}
        assert tested == set(whole.x_train.ravel())
        assert not tested & set(whole.x_test.ravel())
