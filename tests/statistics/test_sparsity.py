import numpy as np

from reportgen.statistics.sparsity import HISTOGRAM_EDGES, below_share, dead_units, histogram, unit_sizes, zero_share

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
