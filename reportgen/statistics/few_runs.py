"""What a post with few runs would have found: random samples of the runs that there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.statistics.comparison import Values

_CHOICES = 10_000
"""Number of random samples."""


@dataclass(frozen=True, kw_only=True)
class FewRuns:
    """How often either of two arms has the smaller sum of errors in a few random pairs of runs."""

    share: float
    second_share: float
    choices: int = _CHOICES


def compare_few(first: Values, second: Values, pairs: int, seed: int) -> FewRuns | None:
    """Draw `pairs` of the paired errors [runs] many times; None for at most so many pairs, or if none differs."""
    apart = first - second
    apart = apart[np.isfinite(apart)]
    if len(apart) <= pairs or not apart.any():
        return None
    rng = np.random.default_rng([seed, 9])
    chosen = rng.permuted(np.tile(np.arange(len(apart)), (_CHOICES, 1)), axis=1)[:, :pairs]
    sums = apart[chosen].sum(axis=1)
    return FewRuns(share=float(np.mean(sums < 0)), second_share=float(np.mean(sums > 0)))
