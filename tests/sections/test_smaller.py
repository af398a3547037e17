"""The compression study: what follows from what, and that nothing is lost where zeros are exact."""

import numpy as np
import pytest

from reportgen.executors.serial import Serial
from reportgen.penalties.l1 import L1
from reportgen.sections.kinds.smaller import PUBLISHED, ROUNDING, STARTS, Smaller, _permutation_share, _smaller_runs
from reportgen.store.store import Store


@pytest.fixture(scope="module")
def studied(small_experiment, cache, compute):
    """All trained runs, those that lead to others, and the others that belong to each. Six epochs kill units."""
    e, section, store = small_experiment, Smaller(), Store(cache)
    compute("smaller")  # has everything trained
    trained = store.complete(section.runs(e), Serial()).result()
    more = list(section.follow_up(e, trained))
    full = [trained[run] for run in section._network_runs(e, "l1-proximal", None)]
    return trained | store.complete(more, Serial()).result(), more, [(t, _smaller_runs(e, t)) for t in full]


def test_every_run_leads_to_others_of_its_own_size(studied, small_experiment):
    _, more, families = studied

    assert len(more) == len(set(more)) == small_experiment.runs.count * (3 + STARTS)
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
    assert study["ways"]["removed"]["parameters"] < study["ways"]["full"]["parameters"] * 0.8
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
