"""Minima of linear models: no nudge improves on them, and the free bias is the best one."""

import numpy as np
import pytest

from reportgen.statistics.linear_minima import bias, lasso, least_squares, ridge

STRENGTHS = (0.5, 0.01, 0.1)


def problem(samples, inputs):
    rng = np.random.default_rng(3)
    x = rng.normal(1.0, 1.0, (samples, inputs))
    return x, x @ np.linspace(0, 2, inputs) + 4 + rng.standard_normal(samples)


@pytest.mark.parametrize(("samples", "inputs"), [(30, 6), (6, 9)])
@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_no_nudge_improves_on_it(kind, strength, samples, inputs):
    x, y = problem(samples, inputs)
    best = ridge(x, y, strength) if kind == "l2" else lasso(x, y, STRENGTHS)[STRENGTHS.index(strength)]
    nudges = np.random.default_rng(0).normal(size=(200, inputs))

    def cost(w, b=None):
        penalty = np.abs(w).sum() if kind == "l1" else (w**2).sum() / 2
        return ((x @ w + (bias(x, y, w) if b is None else b) - y) ** 2).mean() + strength * penalty

    others = [1.01 * best, 0.99 * best, *(best + size * nudge for nudge in nudges for size in (1e-3, 1e-1))]
    assert min(map(cost, others)) > cost(best)
    assert min(cost(best, bias(x, y, best) + shift) for shift in (-1e-3, 1e-3)) > cost(best)


def test_least_squares_passes_through_few_samples_with_the_smallest_weights():
    x, y = problem(6, 9)

    w = least_squares(x, y)

    np.testing.assert_allclose(x @ w + bias(x, y, w), y, atol=1e-9)
    np.testing.assert_allclose(w, ridge(x, y, 1e-9), atol=1e-6)
