import dataclasses

import numpy as np

from reportgen.statistics.sparsity import (
    HISTOGRAM_EDGES,
    below_share,
    dead_units,
    histogram,
    kept_inputs,
    kept_units,
    unit_sizes,
    zero_share,
    zeros_at_rest,
)
from reportgen.training.trajectory import Trajectory

KERNELS = [np.array([[0.0, 2.0, 1e-4, 3.0]]), np.array([[1.0], [0.0], [5.0], [-1e-4]])]


def test_shares_count_over_all_layers():
    assert zero_share(KERNELS) == 2 / 8
    assert below_share(KERNELS, 1e-4) == 4 / 8
    assert below_share(KERNELS, 10) == 1


def test_a_unit_is_dead_without_incoming_or_without_outgoing_weights():
    assert dead_units(KERNELS, 0.0)[0].tolist() == [True, True, False, False]
    assert dead_units(KERNELS, 1e-3)[0].tolist() == [True, True, True, True]


def test_the_size_of_a_unit_is_the_smallest_threshold_at_which_it_is_dead():
    sizes = unit_sizes(KERNELS)[0]

    assert sizes.tolist() == [0.0, 0.0, 1e-4, 1e-4]
    for threshold in (0.0, 5e-5, 1e-4, 1.0):
        assert dead_units(KERNELS, threshold)[0].tolist() == [size <= threshold for size in sizes]


def test_every_weight_but_exact_zeros_falls_into_one_bin():
    for size in (1e-12, 1e-7, 3e-3, 1.0, 10.0, 1e6):
        counts = histogram([[np.array([[size, -size, 0.0]])]])
        assert counts.sum() == 2
        assert len(counts) == len(HISTOGRAM_EDGES) - 1
        place = int(counts.argmax())
        inside = np.clip(size, HISTOGRAM_EDGES[0], HISTOGRAM_EDGES[-1])
        assert HISTOGRAM_EDGES[place] <= inside <= HISTOGRAM_EDGES[place + 1]


def test_inputs_and_units_are_kept_unless_all_their_weights_are_exactly_zero():
    kernels = [np.array([[0.0, 0.0, 0.0], [1e-30, 0.0, 0.0], [2.0, 0.0, 5.0]]), np.array([[1.0], [3.0], [0.0]])]

    assert kept_inputs(kernels).tolist() == [False, True, True]
    assert [units.tolist() for units in kept_units(kernels)] == [[True, False, False]]


def test_zeros_are_at_rest_as_far_back_as_no_weight_left_or_entered_them():
    w = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0], [0.0, -1.0]])[:, :, None]
    trajectory = Trajectory(
        source=None,
        steps=np.array([0, 10, 20, 30], np.int32),
        kernels=(w, np.ones((4, 1, 1))),
        biases=(np.zeros((4, 1)), np.zeros((4, 1))),
        loss=None,
        penalty=None,
    )

    assert [zeros_at_rest(trajectory, steps) for steps in (5, 10, 20, 21, 30, 31)] == [True, True, True, *[False] * 3]
    assert not zeros_at_rest(dataclasses.replace(trajectory, diverged=31), 10)
