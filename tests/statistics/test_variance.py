"""Variance components of a nested design, against spreads that were planted."""

import numpy as np
import pytest

from reportgen.experiment import Comparison
from reportgen.statistics.variance import SOURCES, block_averages, components, interval, moments, shares

PLANTED = {"data": 9.0, "order": 4.0, "init": 1.0, "both": 0.5, "last": 2.0}


def drawn(rng, blocks, orders, inits, **planted):
    """Errors of a design whose parts have the variances `planted`."""
    sizes = {"data": (blocks, 1, 1), "order": (blocks, orders, 1), "init": (blocks, 1, inits)}
    sizes["both"] = (blocks, orders, inits)
    values = sum(rng.normal(0, planted[name] ** 0.5, size) for name, size in sizes.items())
    return 20 + values, np.full((blocks, orders, inits), planted["last"])


def test_planted_variances_are_found():
    rng = np.random.default_rng(0)
    found = moments(*drawn(rng, 4000, 3, 2, **PLANTED)).mean(axis=0)

    assert components(found, 4000, 3, 2) == pytest.approx(list(PLANTED.values()), rel=0.1)


def test_few_blocks_are_right_on_average():
    rng = np.random.default_rng(1)
    found = [components(moments(*drawn(rng, 6, 3, 2, **PLANTED)).mean(axis=0), 6, 3, 2) for _ in range(3000)]

    # What comes out below zero is put to zero, which makes the small ones a little too large.
    assert np.mean(found, axis=0) == pytest.approx(list(PLANTED.values()), rel=0.12, abs=0.2)


def test_a_single_source_has_the_whole_variance():
    rng = np.random.default_rng(2)
    for name in SOURCES:
        planted = {source: float(source == name) for source in SOURCES}
        variances = components(moments(*drawn(rng, 500, 3, 2, **planted)).mean(axis=0), 500, 3, 2)
        assert SOURCES[int(variances.argmax())] == name
        assert shares(variances).max() > 0.9


def test_shares_add_up():
    rng = np.random.default_rng(3)
    variances = components(moments(*drawn(rng, 8, 3, 2, **PLANTED)).mean(axis=0), 8, 3, 2)

    assert shares(variances).sum() == pytest.approx(1)
    assert np.isnan(shares(np.zeros(5))).all()


def test_resampling_blocks_brackets_the_planted_share():
    """Of 200 designs of ten draws, at least four in five intervals hold the share of the data draw."""
    rng, rule, held = np.random.default_rng(4), Comparison(resamples=400), 0
    truth = PLANTED["data"] / sum(PLANTED.values())
    for _ in range(200):
        found = moments(*drawn(rng, 10, 3, 2, **PLANTED))
        low, high = interval(shares(components(block_averages(found, rule), 10, 3, 2)), 10, rule)
        held += low[0] <= truth <= high[0]

    assert held >= 160


def test_resamples_are_the_same_again():
    found = np.random.default_rng(5).normal(size=(7, 2, 6))

    assert (block_averages(found, Comparison(resamples=100)) == block_averages(found, Comparison(resamples=100))).all()
    assert (
        block_averages(found, Comparison(resamples=100)) != block_averages(found, Comparison(resamples=100, seed=1))
    ).any()
