"""Zero or nearly zero, in planted worlds."""

import pytest
from planted import difference, outcomes, rate

from reportgen.sections.kinds.zeros import Zeros

ALL = ["supported", "not supported", "undecided"]


def world(**changes):
    arm = {"zero": 0.3, "near": 0.9, "label": "L1", "runs": 30}
    return {
        **{"strength": 0.3, "own": True, "gradient": arm, "proximal": arm, "l2": arm, "margin": 1.0},
        **{"without": rate(30), "most": rate(30), "dense": rate(30), "small": rate(30)},
        "difference": difference("practically equal"),
        **changes,
    }


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("gradient-steps-miss-zero", [world(without=rate(n)) for n in (30, 2, 15)]),
        ("proximal-steps-reach-zero", [world(most=rate(n)) for n in (30, 2, 15)]),
        ("l1-makes-zeros-and-l2-small-weights", [world(small=rate(n)) for n in (30, 2, 15)]),
        (
            "exact-zeros-predict-as-well",
            [world(difference=difference(v)) for v in ("practically equal", "worse", "undecided")],
        ),
    ],
)
def test_a_claim_comes_out_as_its_world_is(claim, worlds):
    assert outcomes("zeros", claim, worlds) == ALL


def test_what_l2_does_is_not_told_without_it():
    (asked,) = [c for c in Zeros.claims if c.name == "l1-makes-zeros-and-l2-small-weights"]
    assert outcomes("zeros", asked.name, [world(dense=None)]) == [None]


def test_the_default_experiment_separates_the_two_steps(compute):
    found = compute("zeros").result.findings
    assert found["gradient"]["zero"] == 0
    assert found["proximal"]["zero"] > 0.5
    assert found["proximal"]["counts"] == sorted(found["proximal"]["counts"])
