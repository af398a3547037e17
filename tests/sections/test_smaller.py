"""The compression study: what follows from what, and that nothing is lost where zeros are exact."""

import dataclasses

import numpy as np
import pytest
from planted import difference, outcomes, rate, rates

from reportgen.executors.serial import Serial
from reportgen.experiment import Arm, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.penalties.l1 import L1
from reportgen.sections.kinds.smaller import (
    COMPARED,
    HIDDEN,
    PUBLISHED,
    Smaller,
    _permutation_share,
    _smaller_runs,
    _studied_runs,
)
from reportgen.store.store import Store
from reportgen.training.network import Network

ROUNDING = 1e-9
"""Outputs that differ by less, in float64, differ by the order in which sums were taken."""
STRENGTHS = {"subgradient": 0.1, "proximal": 0.2}
OUTCOMES = ["supported", "not supported", "undecided"]


def post(share=0.5, before=20.0, after=15.0, **verdicts):
    adjusted = {kind: {"rest": {"difference": difference(verdicts.get(kind, "better"))}} for kind in ("l1", "l2")}
    published = {"before": {"mean": before}, "after": {"mean": after}}
    return {
        "post": {"permutation_share": share, "published": published, "adjusted": adjusted, "parameters": 143},
        "study": {"state": "no arm"},
        "margin": 1.0,
    }


def study(verdict="better", fewer=30, collapses=(0, 0, 30)):
    ways = {way: {"parameters": 8.0, "difference": difference(verdict)} for way in COMPARED}
    return {
        "post": {"parameters": 143},
        "study": {
            "state": "compared",
            "ways": {**ways, "removed": {"parameters": 8.0}},
            "fewer": rate(fewer),
            "collapses": rates(*collapses),
        },
    }


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("published-totals-tell", [post(share=0.01), post(share=0.01, after=30.0), post()]),
        ("adjusting-helps", [post(l1=verdict) for verdict in ("better", "practically equal", "undecided")]),
        ("adjusting-helps-l2", [post(l2=verdict) for verdict in ("better", "worse", "undecided")]),
        ("fewer-than-by-eye", [study(fewer=30), study(fewer=3), study(fewer=16)]),
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


def test_only_the_experiment_of_the_post_repeats_its_adjustment():
    e, section = dataclasses.replace(parse(shipped()), runs=Runs(count=2)), Smaller()
    other = dataclasses.replace(e, network=Network(hidden=(10, 10)))

    assert {run.network.hidden for run in section.runs(e)} == {(10, 10, 10), HIDDEN}
    assert {run.network.hidden for run in section.runs(other)} == {(10, 10)}
    assert list(section.runs(dataclasses.replace(e, network=Network(hidden=())))) == []


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

    assert found.findings["study"]["state"] == state
    assert {claim.outcome for claim in found.claims} == {None}


@pytest.fixture(scope="module")
def studied(small_experiment, cache, compute):
    """All trained runs, those that lead to others, and the others that belong to each. Six epochs kill units."""
    e, section, store = small_experiment, Smaller(), Store(cache)
    compute("smaller")  # has everything trained
    trained = store.complete(section.runs(e), Serial()).result()
    more = list(section.follow_up(e, trained))
    full = [trained[run] for run in _studied_runs(e)]
    return trained | store.complete(more, Serial()).result(), more, [(t, _smaller_runs(e, t)) for t in full]


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
    study = compute("smaller").result.findings["study"]

    assert study["finished"] == small_experiment.runs.count
    assert 0 < study["certificate"] < ROUNDING
    assert study["ways"]["removed"]["parameters"] < study["ways"]["full"]["parameters"] * 0.9
    assert study["ways"]["removed"]["totals"] == pytest.approx(study["ways"]["full"]["totals"], abs=1e-4)


def test_the_published_totals_are_those_of_the_post_and_scipy_permutes_them_alike():
    """252 ways to deal ten totals into two fives."""
    from scipy.stats import permutation_test

    before, after = (np.array(PUBLISHED[when]) for when in ("before", "after"))
    theirs = permutation_test(
        (before, after), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True, n_resamples=np.inf
    )

    assert (before.mean(), after.mean()) == pytest.approx((20.0809, 15.1119), abs=1e-4)
    assert len(before) == len(after) == 5
    assert _permutation_share(before, after) == pytest.approx(theirs.pvalue)
    assert theirs.pvalue == pytest.approx(0.56, abs=0.005)
