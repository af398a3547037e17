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


def test_a_single_source_has_the_whole_variance():
    rng = np.random.default_rng(2)
    for name in SOURCES:
        planted = {source: float(source == name) for source in SOURCES}
        variances = components(moments(*drawn(rng, 500, 3, 2, **planted)).mean(axis=0), 500, 3, 2)
        assert SOURCES[int(variances.argmax())] == name
        assert shares(variances).max() > 0.9


def test_resampling_blocks_brackets_the_planted_share():
    """Of 200 designs of ten draws, at least four in five intervals hold the share of the data draw."""
    rng, rule, held = np.random.default_rng(4), Comparison(resamples=400), 0
    truth = PLANTED["data"] / sum(PLANTED.values())
    for _ in range(200):
        found = moments(*drawn(rng, 10, 3, 2, **PLANTED))
        low, high = interval(shares(components(block_averages(found, rule), 10, 3, 2)), 10, rule)
        held += low[0] <= truth <= high[0]

    assert held >= 160
