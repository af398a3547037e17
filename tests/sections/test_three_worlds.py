"""Each claim of these sections in three planted worlds: one that supports it, one that refutes it, one that does not
decide.

Worlds are made of numbers that runs could have had, and pass through the statistics of the sections.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Experiment
from reportgen.sections import sections
from reportgen.sections.claims import attributes
from reportgen.sections.helpers import as_findings, rate_findings
from reportgen.sections.kinds import robustness, strength, subgradient
from reportgen.statistics.comparison import compare, compare_family
from reportgen.statistics.rates import compare_rates, rate_interval
from reportgen.values import json_value

E = Experiment()
RULE = E.comparison
NOISE = np.random.default_rng(5).normal(0, 1, 12)
"""The differences of twelve pairs."""
OUTCOMES = ("supported", "not supported", "undecided")


def outcomes(section, claim, worlds):
    (tested,) = [c for c in sections[section].claims if c.name == claim]
    decided = [decide(tested, section, json_value(world), E) for world in worlds]
    assert all(d.sentence for d in decided)
    return tuple(d.outcome for d in decided)


def difference(mean, scale=0.1, pairs=12, margin=1.0):
    """The findings about twelve or fewer pairs that differ by `mean` and some noise."""
    values = mean + scale * (NOISE - NOISE.mean())[:pairs]
    return as_findings(compare(values, np.zeros(pairs), margin, RULE))


def rate(count, of, **more):
    low, high = rate_interval(count, of, 0.95)
    return {"label": "L1", "strength": 0.3, "count": count, "of": of, "low": low, "high": high, **more}


COMMON = {"grid": [0, 3], "runs": 12, "equivalence": 1.0}


def swept(field, *found):
    """Sweeps of penalties of which this field was found."""
    return {**COMMON, "has_fit": True, "sweeps": {str(i): {"label": "L1", field: f} for i, f in enumerate(found)}}


def steps(collapsed_first, collapsed_second):
    """Twelve pairs of runs of which so many collapse earlier under L1 and under L2."""
    i = np.arange(12)
    first, second = i < collapsed_first, i >= 12 - collapsed_second
    rates = as_findings(compare_rates(first, second, RULE))
    return {
        **COMMON,
        "has_fit": True,
        "sooner": {"rates": rates, "same": 0, "neither": 12 - collapsed_first - collapsed_second},
    }


def cheap(most):
    theory = {"label": "L1", "most": most, "excess": None if most is None else most - 1}
    return {**COMMON, "theory": [theory, {**theory, "label": "L2"}]}


def ends(*counts, key="end"):
    return swept(key, *(rate(count, 12) for count in counts))


STRENGTH = {
    "larger-strengths-leave-less": [
        swept("counted", difference(-5, margin=0), difference(last, margin=0, **few))
        for last, few in [(-3, {}), (3, {}), (-3, {"pairs": 3})]
    ],
    "moderate-strengths-cost-no-error": [
        swept("cost", difference(0.0), difference(*last)) for last in [(0.2,), (5.0,), (1.0, 2.0)]
    ],
    "arms-keep-a-fit": [ends(0, 1, key="kept"), ends(0, 12, key="kept"), ends(0, 5, key="kept")],
    "every-penalty-can-collapse-the-fit": [ends(12, 11), ends(12, 1), ends(12, 7)],
    "l1-collapses-before-l2": [steps(10, 0), steps(1, 11), steps(5, 4)],
    "networks-as-cheap-as-can-be": [cheap(1.001), cheap(1.5), cheap(None)],
}


def zeros(sub=0.0, prox=0.9, below=0.9):
    return {"subgradient": {"zero": sub, "below": below}, "proximal": {"zero": prox}}


def band(shares, below=0.9):
    """Medians of weights, in units of the band, at several settings."""
    bands = [{"band": 0.1 * i, "median": 0.1 * i * s, "share": s, "below": below} for i, s in enumerate(shares, 1)]
    return {"tried": 3, "bands": bands}


def arrivals(sub, prox, of=12):
    counts = {"subgradient": sub, "proximal": prox}
    rates = {step: rate_findings(np.arange(of) < count, RULE) for step, count in counts.items()}
    return {"least_is_known": True, **{step: {"arrived": found} for step, found in rates.items()}}


SUBGRADIENT = {
    "subgradient-leaves-no-zeros": [zeros(), zeros(sub=0.3), zeros(sub=None)],
    "proximal-steps-give-zeros": [zeros(), zeros(prox=0.02), zeros(prox=None)],
    "the-band-is-as-wide-as-a-step": [band([0.5, 0.52, 0.48]), band([0.5, 1.5, 3.0]), band([0.5])],
    "l1-can-be-minimized": [arrivals(12, 11), arrivals(12, 0), arrivals(12, 7)],
    "both-steps-reach-one-cost": [
        {"way": 20.0, "cost_difference": difference(*d, margin=0.2)} for d in [(0.01, 0.02), (3.0,), (0.2, 1.0)]
    ],
    "zeros-cost-nothing": [
        {"compared_in_errors": False, "margin": 1.0, "difference": difference(*d)} for d in [(0.0,), (4.0,), (1.0, 2.0)]
    ],
}


def effects(loss=0.0, penalty=0.0, huber=0.0, scale=0.1):
    draws = {(a, b): 20 + scale * np.roll(NOISE, i) for i, (a, b) in enumerate(np.ndindex(3, 4))}
    errors = {
        (a, b): draws[i, j] + loss * (a == "squared") + huber * (a == "huber") + penalty * (b == "l1")
        for i, a in enumerate(robustness.RATES)
        for j, b in enumerate(robustness.PENALTIES)
    }
    clean = robustness._effects(E, robustness._by_loss(errors), robustness.LOSS_EFFECTS, 1.0)
    return {"by_loss": {"squared": 40.0, "absolute": 5.0}, "clean": clean, **robustness._main_effects(E, errors, 1.0)}


def mended(*means, scale=0.1):
    pairs = [(mean + scale * (NOISE - NOISE.mean()), np.zeros(12)) for mean in means]
    found = compare_family(pairs, 1.0, RULE)
    return {"mended": {str(i): {"label": "L1", **as_findings(d)} for i, d in enumerate(found)}}


ROBUSTNESS = {
    "the-loss-resists-outliers": [effects(loss=30), effects(), effects(loss=1, scale=8)],
    "the-penalty-resists-outliers": [effects(penalty=-9), effects(), effects(penalty=-1, scale=20)],
    "huber-resists-like-absolute": [effects(), effects(huber=9), effects(huber=1, scale=9)],
    "clean-data-need-no-robust-loss": [effects(), effects(loss=9), effects(loss=1, scale=9)],
    "no-penalty-mends-the-squared-loss": [mended(0, 3), mended(0, -9), mended(0, -1, scale=3)],
}
WORLDS = {"strength": STRENGTH, "subgradient": SUBGRADIENT, "robustness": ROBUSTNESS}


@pytest.mark.parametrize(("section", "claim"), [(s, c) for s, claims in WORLDS.items() for c in claims])
def test_a_claim_comes_out_as_its_world_is(section, claim):
    assert outcomes(section, claim, WORLDS[section][claim]) == OUTCOMES


@pytest.mark.parametrize("section", WORLDS)
def test_every_claim_has_its_worlds(section):
    assert {claim.name for claim in sections[section].claims} == {*WORLDS[section]}


def test_a_claim_is_not_made_of_what_is_not_there():
    nothing = {
        "strength": [
            ("moderate-strengths-cost-no-error", swept("cost", None)),
            ("arms-keep-a-fit", swept("kept", None)),
            ("every-penalty-can-collapse-the-fit", {"has_fit": False}),
            ("l1-collapses-before-l2", {"has_fit": True, "sooner": None}),
            ("networks-as-cheap-as-can-be", {"theory": []}),
        ],
        "subgradient": [
            ("the-band-is-as-wide-as-a-step", {"tried": 0}),
            ("zeros-cost-nothing", {"compared_in_errors": True}),
        ],
    }
    for section, cases in nothing.items():
        for claim, world in cases:
            (tested,) = [c for c in sections[section].claims if c.name == claim]
            assert tested.test(attributes(world)) is None, claim


def test_a_penalty_that_is_cheap_at_most_strengths_and_dear_at_one_is_not_calm():
    verdicts = ["", "", *["better"] * 2, "worse"]
    points = [SimpleNamespace(strength=λ, difference=SimpleNamespace(verdict=v)) for λ, v in enumerate(verdicts)]

    assert strength._calm_until(points) == 3
    assert strength._calm_until(points[:2]) is None


def test_a_run_that_leaves_the_band_shows_no_dead_weight():
    class Run:
        diverged = None
        steps = np.arange(4)

        def __init__(self, *weights):
            self.kernels = (np.array([weights] * 4, float).reshape(4, 1, -1),)

    assert subgradient._dead_weight([Run(2.0, 0.001), Run(2.0, 0.0)], 0.003) == 1
    assert subgradient._dead_weight([Run(2.0), Run(2.0)], 0.003) is None
