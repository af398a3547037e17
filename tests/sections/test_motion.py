"""What the section on animations says of weights that were planted."""

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.kinds.motion import Motion
from reportgen.training.trajectory import Trajectory
from reportgen.values import json_value

ARMS = (
    Arm(name="none"),
    Arm(name="one", label="L1", penalty=L1(), strength=0.2),
    Arm(name="two", label="L2", penalty=L2(), strength=0.3),
)
E = Experiment(arms=ARMS, runs=Runs(count=1))
(CLAIM,) = Motion.claims
SMALL, FEW = (0.5, 0.3), (2.0, 0.001)
"""Sizes of a tenth of the weights and of the others: all small, or few of them beyond η·λ of L1, which is 0.002."""


def ended(run, weights, diverged=None):
    """A trajectory that ends with every tenth weight at the first size, and others at the second."""
    kernels = [np.zeros((2, *shape), np.float32) for shape in run.shapes]
    for kernel in kernels:
        kernel[1].flat[:] = weights[1]
        kernel[1].flat[::10] = weights[0]
    biases = [np.zeros((2, o), np.float32) for _, o in run.shapes]
    steps = np.array([0, diverged or run.steps], np.int32)
    return Trajectory(run, steps, tuple(kernels), tuple(biases), None, None, diverged)


def found(l1, l2, diverged=None):
    planted = dict(zip(("none", "one", "two"), (SMALL, l1, l2), strict=True))
    trained = {
        run: ended(run, planted[arm.name], diverged if arm.name == "two" else None)
        for arm in ARMS
        for run in E.arm_runs(arm)
    }
    return Motion().findings(E, trained, None)


@pytest.mark.parametrize(
    ("outcome", "world"),
    [
        ("supported", found(FEW, SMALL)),
        ("not supported", found(SMALL, FEW)),
        ("undecided", found(FEW, SMALL, diverged=5)),
    ],
)
def test_the_claim_comes_out_as_the_weights_were_planted(outcome, world):
    told = decide(CLAIM, "motion", json_value(world), E)

    assert told.outcome == outcome
    assert told.sentence


def test_each_arm_has_its_own_threshold_and_two_that_are_compared_have_one():
    world = found((2.0, 0.0025), (0.5, 0.0025))
    arms = {arm["name"]: arm for arm in world["arms"]}

    assert [arms[name]["band"] for name in ("none", "one", "two")] == pytest.approx([0, 0.002, 0.003])
    assert [round(arms[name]["below"], 1) for name in ("none", "one", "two")] == [0, 0, 0.9]
    assert arms["one"]["close"] == arms["two"]["close"] == 0
    assert [arm["name"] for arm in world["ended"]] == ["one", "two"], "without a penalty there is no η·λ"
