"""The figure that the text moves, and the run that it shows, in planted worlds."""

import dataclasses
import json

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.page.results import json_bytes
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections import sections
from reportgen.sections.kinds.opening import Opening
from reportgen.sections.kinds.watch import Watch
from reportgen.sections.result import plain_findings
from reportgen.sections.shown_runs import median_run, ranked_runs, shown_runs
from reportgen.training.network import Network
from reportgen.training.run import Training
from reportgen.training.trajectory import Trajectory

PROXIMAL = Arm(name="l1", label="L1", penalty=L1(), strength=0.3, step="proximal")
GRADIENT = Arm(name="l1-gradient", label="L1 by plain gradient", penalty=L1(), strength=0.3, step="subgradient")
RIDGE = Arm(name="l2", label="L2", penalty=L2(), strength=0.3, step="subgradient")
E = Experiment(
    network=Network(hidden=(4, 4)),
    training=Training(schedule="linear"),
    arms=(GRADIENT, PROXIMAL, RIDGE),
    runs=Runs(count=4),
)
RECORDS = 41
NAMES = [claim.name for claim in Watch.claims]


def path(slope=2.0):
    """Kernels of a network with one path."""
    kernels = [np.zeros((1, 4)), np.zeros((4, 4)), np.zeros((4, 1))]
    kernels[0][0, 1], kernels[1][1, 2], kernels[2][2, 0] = slope, 1.0, 1.0
    return kernels


def stripes(slope=2.0):
    """Kernels of rank one, spread over all units."""
    return [np.full((1, 4), slope / 4), np.full((4, 4), 0.5), np.full((4, 1), 0.5)]


def dense(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 1, shape) for shape in ((1, 4), (4, 4), (4, 1))]


def trajectory(run, kernels, intercept=1.0, noise=0.0, diverged=None):
    """A training that stands at `kernels`, weights of zero trembling by `noise`, with this intercept."""
    rng = np.random.default_rng(0)
    moving = [np.where(w == 0, noise * rng.uniform(-1, 1, (RECORDS, *w.shape)), w).astype(np.float32) for w in kernels]
    biases = [np.zeros((RECORDS, w.shape[1]), np.float32) for w in kernels]
    biases[-1][:] = intercept
    steps = np.linspace(0, run.steps, RECORDS).astype(np.int32)
    return Trajectory(run, steps, tuple(moving), tuple(biases), None, None, diverged)


def world(l1, gradient, l2, noise=0.0, e=E):
    """The trajectories of all runs; run i is i further from the data, under every arm."""
    kernels = {"l1": l1, "l1-gradient": gradient, "l2": l2}
    return {
        run: trajectory(run, kernels[arm.name], 1.0 + i, noise if arm.name == "l1-gradient" else 0.0)
        for arm in e.arms
        for i, run in enumerate(e.arm_runs(arm))
    }


def outcomes(trained, e=E):
    findings = json.loads(json_bytes(plain_findings(Watch().findings(e, trained, None))))
    return {claim.name: decide(claim, "watch", findings, e) for claim in sections["watch"].claims}


def test_what_the_textbook_says_is_supported_where_it_holds():
    told = outcomes(world(path(), path(), stripes(), noise=0.001))

    assert {name: told[name].outcome for name in NAMES} == {
        "one-path-is-left": "supported",
        "l2-makes-stripes": "supported",
        "both-fit-the-same-line": "supported",
        "gradient-trembles": "supported",
        "most-can-be-cut": "supported",
        "one-of-both-predicts-better": "undecided",  # four pairs decide nothing
    }
    assert "6 of 33 parameters remain under L1" in told["most-can-be-cut"].sentence


