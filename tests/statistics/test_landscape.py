"""Numbers of a cell, and what goes with what over a grid."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from reportgen.statistics.grid import quantile, rank_correlation, summarize_cell

RNG = np.random.default_rng(0)


def cell(test, diverged):
    names = ("train", "zero", "dead", "size")
    return {"test": np.array(test, np.float32), "diverged": np.array(diverged)} | {
        name: np.array(test, np.float32) / 10 for name in names
    }


def test_a_run_that_diverged_is_worse_than_any_other():
    numbers = summarize_cell(0.3, 0.01, cell([1, 2, 3, np.nan, np.nan], [-1, -1, -1, 7, 9]))

    assert (numbers.q1, numbers.error, numbers.q3) == (2, 3, np.inf)
    assert numbers.zero == pytest.approx(0.2), "a mean over those that ended"
    assert numbers.diverged == 0.4


def test_a_cell_of_which_most_runs_diverged_has_no_median():
    assert summarize_cell(0.3, 0.01, cell([1, np.nan, np.nan], [-1, 3, 3])).error == np.inf
    assert np.isnan(summarize_cell(0.3, 0.01, cell([np.nan], [3])).zero)


def test_quantiles_are_values_that_were_there():
    values = RNG.normal(size=101)

    assert quantile(values, 0.5) == np.median(values)
    assert quantile([1.0, 2.0], 0.5) in (1.0, 2.0)


def test_rank_correlation_is_that_of_scipy():
    x = RNG.integers(0, 5, 60)
    y = x + RNG.normal(0, 2, 60).round()

    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert rank_correlation(x, np.exp(x)) == pytest.approx(1)
    assert np.isnan(rank_correlation(x, np.ones(60)))
