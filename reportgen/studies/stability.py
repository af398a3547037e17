"""Stability selection: how often a feature is among the first that a lasso path takes, over halves of the rows.

References:
    Meinshausen and Bühlmann, Stability Selection, JRSS B 2010.
    Shah and Samworth, Variable Selection with Error Control: Another Look at Stability Selection, JRSS B 2013.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from reportgen.studies.models import learn
from reportgen.tables import Array, Frame
from reportgen.tables.folds import halves


def number_to_pick(features: int) -> int:
    """How many features each half picks: about √p, which keeps the expected number of false picks near one."""
    return max(1, min(features, round(math.sqrt(features))))


def first_picks(frame: Frame, seed: int, number: int) -> NDArray[np.bool_]:
    """The first features to enter the lasso path [2, features] of each half of the rows.

    All columns of a feature count as one. Fewer are picked where the path ends before.
    """
    picks = np.zeros((2, len(frame.features)), bool)
    wanted = number_to_pick(len(frame.features))
    for half, rows in zip(picks, halves(frame, seed, number), strict=True):
        model = learn(frame, rows)
        grid = model.grid("lasso", 100 if not frame.classes else 25)
        kept = model.kept(model.path("lasso", grid))
        ever = np.flatnonzero(kept.any(axis=0))
        half[[f for f in model.entering_order_of(kept) if f in ever][:wanted]] = True
    return picks


def meinshausen_buhlmann_bound(picked: float, features: int, threshold: float) -> float:
    """The expected number of false picks at most: q² / ((2π − 1) p) for a threshold π > ½."""
    return picked**2 / ((2 * threshold - 1) * features)


def unimodal_bound(picked: float, features: int, threshold: float, pairs: int) -> float:
    """Shah and Samworth's bound for complementary pairs, if the shares of pairs are unimodal: C(π, B) q² / p."""
    share = picked / features
    if not threshold > min(0.5 + share**2, 0.5 + 1 / (2 * pairs) + 0.75 * share**2):
        return math.inf
    if threshold <= 0.75:
        factor = 1 / (2 * (2 * threshold - 1 - 1 / (2 * pairs)))
    else:
        factor = 4 * (1 - threshold + 1 / (2 * pairs)) / (1 + 1 / pairs)
    return factor * share**2 * features


def concave_bound(picked: float, features: int, threshold: float, pairs: int) -> float:
    """Shah and Samworth's bound for complementary pairs, if the shares are r-concave: r = −½ for pairs that agree,
    −¼ for halves; min(D(q²/p², 2π − 1, B, −½), D(q/p, π, 2B, −¼)) p."""
    share = picked / features
    by_pairs = greatest_tail(share**2, 2 * threshold - 1, pairs, 0.5)
    by_halves = greatest_tail(share, threshold, 2 * pairs, 0.25)
    return min(by_pairs, by_halves) * features


def greatest_tail(mean: float, least: float, steps: int, concavity: float) -> float:
    """The greatest probability of X ≥ `least` of a distribution on 0, 1/n, …, 1 whose mean is at most `mean` and whose
    probabilities f are such that f^(−`concavity`) is convex: D of Shah and Samworth with r = −`concavity`."""
    first = math.ceil(least * steps - 1e-9)
    return 1.0 if first <= 0 else float(_greatest_tails(mean, steps, concavity)[first])


@functools.cache
def _greatest_tails(mean: float, steps: int, concavity: float) -> Array:
    """The greatest probabilities of X ≥ i/n for i = 0 … n.

    The extremes are f(i) ∝ (a + i)^(−1/`concavity`) on 0 … k, with less probability at k (Shah and Samworth, appendix).
    For each k, a lies between those whose whole distributions on 0 … k and on 0 … k − 1 have the mean; in between, the
    mean gives the probability at k.
    """
    points = np.arange(steps + 1)
    target = mean * steps
    lengths = np.arange(1, steps + 1)
    low, high = np.full(steps, -14.0), np.full(steps, 14.0)
    for _ in range(60):
        middle = (low + high) / 2
        power = _powers(10**middle, points, concavity) * (points <= lengths[:, None])
        less = (power @ points) / power.sum(axis=1) < target
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    tails = np.ones(steps + 1)
    found = np.zeros(steps + 1)
    for last in range(max(2, math.ceil(2 * target - 1e-9) + 1), steps + 1):
        offsets = np.logspace(low[last - 1], low[last - 2], 100)
        power = _powers(offsets, points[: last + 1], concavity)
        total, moment = power[:, :last].sum(axis=1), power[:, :last] @ points[:last]
        at_last = (target * total - moment) / (last - target)
        at_last = np.clip(at_last, 0, power[:, last])
        power[:, last] = at_last
        beyond = np.cumsum(power[:, ::-1], axis=1)[:, ::-1] / power.sum(axis=1)[:, None]
        found[: last + 1] = np.maximum(found[: last + 1], beyond.max(axis=0))
    # Up to twice the mean a distribution of equal probabilities is of the kind.
    sure = math.ceil(2 * target - 1e-9)
    tails[sure + 1 :] = found[sure + 1 :]
    return tails


def _powers(offsets: Array, points: NDArray[np.intp], concavity: float) -> Array:
    """(a + i)^(−1/`concavity`) relative to i = 0 [offsets, points]."""
    return np.asarray((1 + points / offsets[:, None]) ** (-1 / concavity))


def least_threshold(picked: float, features: int, pairs: int, wanted: float) -> float:
    """The least threshold above ½, as a share of all halves, whose bound is at most `wanted`; 1 if there is none."""
    for agreeing in range(pairs + 1, 2 * pairs + 1):
        threshold = agreeing / (2 * pairs)
        bounds = (
            unimodal_bound(picked, features, threshold, pairs),
            concave_bound(picked, features, threshold, pairs),
            meinshausen_buhlmann_bound(picked, features, threshold),
        )
        if min(bounds) <= wanted:
            return threshold
    return 1.0


def probabilities(picks: Array) -> Array:
    """The share of halves [features] that picked each feature, from picks [pairs, 2, features]."""
    return np.asarray(picks.mean(axis=(0, 1)))
