"""What the section on animations states about weights that were planted."""

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.kinds.motion import Motion
from reportgen.sections.result import plain_findings
from reportgen.training.trajectory import Trajectory

ARMS = (
    Arm(name="none"),
    Arm(name="one", label="L1", penalty=L1(), strength=0.2),
    Arm(name="two", label="L2", penalty=L2(), strength=0.3),
)
(CLAIM,) = Motion.claims
SMALL, FEW = (0.5, 0.3), (2.0, 0.001)
"""Sizes of a tenth of the weights and of the others: all small, or few of them beyond η·λ of L1, which is 0.002."""


def ended(run, weights, diverged=None, bias=0.0):
    """A trajectory that ends with every tenth weight at the first size, and others at the second."""
    kernels = [np.zeros((2, *shape), np.float32) for shape in run.shapes]
    for kernel in kernels:
        kernel[1].flat[:] = weights[1]
        kernel[1].flat[::10] = weights[0]
    biases = [np.full((2, o), bias, np.float32) for _, o in run.shapes]
    steps = np.array([0, diverged or run.steps], np.int32)
    return Trajectory(run, steps, tuple(kernels), tuple(biases), None, None, diverged)


def found(l1, l2, diverged=None, biases=(0.0,), lost=()):
    """Findings of runs with these weights and biases; `lost` are indices of runs that diverged under L1."""
    e = Experiment(arms=ARMS, runs=Runs(count=len(biases)))
    planted = dict(zip(("none", "one", "two"), (SMALL, l1, l2), strict=True))
    after = {"none": None, "one": None, "two": diverged}
    trained = {
        run: ended(run, planted[arm.name], 5 if (arm.name == "one" and i in lost) else after[arm.name], biases[i])
        for arm in ARMS
        for i, run in enumerate(e.arm_runs(arm))
    }
    return Motion().findings(e, trained, None)


@pytest.mark.parametrize(
    ("outcome", "world"),
    [
        ("supported", found(FEW, SMALL)),
        ("not supported", found(SMALL, FEW)),
        ("undecided", found(FEW, SMALL, diverged=5)),
    ],
)
def test_the_claim_comes_out_as_the_weights_were_planted(outcome, world):
    told = decide(CLAIM, "motion", plain_findings(world), Experiment())

    assert told.outcome == outcome
    assert told.sentence


def test_each_arm_has_its_own_threshold_and_two_that_are_compared_have_one():
    world = found((2.0, 0.0025), (0.5, 0.0025))
    arms = {arm.name: arm for arm in world.arms}

    assert [arms[name].band for name in ("none", "one", "two")] == pytest.approx([0, 0.002, 0.003])
    assert [round(arms[name].below, 1) for name in ("none", "one", "two")] == [0, 0, 0.9]
    assert [end.close for end in world.pair] == [0, 0]


def test_the_run_that_is_shown_has_the_median_error_of_those_that_came_to_their_end():
    """Networks without weights of a size answer with their bias, so a bias far from the targets is a large error."""
    tiny = (1e-6, 1e-6)
    biases = (10.0, 500.0, 100.0)

    assert (found(tiny, tiny, biases=biases).run, found(tiny, tiny, biases=biases).ranked_under) == (3, "L1")
    assert found(tiny, tiny, biases=biases, lost=(1,)).run == 1
    assert found(tiny, tiny, biases=biases, lost=(0, 1, 2)).ranked_under is None
