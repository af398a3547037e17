"""Prediction at a chosen λ, in planted worlds."""

import numpy as np
import pytest
from planted import difference, outcomes

from reportgen.experiment import Comparison, Experiment, Runs
from reportgen.sections.kinds import prediction

ALL = ["supported", "not supported", "undecided"]


def task(l1="better", l2="better", between="better"):
    tuned = {kind: {"against_none": difference(v), "label": kind} for kind, v in (("l1", l1), ("l2", l2))}
    return {"choosing": 10, "judging": 20, "tuned": tuned, "l1_against_l2": difference(between)}


def world(own=None, complex_=None, variant="better"):
    variants = [{"difference": difference("practically equal")}, {"difference": difference(variant)}]
    return {
        "own": task(**(own or {})),
        "complex": task(**(complex_ or {})),
        "variants": variants,
        "linear": True,
        "inputs": 20,
        "relevant": 6,
    }


NONE_HELPS = {"l1": "worse", "l2": "practically equal"}
PERHAPS = {"l1": "undecided", "l2": "worse"}


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("regularization-helps-this-network", [world(), world(NONE_HELPS), world(PERHAPS)]),
        (
            "l2-beats-l1-at-its-own-strength",
            [world({"between": v}) for v in ("worse", "practically equal", "undecided")],
        ),
        ("regularization-helps-a-network-that-overfits", [world(None, w) for w in ({}, NONE_HELPS, PERHAPS)]),
        (
            "l1-helps-more-where-few-inputs-count",
            [world(None, {"between": v}) for v in ("better", "worse", "undecided")],
        ),
        ("settings-change-the-verdict", [world(variant=v) for v in ("better", "practically equal", "undecided")]),
    ],
)
def test_a_claim_comes_out_as_its_world_is(claim, worlds):
    assert outcomes("prediction", claim, worlds) == ALL


def test_the_draws_that_choose_a_strength_do_not_judge_it(monkeypatch):
    """A λ that does best on the first third only is chosen, and does not look good on the others."""
    e = Experiment(runs=Runs(count=30), comparison=Comparison(resamples=500))
    run = prediction._own(e)

    def errors(trained, runs):
        lucky = runs[0].strength == prediction._grid(e, run, "l1")[0]
        noise = np.random.default_rng(int(1e6 * runs[0].strength)).normal(1, 0.02, 30)
        return noise - 0.9 * lucky * (np.arange(30) < 10)

    monkeypatch.setattr(prediction, "_errors", errors)
    monkeypatch.setattr(prediction, "_zeros", lambda trained, runs: 0.5)
    found = prediction._judge(e, {}, run, "own", "this")

    assert (found.choosing, found.judging) == (10, 20)
    assert found.tuned["l1"].strength == prediction._grid(e, run, "l1")[0]
    assert found.tuned["l1"].error == pytest.approx(1, abs=0.02)
    assert found.tuned["l1"].against_none["verdict"] == "practically equal"
