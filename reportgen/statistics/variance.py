"""Sources of variance: variance components of a nested design, with intervals.

Each draw of the data is a block with its own orders of samples and initial weights, all of them crossed. Within a run
the error also depends on the step at which training stops. Blocks are independent, so the bootstrap resamples them.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, stdtrit

from reportgen.experiment import Comparison
from reportgen.statistics.comparison import Values

SOURCES = ("data", "order", "init", "both", "last")
"""The draw of the data; within it the order of samples, the initial weights and their interaction; and within a run the
last iterate."""


def moments(values: Values, within: Values) -> Values:
    """Moments of each block, [D, 6]: its mean, the square of it, three mean squares, and its variance within runs.

    `values` [D, orders, inits] are the means of runs, `within` the variances within them.
    """
    orders, inits = values.shape[1:]
    mean = values.mean(axis=(1, 2), keepdims=True)
    by_order, by_init = values.mean(axis=2, keepdims=True) - mean, values.mean(axis=1, keepdims=True) - mean
    interaction = values - mean - by_order - by_init
    return np.stack(
        [
            mean[:, 0, 0],
            mean[:, 0, 0] ** 2,
            inits * (by_order**2).sum(axis=(1, 2)) / (orders - 1),
            orders * (by_init**2).sum(axis=(1, 2)) / (inits - 1),
            (interaction**2).sum(axis=(1, 2)) / ((orders - 1) * (inits - 1)),
            within.mean(axis=(1, 2)),
        ],
        axis=-1,
    )


def components(averages: Values, blocks: int, orders: int, inits: int) -> Values:
    """Variances [..., 5] by `SOURCES`, from `moments` averaged over `blocks` blocks, [..., 6].

    They are the usual unbiased estimates, cut at zero.

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


def block_averages(values: Values, rule: Comparison) -> Values:
    """Averages of `values` [D, ...] over its blocks, in each resample of them: [resamples, ...]."""
    count = len(values)
    rows = np.random.default_rng([rule.seed, 7]).integers(0, count, (rule.resamples, count))
    indices = rows + count * np.arange(rule.resamples)[:, None]
    drawn = np.bincount(indices.ravel(), minlength=rule.resamples * count).reshape(-1, count) / count
    # Not `@`: a BLAS library rounds by its number of threads, and reports must not.
    averages: Values = np.einsum("rd,d...->r...", drawn, values)
    return averages


def interval(resamples: Values, blocks: int, rule: Comparison) -> tuple[Values, Values]:
    """The interval of a statistic from its values in resamples [R, ...] of `blocks` blocks.

    Blocks are few, so it gives an order of magnitude rather than a measurement.
    """
    tail = widened_level(1 - rule.confidence, blocks) / 2
    low, high = np.quantile(resamples, [tail, 1 - tail], axis=0)
    return low, high


def widened_level(level: float, pairs: int) -> float:
    """The level for a percentile interval of few pairs so that it misses no more often than `level`.

    A bootstrap of n values is too narrow by √((n − 1) / n), and takes normal quantiles where Student's are due.

    References:
        Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 2015, section 5.3.
    """
    if pairs < 2:
        return level
    return float(2 * ndtr(math.sqrt(pairs / (pairs - 1)) * stdtrit(pairs - 1, level / 2)))
