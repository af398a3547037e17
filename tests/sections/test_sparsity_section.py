"""What the section on zeros says of planted weights."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Comparison, Experiment, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections import helpers
from reportgen.sections.kinds import sparsity
from reportgen.sections.kinds.sparsity import Rest, Sparsity
from reportgen.sections.result import plain_findings
from reportgen.training.network import Network

RUNS = 12
E = Experiment(
    network=Network(hidden=(10,)),
    runs=Runs(count=RUNS),
    comparison=Comparison(resamples=1000),
    arms=(
        Arm(name="free"),
        Arm(name="weak", penalty=L1(), strength=0.3),
        Arm(name="exact", penalty=L1(), strength=0.1, step="proximal"),
        Arm(name="ridge", penalty=L2(), strength=0.2),
    ),
)
BAND = 0.01 * 0.3


def weights(dead, size, others=1.0):
    """Kernels of a network, the weights of `dead` of whose ten units are `size`, and the others `others`."""
    alive = np.arange(10) >= dead
    return [np.where(alive, others, size)[None, :], np.where(alive, others, size)[:, None]]


def findings(e=E, **planted):
    """Of a world in which the arms end like this: (dead, size, others), the same in all runs or one for each."""
    ends = {"free": (0, 0), "weak": (9, BAND / 2), "exact": (9, 0.0), "ridge": (8, 0.05), **planted}
    trained = {}
    for arm in e.arms:
        for i, run in enumerate(e.arm_runs(arm)):
            each = ends[arm.name]
            kernels = weights(*(each[i] if isinstance(each, list) else each))
            trained[run] = SimpleNamespace(diverged=None, at=lambda _, kernels=kernels: (kernels, []))
        for nudge in helpers.NUDGES:  # twins end like the runs
            twins = zip(helpers.nudged_runs(e, arm, nudge), e.arm_runs(arm), strict=True)
            trained |= {twin: trained[run] for twin, run in twins}
    for run in Sparsity().runs(e):
        at_rest = SimpleNamespace(diverged=None, at=lambda _: (weights(9, 0.0), []))
        at_rest.steps, at_rest.kernels = (
            np.array([0, run.steps - 500, run.steps]),
            [np.stack([w, *[weights(run.init_seed % 2, 0.0)[i]], w]) for i, w in enumerate(weights(9, 0.0))],
        )
        trained.setdefault(run, at_rest)
    return Sparsity().findings(e, trained, None)


def mixed(first, second):
    """One end in half of the runs, the other in the others."""
    return [first, second] * (RUNS // 2)


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        ("l1-leaves-weights-at-zero", {}, {"exact": (9, 2 * BAND)}, {"exact": mixed((9, 0.0), (0, 0.0))}),
        ("l2-makes-weights-small", {}, {"ridge": (2, 0.05)}, {"ridge": mixed((9, 0.05), (0, 0.05))}),
        ("l2-makes-weights-small", {"free": (7, 0.05)}, {"free": (8, 0.05)}, {"free": mixed((10, 0.0), (5, 0.0))}),
        ("dead-units-jump-at-the-band", {}, {"weak": (9, BAND / 8)}, {"weak": mixed((9, BAND / 2), (1, BAND / 2))}),
        ("dead-units-jump-at-the-band", {}, {"weak": (6, BAND / 2, 3 * BAND)}, {"weak": mixed((7, BAND), (4, BAND))}),
        ("dead-units-jump-at-the-band", {}, {"weak": (0, 0)}, {"weak": mixed((9, BAND / 2), (6, BAND / 2, 3 * BAND))}),
        ("exact-zeros-need-no-threshold", {}, {"exact": (9, 0.0005)}, {"exact": mixed((9, 0), (1, 0.0005))}),
    ],
)
def test_what_is_planted_is_what_is_said(claim, supported, refuted, undecided):
    (asked,) = [c for c in Sparsity.claims if c.name == claim]
    told = [
        decide(asked, "sparsity", plain_findings(findings(**planted)), E) for planted in (supported, refuted, undecided)
    ]

    assert [one.outcome for one in told] == ["supported", "not supported", "undecided"]
    assert all(one.sentence and "None" not in one.sentence and ": ." not in one.sentence for one in told)


def test_zero_is_zero_and_every_arm_has_the_threshold_of_its_own_strength():
    found = {arm.name: arm for arm in findings(exact=(4, 1e-12)).arms}

    assert {name: arm.threshold for name, arm in found.items()} == {
        "free": None,
        "weak": pytest.approx(0.003),
        "exact": pytest.approx(0.001),
        "ridge": pytest.approx(0.002),
    }
    assert found["exact"].zero == 0
    assert [layer.exactly for layer in found["exact"].layers] == [0]
    assert found["exact"].below == pytest.approx(0.4)
    assert found["weak"].below == pytest.approx(0.9)
    assert np.isnan(found["free"].below)


def test_without_runs_that_came_to_their_end_nothing_is_counted():
    trained = {run: SimpleNamespace(diverged=3) for run in Sparsity().runs(E)}
    found = Sparsity().findings(E, trained, None)

    for claim in Sparsity.claims[:2]:
        told = decide(claim, "sparsity", plain_findings(found), E)
        assert told.outcome == "undecided"
        assert told.sentence.startswith("No run under")


def test_zeros_are_counted_at_rest_where_steps_can_make_them():
    found = {arm.name: arm.rest for arm in findings().arms}
    runs = [run for run in Sparsity().runs(E) if run.training.full_batch_steps]

    assert {name for name, rest in found.items() if rest} == {"exact"}
    assert found["exact"] == Rest(runs=RUNS, zero=pytest.approx(0.9), still=0)
    assert {(run.penalty, run.strength, run.training.schedule) for run in runs} == {(L1(), 0.1, "linear")}
    assert runs[0].recording.at == (runs[0].steps - sparsity.FULL_BATCH_STEPS // 2,)


def test_a_knee_that_nudged_twins_do_not_have_is_undecided():
    layers = [{"verdict": "above", "why": ""}, {"verdict": "above", "why": ""}]
    agreeing, other = [{"verdict": "above"}] * 2, [{"verdict": "above"}, {"verdict": "undecided"}]

    assert sparsity._steady(layers, [agreeing]) == layers
    first, second = sparsity._steady(layers, [agreeing, other])
    assert (first, second["verdict"]) == (layers[0], "undecided")
    assert "rounding" in second["why"]


def test_twins_are_trained_for_the_knee_of_weights_that_never_rest():
    e = parse(shipped())
    e, falling = (
        dataclasses.replace(e, training=dataclasses.replace(e.training, schedule=schedule))
        for schedule in ("constant", "linear")
    )
    of_twins = {run for run in Sparsity().runs(e) if run.nudge}

    assert len(of_twins) == len(helpers.NUDGES) * e.runs.count
    assert {type(run.penalty) for run in of_twins} == {L1}
    assert not [run for run in Sparsity().runs(falling) if run.nudge]
