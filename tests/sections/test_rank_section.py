"""The section on ranks: claims that can come out in every way, and networks without matrices to speak of."""

import dataclasses

import numpy as np
import pytest
from planted import difference, outcomes, rate

from reportgen.experiment import Arm, Runs
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.statistics.rank import second_decay
from reportgen.training.network import Network

NUMBERS = dict.fromkeys(("second", "second_largest", "change", "change_largest", "below"), 0.5)
FIXED = {"negligible": 0.05, "harmless": 0.01, "harm": 0.1, "band": 0.003}


def world(l1=30, l2=30, free=30, decay="practically equal"):
    """Runs of 30 that end with one direction under L1 and L2, and that need more without a penalty."""
    one = {name: {"label": name, "one": rate(events), **NUMBERS} for name, events in (("l1", l1), ("l2", l2))}
    found = {"begin": 10, "end": 20, "alone": 0.1, "multiple": difference(decay)}
    return {**FIXED, **one, "free": {"needs": rate(free), **NUMBERS}, "decay": found}


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("l2-leaves-one-direction", [world(l2=30), world(l2=2), world(l2=16)]),
        ("without-a-penalty-directions-stay", [world(free=29), world(free=0), world(free=14)]),
        (
            "unused-directions-fade-at-the-rate-of-the-penalty",
            [world(decay=verdict) for verdict in ("practically equal", "better", "undecided")],
        ),
        ("l1-and-l2-end-with-one-direction", [world(), world(l1=0, l2=16), world(l1=16)]),
    ],
)
def test_each_claim_can_come_out_in_every_way(claim, worlds):
    assert outcomes("rank", claim, worlds) == ["supported", "not supported", "undecided"]


@pytest.mark.parametrize("hidden", [(), (5,), (5, 1)])
def test_a_network_without_matrices_of_more_than_one_direction_claims_nothing(compute, small_experiment, hidden):
    e = dataclasses.replace(small_experiment, network=Network(hidden=hidden), runs=Runs(count=1))

    found = compute("rank", e).result

    assert found.findings["matrices"] == 0
    assert {claim.outcome for claim in found.claims} == {None}
    assert (found.tables, found.headline) == ((), None)


def test_arms_are_asked_at_their_own_strength(compute, small_experiment):
    """An arm without a strength has no penalty, and collapsed runs have no direction."""
    arms = (
        Arm(name=small_experiment.sweep.arm, label="flat", penalty=L1(), strength=1000.0, step="proximal"),
        Arm(name="zero", penalty=L2(), strength=0.0),
        Arm(name="weak", label="weak", penalty=L2(), strength=0.01),
        Arm(name="none", penalty=NoPenalty()),
    )

    found = compute("rank", dataclasses.replace(small_experiment, arms=arms)).result.findings

    assert (found["l2"]["label"], found["free"]["name"]) == ("weak", "zero")
    assert (found["l1"]["runs"], found["l1"]["collapsed"]) == (0, small_experiment.runs.count)
    assert found["band"] == small_experiment.training.learning_rate * 1000.0


def test_decay_is_that_of_the_second_value_until_rounding_hides_it():
    class Recorded:
        def __init__(self, second):
            ends = np.ones((len(second), 1, 2)), np.ones((len(second), 2, 1))
            self.kernels = (ends[0], np.array([np.diag([2.0, value]) for value in second]), ends[1])

    assert second_decay(Recorded([1.0, np.exp(-3)]), 0, 1) == pytest.approx(3)
    assert np.isnan(second_decay(Recorded([1.0, 1e-7]), 0, 1))
