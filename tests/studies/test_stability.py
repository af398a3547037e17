"""Stability selection and its bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import study_tables

from reportgen.studies.stability import (
    concave_bound,
    first_picks,
    greatest_tail,
    least_threshold,
    meinshausen_buhlmann_bound,
    number_to_pick,
    unimodal_bound,
)


def test_the_bound_of_meinshausen_and_buhlmann_is_theirs():
    # Their example: q = √(0.8 p) and π = 0.9 expect at most one.
    assert meinshausen_buhlmann_bound(math.sqrt(0.8 * 1000), 1000, 0.9) == pytest.approx(1)


@pytest.mark.parametrize(("q", "p"), [(3, 10), (7, 50), (50, 1000)])
@pytest.mark.parametrize("threshold", [0.6, 0.75, 0.76, 0.9, 1.0])
def test_each_assumption_tightens_the_bound(q, p, threshold):
    plain = meinshausen_buhlmann_bound(q, p, threshold)
    unimodal = unimodal_bound(q, p, threshold, 50)
    concave = concave_bound(q, p, threshold, 50)

    assert concave < unimodal < plain
    # The formula is another one above three quarters, where it hardly jumps.
    assert unimodal_bound(q, p, 0.75, 50) == pytest.approx(unimodal_bound(q, p, 0.751, 50), rel=0.01)


@pytest.mark.parametrize(("mean", "least", "steps", "concavity"), [(0.1, 0.6, 10, 0.5), (0.05, 0.5, 12, 0.25)])
def test_no_distribution_of_the_kind_has_a_larger_tail(mean, least, steps, concavity):
    """Against random distributions whose f^(−r) is convex and increasing, scaled to the mean; a few come close."""
    bound = greatest_tail(mean, least, steps, concavity)
    rng = np.random.default_rng(0)
    points, best = np.arange(steps + 1), 0.0
    for _ in range(600):
        last = rng.integers(math.ceil(least * steps - 1e-9), steps + 1)
        slopes = np.cumsum(rng.exponential(size=last) ** rng.integers(1, 5) * (rng.random(last) < 0.3) + 1e-9)
        convex = np.concatenate([[0.0], np.cumsum(slopes / slopes[-1])])
        low, high = -12.0, 12.0
        for _ in range(60):  # the mean falls with the scale of the convex part
            middle = (low + high) / 2
            f = (1 + 10**middle * convex) ** (-1 / concavity)
            f /= f.sum()
            low, high = (middle, high) if f @ points[: last + 1] / steps > mean else (low, middle)
        if abs(f @ points[: last + 1] / steps - mean) < 1e-6:
            best = max(best, f[points[: last + 1] >= least * steps - 1e-9].sum())

    assert 0.8 * bound < best <= bound * (1 + 1e-6)


def test_the_threshold_is_the_first_with_a_bound_of_one():
    threshold = least_threshold(7, 50, 50, 1.0)

    assert concave_bound(7, 50, threshold, 50) <= 1 < concave_bound(7, 50, threshold - 0.01, 50)


def test_planted_columns_are_picked_and_a_category_counts_once():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 10))
    x[:, 4] = rng.integers(5, size=200)
    frame = study_tables.table(x, 2 * x[:, 1] + (x[:, 4] > 2) * 3 + rng.normal(size=200), levels={4: tuple("abcde")})

    picks = np.mean([first_picks(frame, 0, pair) for pair in range(10)], axis=(0, 1))

    assert picks[[1, 4]].min() == 1
    assert picks.sum() <= number_to_pick(10)
    assert picks[[0, 2, 3, 5, 6, 7, 8, 9]].max() < 0.6
