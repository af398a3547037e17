import numpy as np
import pytest

from reportgen.statistics.rank import rank_changes, second_share, singular_values
from reportgen.training.network import forward

RNG = np.random.default_rng(0)
SHAPES = ((2, 5), (5, 6), (6, 4), (4, 1))
KERNELS = [RNG.normal(size=shape) for shape in SHAPES]
BIASES = [RNG.normal(size=outputs) for _, outputs in SHAPES]
X = RNG.normal(size=(20, 2))
STRIPED = [KERNELS[0], np.outer(range(5), range(6)), np.outer(range(6), range(4)), KERNELS[3]]


def test_matrices_between_hidden_layers_are_looked_at_in_every_record():
    recorded = [np.stack([w, 3 * w]) for w in KERNELS]

    assert [len(values) for values in singular_values(KERNELS)] == [5, 4]
    assert singular_values(KERNELS[:2]) == []
    for values, once in zip(singular_values(recorded), singular_values(KERNELS), strict=True):
        np.testing.assert_allclose(values, [once, 3 * once])


def test_the_matrix_with_the_largest_second_direction_speaks_for_all():
    planted = [KERNELS[0], np.diag([4.0, 1.0, 0, 0, 0]), np.diag([4.0, 3.0, 0, 0, 0]), KERNELS[3]]

    assert second_share(planted) == pytest.approx(0.75)
    assert second_share(STRIPED) == pytest.approx(0, abs=1e-12), "all rows are multiples of one"
    assert second_share([w * 0 for w in KERNELS]) == 0
    assert np.isnan(second_share([KERNELS[0], KERNELS[1][:, :1]])), "one hidden layer"


def test_with_all_directions_kept_nothing_moves():
    changes = rank_changes(KERNELS, BIASES, X, "tanh", 5)

    assert changes[5] == pytest.approx(0, abs=1e-12)
    assert changes[4] > 1e-3
    assert changes[1] > 1e-3


def test_without_any_direction_only_what_follows_the_last_matrix_speaks():
    constant = BIASES[2] @ KERNELS[3] + BIASES[3]
    away = np.abs(forward(KERNELS, BIASES, X, "linear") - constant).max()

    assert rank_changes(KERNELS, BIASES, X, "linear", 0) == pytest.approx([away])


def test_a_network_of_rank_one_loses_nothing_to_rank_one():
    assert rank_changes(STRIPED, BIASES, X, "linear", 1)[1] == pytest.approx(0, abs=1e-9)
