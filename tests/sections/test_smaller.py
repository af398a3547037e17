"""The compression study: what follows from what, and that nothing is lost where zeros are exact."""

import dataclasses

import numpy as np
import pytest
from planted import difference, outcomes, rates

from reportgen.executors.serial import Serial
from reportgen.experiment import Arm, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.penalties.l1 import L1
from reportgen.sections.kinds.smaller import COMPARED, Smaller, _studied_runs
from reportgen.sections.shrinking import smaller_runs
from reportgen.store.store import Store

ROUNDING = 1e-9
"""Outputs that differ by less, in float64, differ by the order in which sums were taken."""
STRENGTHS = {"subgradient": 0.1, "proximal": 0.2}
OUTCOMES = ["supported", "not supported", "undecided"]


def study(verdict="better", collapses=(0, 0, 30), **verdicts):
    """Findings of networks of which all ways have this verdict, except for those with one of their own."""
    ways = {way: {"label": way, "difference": difference(verdicts.get(way, verdict))} for way in COMPARED}
    return {"state": "compared", "ways": ways, "collapses": rates(*collapses)}


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        (
            "small-networks-predict-as-well",
            [
                study("practically equal"),
                study("undecided", random="worse"),
                study("practically equal", tuned="undecided"),
            ],
        ),
        *(
            (claim, [study(verdict) for verdict in ("practically equal", "worse", "undecided")])
            for claim in ("training-on", "kept-initial-weights", "small-from-scratch")
        ),
        # 3 of 30 against none is undecided, and no collapse at all is no gamble.
        ("small-starts-collapse", [study(collapses=c) for c in ((8, 0, 30), (0, 0, 40), (3, 0, 30))]),
    ],
)
def test_each_claim_can_come_out_in_every_way(claim, worlds):
    assert outcomes("smaller", claim, worlds) == OUTCOMES


def test_the_networks_that_are_made_smaller_are_those_of_the_own_arm_at_rest():
    e = dataclasses.replace(parse(shipped()), runs=Runs(count=1))
    weak, strong = (Arm(name=step, penalty=L1(), strength=λ, step=step) for step, λ in STRENGTHS.items())

    for arms, λ in [((weak, strong), strong.strength), ((weak,), weak.strength)]:
        (run,) = _studied_runs(dataclasses.replace(e, arms=arms))
        assert (run.strength, run.step, run.training.schedule) == (λ, "proximal", "linear")
    assert _studied_runs(dataclasses.replace(e, arms=(Arm(name="zero", penalty=L1(), strength=0.0),))) == []


@pytest.mark.parametrize(("λ", "state"), [(1e-6, "nothing to remove"), (1000.0, "collapsed")])
def test_networks_with_nothing_to_remove_or_nothing_to_say_are_not_retrained(compute, small_experiment, λ, state):
    arm = Arm(name=small_experiment.sweep.arm, penalty=L1(), strength=λ, step="proximal")
    e = dataclasses.replace(small_experiment, arms=(arm,), runs=Runs(count=2))

    found = compute("smaller", e).result

    assert found.findings["state"] == state
    assert {claim.outcome for claim in found.claims} == {None}


@pytest.fixture(scope="module")
def studied(small_experiment, cache, compute):
    """All trained runs, those that lead to others, and the others that belong to each. Six epochs kill units."""
    e, section, store = small_experiment, Smaller(), Store(cache)
    compute("smaller")  # has everything trained
    trained = store.complete(section.runs(e), Serial()).result()
    more = list(section.follow_up(e, trained))
    full = [trained[run] for run in _studied_runs(e)]
    return trained | store.complete(more, Serial()).result(), more, [(t, smaller_runs(e, t)) for t in full]


def test_every_run_leads_to_others_of_its_own_size(studied, small_experiment):
    _, more, families = studied

    assert len(more) == len(set(more)) == small_experiment.runs.count * 4
    for t, made in families:
        hidden = made["tuned"].network.hidden
        assert sum(hidden) < 30
        assert made["original"].network.hidden == made["random"].network.hidden == hidden
        assert made["longer"].network == t.run.network
        assert {run.penalty for run in made.values()} == {L1()}
        assert made["random"].start is None
        assert made["random"].init_seed != t.run.init_seed


def test_runs_begin_where_the_full_network_ended_or_with_weights_that_its_units_once_had(studied):
    trained, _, ((t, made), *_) = studied
    x = t.run.draw().x_test

    for kind in ("tuned", "longer"):
        np.testing.assert_allclose(trained[made[kind]].predict(x, 0), t.predict(x), rtol=1e-5, err_msg=kind)
    for ours, theirs in zip(made["original"].initial_weights()[0], t.run.initial_weights()[0], strict=True):
        assert set(ours.ravel()) <= set(theirs.ravel())


def test_removal_of_exact_zeros_changes_nothing_but_rounding(compute, small_experiment):
    study = compute("smaller").result.findings

    assert study["finished"] == small_experiment.runs.count
    assert 0 < study["certificate"] < ROUNDING
    assert study["ways"]["removed"]["parameters"] < study["ways"]["full"]["parameters"] * 0.9
    assert study["ways"]["removed"]["totals"] == pytest.approx(study["ways"]["full"]["totals"], abs=1e-4)
