"""What is known about the default experiment, said by the claims of its own sections."""

import dataclasses
import re

import pytest

from reportgen.experiment import Comparison, Runs
from reportgen.experiment.file import parse, shipped

OUTCOMES = {
    "sparsity": {
        "l1-leaves-weights-at-zero": "supported",
        "l2-makes-weights-small": "supported",
        # Ten runs do not decide "dead-units-jump-at-the-band"; the jump is tested below.
        "exact-zeros-need-no-threshold": "supported",
    },
    "subgradient": {
        "subgradient-leaves-no-zeros": "supported",
        "proximal-steps-give-zeros": "supported",
        "the-band-is-as-wide-as-a-step": "supported",
        "l1-can-be-minimized": "supported",
    },
    "rank": {
        "l2-leaves-one-direction": "supported",
        "without-a-penalty-directions-stay": "supported",
        "unused-directions-fade-at-the-rate-of-the-penalty": "supported",
        "l1-and-l2-end-with-one-direction": "supported",
    },
    "adjusted": {
        "dead-units-can-go": "supported",
        "published-totals-tell": "undecided",
        "adjusting-helps": "not supported",
        "adjusting-helps-l2": "not supported",
        "fewer-than-by-eye": "supported",
    },
    "smaller": {"training-on": "supported"},
    "zeros": {
        "gradient-steps-miss-zero": "supported",
        "proximal-steps-reach-zero": "supported",
        "l1-makes-zeros-and-l2-small-weights": "supported",
        "exact-zeros-predict-as-well": "supported",
    },
    "overfitting": {
        "test-error-falls-and-rises": "supported",
        "silhouette-finds-the-clusters": "supported",
    },
    "penalties": {
        "corners-give-zeros": "supported",
        "training-finds-ridge": "supported",
        "proximal-steps-find-the-lasso": "supported",
        "both-find-the-same-zeros": "supported",
    },
}
AT_A_CONSTANT_RATE = {"errors": {"last-steps-jitter": "supported", "l2-predicts-better-than-l1": "not supported"}}


@pytest.fixture(scope="module")
def told(compute):
    """A function that computes a section of the default experiment, or of another that is shipped.

    It has as many runs as make the pictures clear, and as many steps as the experiment has.
    """

    def told(name, file=None):
        e = parse(shipped(file) if file else shipped())
        return compute(name, dataclasses.replace(e, runs=Runs(count=10), comparison=Comparison(resamples=1000))).result

    return told


def test_the_default_experiment_says(told):
    for section, outcomes in OUTCOMES.items():
        assert {c.name: c.outcome for c in told(section).claims if c.name in outcomes} == outcomes, section


def test_the_post_of_2018_run_again_says(told):
    for section, outcomes in AT_A_CONSTANT_RATE.items():
        found = told(section, "the-2018-post-run-again").claims
        assert {c.name: c.outcome for c in found if c.name in outcomes} == outcomes, section


def test_two_kinds_of_step_are_compared_in_one_family_only(told):
    steps, errors = told("subgradient").findings, told("errors").findings
    (pair,) = [p for p in errors["pairs"] if set(p["names"]) == {"l1", "l1-gradient"}]

    sign = 1 if pair["names"] == ["l1", "l1-gradient"] else -1
    assert steps["difference"]["estimate"] == pytest.approx(sign * pair["difference"]["estimate"])
    assert steps["compared_in_errors"]


def test_dead_units_jump_from_a_few_to_nine_of_ten(told):
    """The layers beside the ends differ: in the middle one no unit is dead until the threshold is there."""
    dead = told("sparsity", "the-2018-post-run-again").tables[-1]
    found = told("sparsity", "the-2018-post-run-again").findings["l1_gradient"]["dead"]
    quarter, at = ([float(n) for n in re.findall(r"[\d.]+", found[name])] for name in ("quarter", "band"))

    assert dead.rows
    assert max(quarter) < 4
    assert min(at) > 8.5


def test_rank_one_changes_nothing_under_l2_and_everything_without_a_penalty(told):
    found = told("rank").findings

    assert found["l2"]["change_largest"] < 1e-4
    assert 5 < found["free"]["change"] < 30


def test_eight_parameters_do_under_l1_and_those_of_the_author_change_nothing(told):
    found = told("adjusted").findings

    assert found["studied"]["parameters"] == 8
    assert found["studied"]["change"] < 1e-9
    assert abs(found["post"]["kinds"]["l1"]["difference"]["estimate"]) < 0.3


def test_the_lasso_of_scikit_learn_is_met_to_a_ten_thousandth(told):
    found = told("penalties").findings

    assert found["lasso"]["difference"] < 1e-4
    assert found["ridge"]["difference"] < 1e-5
