import numpy as np
import pytest

from reportgen.statistics.rank import rank_changes, second_share
from reportgen.training.network import forward

RNG = np.random.default_rng(0)
SHAPES = ((2, 5), (5, 6), (6, 4), (4, 1))
KERNELS = [RNG.normal(size=shape) for shape in SHAPES]
BIASES = [RNG.normal(size=outputs) for _, outputs in SHAPES]
X = RNG.normal(size=(20, 2))
STRIPED = [KERNELS[0], np.outer(range(5), range(6)), np.outer(range(6), range(4)), KERNELS[3]]


def test_the_matrix_with_the_largest_second_direction_speaks_for_all():
    planted = [KERNELS[0], np.diag([4.0, 1.0, 0, 0, 0]), np.diag([4.0, 3.0, 0, 0, 0]), KERNELS[3]]

    assert second_share(planted) == pytest.approx(0.75)
    assert second_share(STRIPED) == pytest.approx(0, abs=1e-12), "all rows are multiples of one"
    assert second_share([w * 0 for w in KERNELS]) == 0
    assert np.isnan(second_share([KERNELS[0], KERNELS[1][:, :1]])), "one hidden layer"


def test_without_any_direction_only_what_follows_the_last_matrix_speaks():
    constant = BIASES[2] @ KERNELS[3] + BIASES[3]
    away = np.abs(forward(KERNELS, BIASES, X, "linear") - constant).max()

    assert rank_changes(KERNELS, BIASES, X, "linear", 0) == pytest.approx([away])


def test_a_network_of_rank_one_loses_nothing_to_rank_one():
    assert rank_changes(STRIPED, BIASES, X, "linear", 1)[1] == pytest.approx(0, abs=1e-9)
