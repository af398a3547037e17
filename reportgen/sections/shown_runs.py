"""Which of an arm's runs a page shows: the median one by total test error, and a few others by their ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.sections import Trained
from reportgen.sections.helpers import l1_arm, plain_arms, trained_arm
from reportgen.statistics.total_error import total_errors
from reportgen.text import ordinal


@dataclass(frozen=True, kw_only=True)
class RankedRun:
    """One run of an arm among those that came to their end."""

    index: int
    """From 0; the runs of all arms with this index share data, order of samples and initial weights."""
    rank: int
    """From 1, the smallest total test error."""
    label: str
    """As "run 12: 15th of 30"."""


def ranking_arm(e: Experiment) -> Arm:
    """The arm whose total test errors rank the runs of all arms: that with L1, or else the first one.

    Arms with settings of their own do not rank the others.
    """
    return l1_arm(e) or plain_arms(e)[0]


def ranked_runs(e: Experiment, trained: Trained, first: Arm, *others: Arm) -> list[RankedRun]:
    """The runs that came to their end under all these arms, sorted by total test error under the first of them.

    Equal errors are sorted by index.
    """
    totals = np.stack([total_errors(trained_arm(e, arm, trained)) for arm in (first, *others)])
    ended = np.flatnonzero(np.isfinite(totals).all(axis=0))
    order = ended[np.argsort(totals[0][ended], kind="stable")].tolist()
    return [
        RankedRun(index=i, rank=rank, label=f"run {i + 1}: {ordinal(rank)} of {len(order)}")
        for rank, i in enumerate(order, 1)
    ]


def median_run(ranked: list[RankedRun]) -> RankedRun | None:
    """The run of the middle rank, the lower one of two; None if no run came to its end."""
    return ranked[(len(ranked) - 1) // 2] if ranked else None


def shown_runs(ranked: list[RankedRun], count: int = 5) -> list[RankedRun]:
    """The median run, then the others of `count` ranks that are evenly spaced from the best to the worst."""
    middle = median_run(ranked)
    if middle is None:
        return []
    places = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int).tolist()
    return [middle, *(ranked[place] for place in places if ranked[place] != middle)]
