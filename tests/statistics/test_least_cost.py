"""The least cost of a deep linear network, against minima that are known or found another way."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from reportgen.statistics.least_cost import least_l1_cost

RNG = np.random.default_rng(3)
X = np.linspace(0.5, 9.5, 20)[:, None]
Y = 2 * X + RNG.uniform(0, 2, X.shape) + 8 * (np.arange(20)[:, None] % 5 == 0)


def loss_of(residuals, loss):
    size = np.abs(residuals)
    return {"absolute": size, "squared": size**2, "huber": np.where(size <= 1, size**2 / 2, size - 0.5)}[loss].mean()


@pytest.mark.parametrize("loss", ["absolute", "squared", "huber"])
def test_without_a_penalty_it_is_the_loss_of_the_best_line(loss):
    starts = [np.polyfit(X[:, 0], Y[:, 0], 1), (2.0, 1.0)]
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    found = min(
        minimize(lambda p: loss_of(p[0] * X + p[1] - Y, loss), s, method="Nelder-Mead", options=options).fun
        for s in starts
    )
    assert least_l1_cost(X, Y, 4, 0.0, loss) == pytest.approx(found, rel=1e-4)


def test_one_layer_with_the_squared_loss_is_the_lasso():
    """Soft thresholding of the covariance gives the slope."""
    x, y = X - X.mean(), Y - Y.mean()
    for strength in (0.1, 5.0, 1000.0):
        slope = max((2 * (x * y).mean() - strength) / (2 * (x**2).mean()), 0.0)
        expected = ((y - slope * x) ** 2).mean() + strength * slope
        assert least_l1_cost(X, Y, 1, strength, "squared") == pytest.approx(expected, rel=1e-6)


def test_no_weights_of_a_deep_network_cost_less_and_some_cost_as_little():
    """Weights of two layers of two units, drawn or minimized."""
    strength = 0.3
    least = least_l1_cost(X, Y, 2, strength, "squared")

    def cost(w):
        a, b, c = w[:2], w[2:4], w[4]
        return loss_of(X * (a @ b) + c - Y, "squared") + strength * np.abs(w[:4]).sum()

    drawn = [cost(RNG.normal(0, 2, 5)) for _ in range(1000)]
    starts = [np.array([*s, 1.0]) for s in itertools.product([1.4, 0.01], repeat=4)]
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
    best = min(minimize(cost, s, method="Nelder-Mead", options=options).fun for s in starts)

    assert min(drawn) >= least
    assert best == pytest.approx(least, rel=1e-3)
    assert best >= least * (1 - 1e-9)


def test_a_large_strength_leaves_a_constant():
    assert least_l1_cost(X, Y, 4, 1e6, "absolute") == pytest.approx(np.abs(Y - np.median(Y)).mean())
    assert least_l1_cost(X, Y * 0, 1, 1.0, "huber") == 0