def test_the_headline_is_printed_only_where_every_run_bears_it_out():
    def headline(*kernels):
        trained = world(*kernels)
        return Watch().headline(E, Watch().findings(E, trained, None))

    assert headline(path(), path(), stripes()).startswith("L1 makes most weights")
    assert headline(dense(), path(), stripes()) is None
    assert headline(path(), path(), path()) is None
    one_off = world(path(), path(), stripes())
    one_off[E.arm_runs(PROXIMAL)[2]] = trajectory(E.arm_runs(PROXIMAL)[2], dense())
    assert Watch().headline(E, Watch().findings(E, one_off, None)) is None


def test_what_the_textbook_says_is_refuted_where_it_does_not_hold():
    told = outcomes(world(dense(), path(), dense(1)))

    assert {name: told[name].outcome for name in NAMES[:5]} == dict.fromkeys(NAMES[:5], "not supported")


@pytest.mark.parametrize(
    ("arms", "silent"), [((PROXIMAL, RIDGE), "gradient-trembles"), ((GRADIENT, RIDGE), "gradient-trembles")]
)
def test_a_step_without_its_arms_is_left_out(arms, silent):
    e = dataclasses.replace(E, arms=arms)
    assert outcomes(world(path(), path(), stripes(), e=e), e)[silent].outcome is None


def test_many_pairs_decide_which_predicts_better():
    e = dataclasses.replace(E, arms=(PROXIMAL, RIDGE), runs=Runs(count=20))
    name = "one-of-both-predicts-better"
    assert outcomes(world(path(), None, stripes(), e=e), e)[name].outcome == "not supported"
    worse = {
        run: dataclasses.replace(t, biases=(*t.biases[:-1], t.biases[-1] + 5))
        for run, t in world(path(), None, stripes(), e=e).items()
        if run.penalty == L2()
    }
    told = outcomes(world(path(), None, stripes(), e=e) | worse, e)[name]
    assert told.outcome == "supported"
    assert told.sentence.startswith("L1 does")


def test_without_l1_or_l2_there_is_nothing_to_watch():
    for arms in ((PROXIMAL,), (RIDGE,)):
        e = dataclasses.replace(E, arms=arms)
        trained = world(path(), path(), stripes(), e=e)
        assert {result.outcome for result in outcomes(trained, e).values()} == {None}
        assert Opening().findings(e, trained, None).hero is None


def test_the_run_shown_is_the_median_of_those_that_came_to_their_end():
    trained = world(path(), path(), stripes())
    ranked = ranked_runs(E, trained, PROXIMAL, RIDGE)
    order = [one.index for one in ranked]
    assert sorted(order) == [0, 1, 2, 3]
    assert [one.rank for one in ranked] == [1, 2, 3, 4]
    middle = median_run(ranked)
    assert middle is not None
    assert (middle.rank, middle.label) == (2, f"run {order[1] + 1}: 2nd of 4")
    assert Watch().findings(E, trained, None).run == middle.index + 1
    assert [one.index for one in shown_runs(ranked)] == [order[1], order[0], order[2], order[3]]

    gone = E.arm_runs(RIDGE)[order[0]]
    trained[gone] = dataclasses.replace(trained[gone], diverged=7)
    assert [one.index for one in ranked_runs(E, trained, PROXIMAL, RIDGE)] == order[1:]
    assert Watch().findings(E, trained, None).ranked == 3
    trained |= {run: dataclasses.replace(trained[run], diverged=7) for run in E.arm_runs(RIDGE)}
    assert not Watch().findings(E, trained, None).possible


@pytest.mark.parametrize(
    "changes",
    [
        {"network": Network(hidden=(4, 40))},
        {"training": Training(optimizer="adam")},
        {"training": Training(batch_size=2)},
        {"network": Network(hidden=(4, 4), dropout=0.5)},
    ],
)
def test_what_the_page_cannot_repeat_has_stills_alone(changes):
    e = dataclasses.replace(E, **changes)
    assert not Opening().runs(e)
    arms = [dataclasses.replace(arm, step="subgradient") for arm in (PROXIMAL, RIDGE)]
    assert len(list(Watch().runs(dataclasses.replace(e, arms=tuple(arms))))) == 8
