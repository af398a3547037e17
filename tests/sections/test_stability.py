"""The section on stability: claims in planted worlds, and experiments unlike the default one."""

import dataclasses

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.kinds.stability import ENDINGS, INITS, ORDERS, Stability, measure
from reportgen.sections.result import plain_findings
from reportgen.training.run import Training

E = Experiment(arms=(Arm(name="none"), Arm(name="l1", penalty=L1(), strength=0.3)))
NAMES = [claim.name for claim in Stability.claims]
QUIET = {"data": 25.0, "order": 0.2, "init": 0.01, "both": 0.1, "last": 0.2}
LOUD = {"data": 25.0, "order": 1.0, "init": 0.1, "both": 1.0, "last": 150.0}
USUAL = {
    "constant": (20.0, LOUD),
    "averaged": (12.0, {**QUIET, "order": 8.0, "last": 0.0}),
    "reshuffled": (20.0, LOUD),
    "decayed": (9.0, QUIET),
}
"""The mean error and the variances of each ending, as the default experiment has them."""


def world(draws=10, e=E, seed=0, **changed):
    """Findings of errors [arms, draws, orders, inits, steps] with planted means and variances, as `results.json` holds
    them; all endings share the draws of the data."""
    rng, errors = np.random.default_rng(seed), {}
    data = rng.normal(size=(1, draws, 1, 1, 1))
    for name, (mean, variances) in {**USUAL, **changed}.items():
        sizes = {"order": (ORDERS, 1, 1), "init": (1, INITS, 1), "both": (ORDERS, INITS, 1)}
        sizes["last"] = (ORDERS, INITS, 1 if name == "averaged" else 20)
        parts = [rng.normal(size=(2, draws, *size)) * variances[part] ** 0.5 for part, size in sizes.items()]
        errors[name] = mean + data * variances["data"] ** 0.5 + sum(parts)
    return plain_findings(measure(e, errors))


def decided(name, findings, e=E):
    return decide(next(claim for claim in Stability.claims if claim.name == name), "stability", findings, e)


