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


def test_noise_has_the_size_asked_for():
    sparse, hinges = SparseLinear(noise=0.5), Hinges(noise=0.25)
    for dataset, function, size in (
        (sparse, lambda x: x @ sparse.weights(3), 0.5),
        (hinges, lambda x: hinges.function(x, 3), 0.25),
        (Polynomial(noise=0.3, test_samples=2000), lambda x: 8 * x**3 - 6 * x, 0.3),
        (Wave(noise=0.3, test_samples=2000), lambda x: np.sin(np.pi * x), 0.3),
    ):
        data = dataset.draw(3)
        noise = data.y_test - function(data.x_test)
        assert noise.std() == pytest.approx(size, rel=0.1), dataset
        assert noise.mean() == pytest.approx(0, abs=4 * size / len(noise) ** 0.5), dataset


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


def test_of_correlated_inputs_the_lasso_chooses_where_ridge_shares():
    """What the data are for: of near copies the lasso keeps some, and ridge treats all alike (Zou and Hastie 2005)."""
    from sklearn.linear_model import Lasso, Ridge

    dataset = Correlated(correlation=0.98)
    within, kept = {"lasso": [], "ridge": []}, []
    for seed in range(10):
        data = dataset.draw(seed)
        for name, model in {"lasso": Lasso(alpha=0.1), "ridge": Ridge(alpha=10.0)}.items():
            w = model.fit(data.x_train, data.y_train[:, 0]).coef_.reshape(8, 4)[:3]
            within[name].append(np.mean(w.std(axis=1) / np.abs(w.mean(axis=1))))
            if name == "lasso":
                kept.append(np.count_nonzero(w, axis=1).mean())

    assert np.median(within["lasso"]) > 3 * np.median(within["ridge"])
    assert np.mean(kept) < 3


def test_hinges_depend_on_the_inputs_that_count_and_on_no_other():
    dataset = Hinges()
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((200, dataset.inputs))
        for i, role in enumerate(dataset.roles):
            moved = x.copy()
            moved[:, i] += 1.0
            changed = not np.allclose(dataset.function(moved, seed), dataset.function(x, seed))
            assert changed == (role in ("counts", "has a double")), (seed, i)


def test_the_double_of_hinges_says_nearly_what_the_first_input_says():
    dataset = Hinges(samples=20_000)
    correlations = np.corrcoef(dataset.draw(0).x_train.T)
    double = dataset.roles.index("double")

    assert correlations[0, double] == pytest.approx(0.9, abs=0.01)
    np.fill_diagonal(correlations, 0)
    correlations[0, double] = correlations[double, 0] = 0
    assert np.abs(correlations).max() < 0.04
    assert dataset.draw(0).x_train.std(axis=0) == pytest.approx(1, abs=0.03)


def test_no_line_explains_hinges():
    """The noise has a variance of a quarter; a linear model of the inputs that count leaves far more."""
    data = Hinges(samples=20_000).draw(1)
    with_constant = np.column_stack([data.x_train, np.ones(len(data.x_train))])
    _, (left,), *_ = np.linalg.lstsq(with_constant, data.y_train, rcond=None)

    assert left / len(data.x_train) > 1.0


def test_the_polynomial_turns_twice_and_its_coefficients_rise_with_their_powers():
    _, y = Polynomial(test_samples=1001).draw(0).truth
    x = np.array([[-1.0], [0.0], [2.0]])

    assert np.count_nonzero(np.diff(np.sign(np.diff(y[:, 0])))) == 2
    assert (y.min(), y.max()) == (pytest.approx(-2.0), pytest.approx(2.0))
    np.testing.assert_allclose(Polynomial(coefficients=(1.0, 2.0, 3.0)).function(x), [[2.0], [1.0], [17.0]])


def test_ten_of_fifty_sparse_weights_count_at_places_of_their_seed():
    drawn = [SparseLinear().weights(seed) for seed in range(20)]

    for w in drawn:
        assert (w.shape, np.count_nonzero(w)) == ((50, 1), 10)
        assert np.all((np.abs(w[w != 0]) >= 0.5) & (np.abs(w[w != 0]) <= 2))
    assert len({tuple(np.flatnonzero(w)) for w in drawn}) == 20
    assert any((w > 0).any() and (w < 0).any() for w in drawn)


def test_the_wave_stays_within_one_period():
    data = Wave().draw(0)

    assert np.abs(data.x_train).max() <= 1
    np.testing.assert_allclose(data.x_test[[0, -1], 0], [-1, 1])


def test_data_that_cannot_be_drawn_say_why(messages):
    told = {}
    for kind, fields in (
        (Hinges, {"inputs": 6, "relevant": 3}),
        (Hinges, {"inputs": 6, "relevant": 6}),
        (Correlated, {"groups": 2, "relevant": 3}),
        (SparseLinear, {"inputs": 5, "relevant": 6}),
        (Polynomial, {"coefficients": ()}),
    ):
        with pytest.raises(ExperimentError) as caught:
            kind(**fields)
        told[f"{kind.__name__} {fields}"] = caught.value
    messages(**told)
