"""The compression study: what follows from what, and that nothing is lost where zeros are exact."""

import dataclasses

import numpy as np
import pytest

from reportgen.article.sections.smaller import ROUNDING, STARTS, Smaller, _made_of
from reportgen.executors.serial import Serial
from reportgen.penalties.l1 import L1
from reportgen.store import Store


@pytest.fixture(scope="module")
def studied(small_experiment, cache):
    """Six epochs are enough for units to die, and the report has trained them."""
    e = small_experiment
    section = Smaller()
    store = Store(cache)
    trained = store.complete(section.runs(e), Serial()).result()
    more = list(section.follow_up(e, trained))
    trained |= store.complete(more, Serial()).result()
    return e, section, trained, more


def test_every_run_leads_to_others_of_its_own_size(studied):
    e, section, trained, more = studied
    full = [trained[run] for run in section._of(e, "l1-proximal", None)]

    assert len(more) == len(set(more)) == e.runs.count * (3 + STARTS)
    for t in full:
        made = _made_of(e, t)
        hidden = made["tuned"].network.hidden
        assert sum(hidden) < 30
        assert made["original"].network.hidden == made["random"].network.hidden == hidden
        assert made["longer"].network == t.run.network
        assert {run.penalty for run in made.values()} == {L1()}
        assert made["random"].start is None
        assert made["random"].init_seed != t.run.init_seed


def test_what_is_trained_on_begins_where_the_full_network_ended(studied):
    e, section, trained, _ = studied
    t = trained[section._of(e, "l1-proximal", None)[0]]
    made = _made_of(e, t)
    x = t.run.draw().x_test

    np.testing.assert_allclose(trained[made["tuned"]].predict(x, 0), t.predict(x), rtol=1e-5)
    np.testing.assert_allclose(trained[made["longer"]].predict(x, 0), t.predict(x), rtol=1e-5)


def test_the_same_structure_begins_from_weights_that_its_units_once_had(studied):
    e, section, trained, _ = studied
    run = section._of(e, "l1-proximal", None)[0]
    original = _made_of(e, trained[run])["original"].initial_weights()[0]

    for ours, theirs in zip(original, run.initial_weights()[0], strict=True):
        assert set(ours.ravel()) <= set(theirs.ravel())


def test_removal_of_exact_zeros_changes_nothing_but_rounding(studied):
    e, section, trained, _ = studied
    study = section.findings(e, trained, None)["study"]

    assert study["finished"] == e.runs.count
    assert 0 < study["certificate"] < ROUNDING
    assert study["ways"]["removed"]["parameters"] < study["ways"]["full"]["parameters"] * 0.8
    assert study["ways"]["removed"]["totals"] == pytest.approx(study["ways"]["full"]["totals"], abs=1e-4)


def test_runs_that_diverge_lead_nowhere(small_experiment, cache):
    wild = dataclasses.replace(
        small_experiment,
        training=dataclasses.replace(small_experiment.training, loss="squared", learning_rate=1e3),
        runs=dataclasses.replace(small_experiment.runs, count=2),
        sections=("smaller",),
    )
    section = Smaller()
    trained = Store(cache).complete(section.runs(wild), Serial()).result()

    assert list(section.follow_up(wild, trained)) == []
    assert section.findings(wild, trained, None)["study"]["finished"] == 0
    assert all(len(table.rows) for table in section.tables(wild, section.findings(wild, trained, None)))
