"""Runs whose numbers leave the range of float32: they end there, and nobody else notices."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from dataclasses import replace

import numpy as np
import pytest

from reportgen.datasets.line import Line
from reportgen.penalties.l1 import L1
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

TAME = Run(
    data=Line(samples=24, test_samples=4),
    network=Network(hidden=(5, 4)),
    training=Training(epochs=2),
    penalty=L1(),
    strength=0.3,
    recording=Recording(every=1),
)
WILD = replace(TAME, training=Training(epochs=2, learning_rate=1e6))
WILDS = {
    "sgd": WILD,
    "proximal": replace(WILD, step="proximal"),
    "squared": replace(WILD, training=Training(epochs=2, learning_rate=10.0, loss="squared")),
    "only its ends": replace(WILD, recording=Recording(every=None, loss=False)),
}


@pytest.fixture(scope="module")
def trained():
    return dict(zip(["tame", *WILDS], train([TAME, *WILDS.values()]), strict=True))


def test_a_run_ends_where_its_numbers_do_and_keeps_the_finite_ones(trained, subtests):
    for wild in WILDS:
        with subtests.test(wild):
            trajectory = trained[wild]
            curve = [trajectory.loss, trajectory.penalty] if trajectory.run.recording.loss else []
            stored = Trajectory.parse(trajectory.dump())

            assert 0 < trajectory.diverged <= trajectory.run.steps
            assert len(trajectory.steps) >= 1
            assert trajectory.steps[-1] < trajectory.diverged
            for array in [*trajectory.kernels, *trajectory.biases, *curve]:
                assert len(array) == len(trajectory.steps)
                assert np.isfinite(array).all()
            assert stored.diverged == trajectory.diverged
            np.testing.assert_array_equal(stored.steps, trajectory.steps)
    assert trained["only its ends"].diverged == trained["sgd"].diverged


def test_the_initial_weights_stay_even_if_their_loss_is_no_number():
    """The squares of errors of 10³⁰ leave the range of float32 before the first step."""
    far = replace(TAME, data=Line(slope=1e30), training=Training(epochs=1, loss="squared"))
    (trajectory,) = train([far])

    assert trajectory.diverged is not None
    assert list(trajectory.steps) == [0]
    np.testing.assert_array_equal(trajectory.kernels[0][0], far.initial_weights()[0][0])


def test_the_others_go_on_as_if_alone(trained):
    (alone,) = train([TAME])

    assert trained["tame"].diverged is None
    assert len(trained["tame"].steps) == TAME.steps + 1
    for one, other in zip(alone.kernels, trained["tame"].kernels, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_other_programs_end_their_wild_runs_too():
    hows = {size: Training(learning_rate=1e30, loss="squared", batch_size=size, epochs=3) for size in (1, 4)}
    runs = [
        replace(WILD, network=Network(hidden=(5,), activation=activation), training=hows[batch_size], init_seed=3)
        for activation in ("relu", "tanh")
        for batch_size in (1, 4)
    ]

    for trajectory in train(runs):
        assert trajectory.diverged is not None, trajectory.run
        assert trajectory.steps[-1] < trajectory.diverged
        assert all(np.isfinite(w).all() for w in trajectory.kernels)
