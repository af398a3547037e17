"""The dial of λ: which run it shows, what it compares, and what its claims come to in planted worlds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from planted import difference, outcomes, rate

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.claims import attributes
from reportgen.sections.kinds import dial
from reportgen.training.compiled import train
from reportgen.training.run import Training

ARMS = (
    Arm(name="none"),
    Arm(name="l1", penalty=L1(), strength=0.3, step="proximal"),
    Arm(name="l2", penalty=L2(), strength=0.3),
)
QUICK = Experiment(arms=ARMS, training=Training(epochs=3, schedule="linear"), runs=Runs(count=2))


def findings(e: Experiment) -> dial.DialFindings:
    section = dial.Dial()
    runs = list(section.runs(e))
    trained = dict(zip(runs, train(runs), strict=True))
    found = section.findings(e, trained, None)
    assert bool(list(section.media(e, trained, None, found))) == (found.shown is not None)
    return found


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        (
            "zeros-come-before-the-collapse",
            *({"has_fit": True, "zeros": {"l1": a, "l2": b}} for a, b in [(0.97, 0.0), (0.0, 0.0), (0.3, 0.0)]),
        ),
        (
            "the-arms-strengths-cost-no-error",
            *(
                {"has_fit": True, "costs": [{"label": "L1", "strength": 0.3, **difference(verdict)}]}
                for verdict in ("practically equal", "worse", "undecided")
            ),
        ),
        (
            "the-dial-ends-in-collapse",
            *(
                {
                    "has_fit": True,
                    "grid": [0.0, 5.0],
                    "ends": [{"label": "L1", "count": 30, **rate(events)}],
                    "sweeps": {"l1": {"label": "L1", "collapse": {"by": 2.0}}},
                }
                for events in (30, 0, 15)
            ),
        ),
        (
            "sums-are-near-the-least",
            *({"near": 0.02, "theory": [{"most": most}]} for most in (1.01, 1.1, float("nan"))),
        ),
    ],
)
def test_every_claim_comes_out_as_its_world_was_planted(
    claim: str, supported: Any, refuted: Any, undecided: Any
) -> None:
    assert outcomes("dial", claim, [supported, refuted, undecided]) == ["supported", "not supported", "undecided"]


def test_a_claim_about_a_fit_does_not_apply_where_there_is_none() -> None:
    world = attributes({"has_fit": False, "zeros": {"l1": 1.0, "l2": 0.0}, "costs": [], "ends": [], "theory": []})
    assert [claim.test(world) for claim in dial.Dial.claims] == [None] * 4


def test_the_run_in_the_drawings_is_the_middle_one_by_mean_rank() -> None:
    assert dial._middle_run([np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 20.0])]) == 2
    # One large error does not decide, a rank does.
    assert dial._middle_run([np.array([1.0, 2.0, 900.0]), np.array([1.0, 2.0, 3.0])]) == 1
    # Of two in the middle the better one; a run that diverged somewhere is not drawn.
    assert dial._middle_run([np.array([4.0, 1.0, 3.0, 2.0])]) == 3
    assert dial._middle_run([np.array([1.0, np.inf, 2.0]), np.array([np.inf, 1.0, 2.0])]) == 2
    assert dial._middle_run([np.array([np.inf, np.inf])]) is None


def test_runs_of_arms_that_come_to_rest_are_not_trained_again() -> None:
    own = set(QUICK.arm_runs(ARMS[1])) | set(QUICK.arm_runs(ARMS[2]))
    runs = set(dial.Dial().runs(QUICK))
    assert own <= runs
    assert len(runs) == 2 * (1 + 2 * len(dial.GRID))

    constant = dataclasses.replace(QUICK, training=dataclasses.replace(QUICK.training, schedule="constant"))
    assert {run.training.schedule for run in dial.Dial().runs(constant)} == {"linear"}


def test_every_lambda_has_a_drawing_and_a_count_of_the_run_shown() -> None:
    found = findings(QUICK)
    assert found.grid[found.place] == 0.3
    assert {"l1", "l2"} == {*found.sweeps}
    for part in found.sweeps.values():
        assert [point.strength for point in part.points] == found.grid
        assert part.drawn
        assert part.drawn["steps"] == list(range(len(found.grid)))
        assert len(part.run_zeros) == len(part.run_errors) == len(found.grid)
    assert found.sweeps["l1"].run_zeros[0] == 0
    assert found.sweeps["l1"].run_zeros[-1] > 0


def test_other_data_have_no_theory_and_no_line() -> None:
    found = findings(dataclasses.replace(QUICK, data=SparseLinear(samples=20, test_samples=5)))
    assert found.theory == []
    assert all(part.drawn is None or part.drawn["samples"] is None for part in found.sweeps.values())
