import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.statistics.compression import compress, is_collapsed, subnetwork

GRID = np.linspace(-3, 3, 101)[:, None]


def network(seed, hidden=(6, 5)):
    rng = np.random.default_rng(seed)
    widths = (1, *hidden, 1)
    kernels = [rng.normal(size=shape) for shape in itertools.pairwise(widths)]
    return kernels, [rng.normal(size=width) for width in widths[1:]]


@given(
    seed=st.integers(0, 1000),
    unfed=st.sets(st.integers(0, 5)),
    unread=st.sets(st.integers(0, 4), max_size=4),
    activation=st.sampled_from(["linear", "relu", "tanh", "sigmoid"]),
)
def test_removing_units_that_are_exactly_dead_changes_no_output(seed, unfed, unread, activation):
    kernels, biases = network(seed)
    kernels[0][:, list(unfed)] = 0.0
    kernels[2][list(unread), :] = 0.0

    small = compress(kernels, biases, 0.0, activation)

    assert small.largest_change(kernels, biases, GRID, activation) < 1e-12
    assert small.hidden == (max(6 - len(unfed), 1), max(5 - len(unread), 1))


def test_the_certificate_is_a_true_difference_of_outputs_in_float64():
    kernels, biases = network(4)
    shifted = [*biases[:-1], biases[-1] + 0.25]
    assert compress(kernels, biases, 0.0, "linear").largest_change(kernels, shifted, GRID, "linear") == pytest.approx(
        0.25
    )

    kernels, biases = ([a.astype(np.float32) for a in arrays] for arrays in network(6))
    kernels[0][:, 2] = 0.0
    small = compress(kernels, biases, 0.0, "linear")
    assert small.largest_change(kernels, biases, GRID.astype(np.float32), "linear") < 1e-12


def test_the_part_of_a_network_that_was_kept_can_be_found_again():
    kernels, biases = network(5)
    kernels[0][:, [1, 4]] = 0.0
    biases[0][[1, 4]] = 0.0

    small = compress(kernels, biases, 0.0, "tanh")
    again, their_biases = subnetwork(kernels, biases, small.kept)

    assert [units.tolist() for units in small.kept] == [[True, False, True, True, False, True], [True] * 5]
    for ours, theirs in zip([*again, *their_biases], [*small.kernels, *small.biases], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_network_that_says_the_same_of_every_sample_has_collapsed():
    truth = np.array([[0.0], [10.0]])

    assert is_collapsed(np.array([[1.0], [1.005]]), truth, 0.01) is True
    assert is_collapsed(np.array([[1.0], [1.5]]), truth, 0.01) is False
