"""Drawn data against what was planted in them: functions, noise, and which inputs count."""

import numpy as np
import pytest

from reportgen.datasets.correlated import Correlated
from reportgen.datasets.hinges import Hinges
from reportgen.datasets.polynomial import Polynomial
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.datasets.wave import Wave
from reportgen.errors import ExperimentError


def test_without_noise_the_planted_function_explains_everything():
    for dataset, function in (
        (Correlated(noise=0.0), lambda x: x @ Correlated().weights(2)),
        (SparseLinear(noise=0.0), lambda x: x @ SparseLinear().weights(2)),
        (Polynomial(noise=0.0), lambda x: 8 * x**3 - 6 * x),
        (Wave(noise=0.0), lambda x: np.sin(np.pi * x)),
    ):
        data = dataset.draw(2)
        np.testing.assert_allclose(data.y_train, function(data.x_train), atol=1e-12)
        np.testing.assert_allclose(data.y_test, function(data.x_test), atol=1e-12)
        if data.truth is not None:
            np.testing.assert_allclose(data.truth[1], function(data.truth[0]), atol=1e-12)


def test_correlated_inputs_correlate_within_their_group_and_with_nothing_else():
    x = Correlated(groups=3, size=4, correlation=0.8, samples=20_000).draw(0).x_train
    group = np.repeat(np.arange(3), 4)
    planted = np.where(group[:, None] == group, 0.8, 0.0)
    np.fill_diagonal(planted, 1.0)

    np.testing.assert_allclose(np.corrcoef(x, rowvar=False), planted, atol=0.03)
    np.testing.assert_allclose(x.std(axis=0), 1.0, atol=0.03)


def test_correlated_members_of_a_group_count_alike_with_signs_of_their_seed():
    for seed in range(5):
        w = Correlated().weights(seed).reshape(8, 4)
        assert np.all(w == w[:, :1])
        assert np.all(w[3:] == 0)
        assert np.all((np.abs(w[:3].sum(axis=1)) >= 1) & (np.abs(w[:3].sum(axis=1)) <= 3))
    assert len({tuple(np.sign(Correlated().weights(seed)[::4, 0])) for seed in range(50)}) == 8


def test_hinges_depend_on_the_inputs_that_count_and_on_no_other():
    dataset = Hinges()
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((200, dataset.inputs))
        for i, role in enumerate(dataset.roles):
            moved = x.copy()
            moved[:, i] += 1.0
            changed = not np.allclose(dataset.function(moved, seed), dataset.function(x, seed))
            assert changed == (role in ("counts", "has a double")), (seed, i)


def test_inputs_that_are_not_measured_are_zero_and_change_nothing_else():
    whole, masked = Hinges().draw(3), Hinges(unmeasured=(0, 49)).draw(3)
    for x, unseen in ((whole.x_train, masked.x_train), (whole.x_test, masked.x_test)):
        assert not unseen[:, [0, 49]].any()
        np.testing.assert_array_equal(unseen[:, 1:49], x[:, 1:49])
    np.testing.assert_array_equal(masked.y_test, whole.y_test)
    with pytest.raises(ExperimentError, match=r"unmeasured must be numbers below inputs .50., got 50"):
        Hinges(unmeasured=(50,))


def test_ten_of_fifty_sparse_weights_count_at_places_of_their_seed():
    drawn = [SparseLinear().weights(seed) for seed in range(20)]

    for w in drawn:
        assert (w.shape, np.count_nonzero(w)) == ((50, 1), 10)
        assert np.all((np.abs(w[w != 0]) >= 0.5) & (np.abs(w[w != 0]) <= 2))
    assert len({tuple(np.flatnonzero(w)) for w in drawn}) == 20
    assert any((w > 0).any() and (w < 0).any() for w in drawn)
