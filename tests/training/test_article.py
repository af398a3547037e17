"""What is known about the experiment of the 2018 post, on its own network with thirty seeds an arm."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import itertools

import numpy as np
import pytest

from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.training.compiled import train
from reportgen.training.run import Recording, Run, Training

SEEDS = range(30)
BAND = 0.01 * 0.3
"""Learning rate times strength: within this of zero a subgradient step jitters."""

ARMS = {
    "none": {},
    "l1": {"penalty": L1(), "strength": 0.3},
    "l1 proximal": {"penalty": L1(), "strength": 0.3, "step": "proximal"},
    "l2": {"penalty": L2(), "strength": 0.3},
    "group lasso proximal": {"penalty": GroupLasso(), "strength": 0.1, "step": "proximal"},
    "none, decayed": {"training": Training(schedule="linear")},
    "l1, decayed": {"penalty": L1(), "strength": 0.3, "training": Training(schedule="linear")},
    "l2, decayed": {"penalty": L2(), "strength": 0.3, "training": Training(schedule="linear")},
    "l1 too strong": {"penalty": L1(), "strength": 2.0, "step": "proximal"},
}


@pytest.fixture(scope="module")
def arms():
    """The trajectories of every arm, thirty each; all arms see the same thirty triples of seeds."""
    ends = Recording(every=None, loss=False)
    runs = [
        Run(**arm, recording=ends, data_seed=seed, order_seed=seed, init_seed=seed)
        for arm, seed in itertools.product(ARMS.values(), SEEDS)
    ]
    trained = train(runs)
    return {name: trained[i * len(SEEDS) :][: len(SEEDS)] for i, name in enumerate(ARMS)}


def weights(trajectory):
    return np.concatenate([w[-1].ravel() for w in trajectory.kernels])


def median(of, arm):
    return np.median([of(trajectory) for trajectory in arm])


def test_proximal_steps_leave_at_zero_what_subgradient_steps_leave_within_the_band(arms):
    assert all(np.all(weights(t) != 0) for t in arms["l1"])
    assert median(lambda t: (np.abs(weights(t)) < 1.001 * BAND).mean(), arms["l1"]) == pytest.approx(0.97, abs=0.02)
    assert median(lambda t: (weights(t) == 0).mean(), arms["l1 proximal"]) == pytest.approx(0.97, abs=0.02)
    assert median(lambda t: (np.abs(weights(t)) < BAND).mean(), arms["none"]) < 0.05


def squares(trajectory):
    return (weights(trajectory) ** 2).sum()


def sizes(trajectory):
    return np.abs(weights(trajectory)).sum()


def slope(trajectory):
    low, high = trajectory.predict(np.array([[0.0], [1.0]]))[:, 0]
    return high - low


def test_no_network_of_four_layers_has_its_slope_for_less(arms, subtests):
    """Depth times slope to the power of two (squares) or one (sizes) over depth, for the slope each run ended with."""
    for name, measure, power, excess in (
        ("l2", squares, 2 / 4, 0.02),
        ("l1 proximal", sizes, 1 / 4, 0.02),
        # Each of the 241 weights jitters within the band, which adds up to 0.36 of the 4.757.
        ("l1", sizes, 1 / 4, 0.15),
    ):
        with subtests.test(name):
            least = [4 * slope(t) ** power for t in arms[name]]
            paid = [measure(t) for t in arms[name]]

            assert np.all(np.array(paid) >= np.array(least) * 0.9999)
            assert np.all(np.array(paid) <= np.array(least) * (1 + max(excess, 0.05)))
            assert np.median(np.array(paid) / least) <= 1 + excess
    for name, measure, number in (("l2, decayed", squares, 5.657), ("l1, decayed", sizes, 4.757)):
        with subtests.test(f"{name}: the number of the article"):
            assert median(slope, arms[name]) == pytest.approx(2, abs=0.1)
            assert median(measure, arms[name]) == pytest.approx(number, rel=0.03)


def test_l2_leaves_matrices_of_rank_one(arms):
    for trajectory in arms["l2"]:
        for w in trajectory.kernels[1:3]:
            first, second = np.linalg.svd(w[-1], compute_uv=False)[:2]
            assert second < 0.01 * first