NOISY = {"data": 25.0, "order": 40.0, "init": 0.1, "both": 40.0, "last": 150.0}
PLANTED = {
    "results-depend-on-the-schedule": {
        "supported": {},
        "not supported": {"draws": 60, "decayed": (20.0, {**LOUD, "order": 1.1})},
        "undecided": {"decayed": (20.0, {**LOUD, "last": 110.0})},
    },
    "decay-lowers-the-error": {
        "supported": {},
        "not supported": {"draws": 60, "decayed": (23.0, QUIET)},
        "undecided": {"decayed": (19.0, QUIET)},
    },
    "averaging-does-as-well-as-decay": {
        "supported": {"averaged": (9.0, {**QUIET, "order": 0.1, "both": 0.05, "last": 0.0})},
        "not supported": {},
        "undecided": {"averaged": (9.0, {**QUIET, "order": 0.5, "last": 0.0})},
    },
    "reshuffling-alone-does-not-settle": {
        "supported": {},
        "not supported": {"reshuffled": (20.0, QUIET)},
        "undecided": {"reshuffled": (20.0, {**LOUD, "last": 36.0})},
    },
    "the-last-iterate-dominates": {
        "supported": {},
        "not supported": {"constant": (20.0, {**LOUD, "last": 2.0})},
        "undecided": {"constant": (20.0, {**LOUD, "last": 30.0})},
    },
    "initial-weights-hardly-matter": {
        "supported": {},
        "not supported": {"draws": 30, "constant": (20.0, {**LOUD, "init": 400.0})},
        "undecided": {"constant": (20.0, {**LOUD, "init": 20.0})},
    },
    "what-remains-is-the-data": {
        "supported": {},
        "not supported": {"decayed": (9.0, {**QUIET, "last": 400.0})},
        "undecided": {"decayed": (9.0, {**QUIET, "last": 25.0})},
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_has_a_world_for_each_of_its_outcomes(name):
    sentences = set()
    for outcome, planted in PLANTED[name].items():
        result = decided(name, world(**planted))
        assert result.outcome == outcome, result.sentence
        assert "–" not in result.sentence, "a number is missing"
        sentences.add(result.sentence.partition(":")[0])

    assert len(sentences) == 3


def test_an_interval_beyond_the_margin_with_too_few_draws_says_why_it_decides_nothing():
    far = decided("decay-lowers-the-error", world(draws=4, decayed=(-90.0, QUIET)))
    near = decided("decay-lowers-the-error", world(decayed=(19.0, QUIET)))
    assert (far.outcome, near.outcome) == ("undecided", "undecided")
    assert far.sentence.endswith(": so few pairs decide nothing.")
    assert near.sentence.endswith(": the interval reaches across an edge of the margin.")


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_few_draws_carry_no_verdict(draws):
    """Whatever they look like, and each sentence says why or gives its numbers."""
    for planted in ({}, *(worlds["not supported"] for worlds in PLANTED.values())):
        findings = world(**{**planted, "draws": draws})
        assert {decided(name, findings).outcome for name in NAMES} == {"undecided"}
        assert findings["refusal"] == f"every run ended on {draws} of {draws} draws of the data, and it takes 4"
        assert not any("–" in decided(name, findings).sentence for name in NAMES)


def test_errors_that_do_not_differ_make_no_headline():
    errors = {name: np.full((2, 10, ORDERS, INITS, 5), np.nan) for name in ENDINGS}

    assert Stability().headline(E, measure(E, errors)) is None


@pytest.mark.parametrize("ending", ["constant", "decayed"])
def test_shares_of_exactly_a_half_are_rarely_called_most_or_less(ending):
    """At most one world in twenty is decided, where no decision is right."""
    name, source = {
        "constant": ("the-last-iterate-dominates", "last"),
        "decayed": ("what-remains-is-the-data", "data"),
    }[ending]
    halves = {"data": 25.0, "order": 10.0, "init": 5.0, "both": 5.0, "last": 5.0}
    half = {**halves, source: sum(halves.values()) - halves[source]}
    outcomes = [decided(name, world(seed=seed, **{ending: (9.0, half)})).outcome for seed in range(40)]

    assert outcomes.count("undecided") >= 38


def test_a_draw_with_a_diverged_run_counts_for_nothing():
    rng = np.random.default_rng(0)
    errors = {name: rng.normal(size=(2, 6, ORDERS, INITS, 1 if name == "averaged" else 5)) for name in ENDINGS}
    without = {name: np.delete(values, 4, axis=1) for name, values in errors.items()}
    errors["decayed"][1, 4, 2, 1] = np.nan
    lost, kept = measure(E, errors), measure(E, without)

    assert lost.draws_used == 5
    assert lost.endings == kept.endings


def test_arms_are_the_first_of_each_kind_at_a_strength_of_their_own():
    arms = {
        "mild": Arm(name="mild", penalty=L1(), strength=0.1, step="proximal"),
        "hard": Arm(name="hard", penalty=L1(), strength=5.0),
        "off": Arm(name="off", penalty=L2()),
        "ridge": Arm(name="ridge", penalty=L2(), strength=0.02),
        "none": Arm(name="none"),
        "net": Arm(name="net", penalty=ElasticNet(), strength=0.3),
        "groups": Arm(name="groups", penalty=GroupLasso(), strength=0.4, step="proximal"),
    }
    for chosen, expected in [
        (["groups"], ["groups"]),
        (["off"], ["off"]),
        (["off", "none"], ["off"]),
        (["hard", "mild", "net"], ["hard", "net"]),
        (["none", "mild", "hard", "ridge", "groups"], ["none", "mild", "ridge"]),
    ]:
        e = dataclasses.replace(E, arms=tuple(arms[name] for name in chosen))
        runs = Stability().runs(e)
        assert list(dict.fromkeys((r.penalty, r.strength, r.step) for r in runs)) == [
            (arms[name].penalty, arms[name].strength, arms[name].step) for name in expected
        ]


@pytest.mark.parametrize("fresh", [False, True])
def test_draws_of_the_data_share_no_order_and_no_initial_weights(fresh):
    runs = Stability().runs(dataclasses.replace(E, fresh_data=fresh, data_seed=5))
    by_draw = {seed: [run for run in runs if run.data_seed == seed] for seed in {run.data_seed for run in runs}}

    assert set(by_draw) == set(range(5, 15))
    for seed in ("order_seed", "init_seed"):
        own = [{getattr(run, seed) for run in of_draw} for of_draw in by_draw.values()]
        assert len(set.union(*own)) == sum(map(len, own))


def test_an_epoch_of_one_step_has_no_last_iterate_to_speak_of():
    e = dataclasses.replace(E, training=Training(batch_size=40))
    rng = np.random.default_rng(1)
    data = rng.normal(size=(1, 10, 1, 1, 1))
    errors = {name: 9 + 5 * data + rng.normal(scale=0.1, size=(2, 10, ORDERS, INITS, 1)) for name in ENDINGS}
    findings = plain_findings(measure(e, errors))
    outcomes = {name: decided(name, findings, e).outcome for name in NAMES}

    assert findings["refusal"] == ""
    assert findings["endings"]["constant"]["shares"]["last"]["estimate"] == 0
    assert outcomes["the-last-iterate-dominates"] is None
    assert outcomes["averaging-does-as-well-as-decay"] is None
    assert outcomes["initial-weights-hardly-matter"] == "supported"


def test_runs_that_never_differ_are_told_as_such():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(1, 10, 1, 1, 1))
    errors = {name: np.broadcast_to(9 + data, (2, 10, ORDERS, INITS, 5)) for name in ENDINGS}
    findings = plain_findings(measure(E, errors))
    told = decided("reshuffling-alone-does-not-settle", findings)

    assert told.outcome == "undecided"
    assert told.sentence.endswith("is undecided: the errors of runs on one draw of the data do not differ.")


def test_the_statement_of_the_post_stands_beside_its_own_experiment_only():
    other = dataclasses.replace(E, training=Training(learning_rate=0.02))
    told = [decided("results-depend-on-the-schedule", world(), e).post for e in (E, other)]

    assert told == ["The results depend on the learning rate.", ""]
