"""Choosing a strength, on curves where the right choice is known."""

import numpy as np
import pytest

from reportgen.statistics.tuning import choose_strength, find_share

FOLDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Of standard error 1 / √2."""


def curve(*means):
    return np.array(means)[:, None] + FOLDS


def test_the_least_error_and_the_largest_strength_within_one_standard_error_of_it():
    choice = choose_strength(curve(5.0, 3.0, 3.6, 3.8))

    assert (choice.least, choice.simplest) == (1, 2)
    assert choice.errors == pytest.approx(FOLDS.std(ddof=1) / 5**0.5)


def test_a_strength_of_which_a_fold_diverged_is_not_chosen():
    scores = curve(5.0, 1.0, 4.8)
    scores[1, 3] = np.nan

    assert choose_strength(scores).least == 2
    assert choose_strength(np.full((3, 5), np.nan))[:2] == (0, 0)


def test_equal_shares_are_found_between_neighbors():
    place = find_share(np.array([0.0, 0.2, 0.6, 1.0]), 0.5)

    assert place == (1, pytest.approx(0.75))
    assert place.interpolate(np.array([[9.0, 9.0], [1.0, 2.0], [5.0, 2.0], [9.0, 9.0]])) == pytest.approx([4.0, 2.0])


def test_a_share_that_is_never_reached_or_begun_above_has_no_place():
    assert find_share(np.array([0.0, 0.3]), 0.5) is None
    assert find_share(np.array([0.6, 0.9]), 0.5) is None
    assert find_share(np.array([np.nan, 0.9]), 0.5) is None
