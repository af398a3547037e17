"""Stability selection: how often a feature is among the first that a lasso path takes, over halves of the rows.

References:
    Meinshausen and Bühlmann, Stability Selection, JRSS B 2010.
    Shah and Samworth, Variable Selection with Error Control: Another Look at Stability Selection, JRSS B 2013.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reportgen.study.models import learn
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
    probabilities f are such that f^(−r) is convex: D of Shah and Samworth, r = `concavity`.

    The extremes are f(i) ∝ (a + i)^(−1/r) on 0 … k, with less probability at its last point (their appendix). For a
    given k, both a and the last probability follow from the mean and one free number, which is searched for.
    """
    if mean * 1 >= least:
        return 1.0
    first = math.ceil(least * steps - 1e-9)
    if first <= 0:
        return 1.0
    target = mean * steps
    points = np.arange(steps + 1)
    best = 0.0
    offsets = np.geomspace(1e-6, 1e6, 4001)
    power = (offsets[:, None] + points) ** (-1 / concavity)
    power /= power[:, :1]
    total, moment = np.cumsum(power, axis=1), np.cumsum(power * points, axis=1)
    for last in range(first, steps + 1):
        # Below `last` the whole probability, at `last` a share s of it, such that the mean is met.
        whole, part = total[:, last - 1], moment[:, last - 1]
        at = power[:, last]
        gap = target * whole - part
        share = gap / (at * (last - target)) if last > target else np.full(len(offsets), np.inf)
        fits = (share >= 0) & (share <= 1)
        if fits.any():
            mass = whole + share * at
            beyond = (whole - (total[:, first - 1])) + share * at
            best = max(best, float((beyond / mass)[fits].max()))
    return min(1.0, best)


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
