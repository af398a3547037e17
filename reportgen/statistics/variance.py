"""Where a spread comes from: variance components of a nested design, and what is known about them.

Each draw of the data is a block with orders of samples and initial weights of its own, all of them crossed. Within a
run the error also depends on the step at which training stops. Blocks are independent of one another, so they are what
a bootstrap resamples.
"""

from __future__ import annotations

import numpy as np

from reportgen.experiment import Comparison
from reportgen.statistics.comparison import Values, expanded

SOURCES = ("data", "order", "init", "both", "last")
"""The draw of the data; within it the order of samples, the initial weights, what these two do only together; and
within a run the last iterate."""


def moments(values: Values, within: Values) -> Values:
    """What each block contributes, [D, 6]: its mean, the square of it, three mean squares, and its variance in a run.

    `values` [D, orders, inits] are the runs' own means, `within` their variances about them.
    """
    orders, inits = values.shape[1:]
    mean = values.mean(axis=(1, 2), keepdims=True)
    by_order, by_init = values.mean(axis=2, keepdims=True) - mean, values.mean(axis=1, keepdims=True) - mean
    rest = values - mean - by_order - by_init
    return np.stack(
        [
            mean[:, 0, 0],
            mean[:, 0, 0] ** 2,
            inits * (by_order**2).sum(axis=(1, 2)) / (orders - 1),
            orders * (by_init**2).sum(axis=(1, 2)) / (inits - 1),
            (rest**2).sum(axis=(1, 2)) / ((orders - 1) * (inits - 1)),
            within.mean(axis=(1, 2)),
        ],
        axis=-1,
    )


def components(averages: Values, blocks: int, orders: int, inits: int) -> Values:
    """Variances [..., 5] by `SOURCES`, from `moments` averaged over so many blocks, [..., 6].

    They are the usual unbiased estimates, but not below zero.

    References:
        Searle, Casella and McCulloch, Variance Components, 1992, chapter 4.
    """
    mean, square, order, init, both, last = np.moveaxis(averages, -1, 0)
    order, init = (order - both) / inits, (init - both) / orders
    of_means = (square - mean**2) * blocks / (blocks - 1)
    data = of_means - order / orders - init / inits - both / (orders * inits)
    variances: Values = np.maximum(np.stack([data, order, init, both, last], axis=-1), 0.0)
    return variances


def shares(variances: Values) -> Values:
    """Variances as shares of their sum."""
    total = variances.sum(axis=-1, keepdims=True)
    parts: Values = np.divide(variances, total, out=np.full_like(variances, np.nan), where=total > 0)
    return parts


def resampled(found: Values, rule: Comparison) -> Values:
    """Averages of `found` [D, ...] over its blocks, in each resample of them: [resamples, ...]."""
    count = len(found)
    rows = np.random.default_rng([rule.seed, 7]).integers(0, count, (rule.resamples, count))
    places = rows + count * np.arange(rule.resamples)[:, None]
    drawn = np.bincount(places.ravel(), minlength=rule.resamples * count).reshape(-1, count) / count
    # Not `@`: a BLAS library rounds by its number of threads, and reports must not.
    averages: Values = np.einsum("rd,d...->r...", drawn, found)
    return averages


def interval(resamples: Values, blocks: int, rule: Comparison) -> tuple[Values, Values]:
    """The interval of a statistic from its values in resamples [R, ...] of so many blocks.

    Blocks are few, so it is an order of magnitude more than a measurement.
    """
    tail = expanded(1 - rule.confidence, blocks) / 2
    low, high = np.quantile(resamples, [tail, 1 - tail], axis=0)
    return low, high
