"""Words for findings, and whether they may speak of the post of 2018. No statistics, so that stored pages need none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reportgen.datasets.line import Line
from reportgen.experiment import Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.text import number, plural
from reportgen.training.network import Network
from reportgen.training.run import Training


def is_post(e: Experiment) -> bool:
    """True for the experiment of the post of 2018: its data, network and training, and L1 or L2 at its λ of 0.3.

    Seeds may differ, and so may the schedule, the order of samples and the kind of step, which the post did not settle.
    """
    of_post, settled = Training(), ("optimizer", "learning_rate", "batch_size", "epochs", "loss")
    return (
        e.data == Line()
        and not e.fresh_data
        and e.network == Network()
        and all(getattr(e.training, name) == getattr(of_post, name) for name in settled)
        and any(arm.strength == 0.3 and isinstance(arm.penalty, L1 | L2) for arm in e.arms)
    )


_REASONS = {
    "few pairs": "so few pairs decide nothing",
    "ties": "too few pairs differ from the others to show how far they can",
    "family": "among so many comparisons an interval has to clear the margin by more",
    "skew": "so few pairs with such a tail do not show where the mean lies",
    "noise": "the interval reaches across an edge of the margin",
    "rounding": "the verdict changes when initial weights move by a millionth, so it hangs on rounding",
}


def why_undecided(difference: Mapping[str, Any]) -> str:
    """Why the verdict of a difference, as findings, is undecided: a clause without a period; empty if it is decided."""
    if difference.get("pairs") == 0:
        return "no pair of runs can be compared"
    return _REASONS.get(difference["reason"] or "", "")


def describe_interval(difference: Mapping[str, Any], spec: str = ".2f") -> str:
    """The interval of a difference, as findings, in words; few pairs with a long tail may leave an end open."""
    ends = (difference["low"], difference["high"])
    low, high = (None if end is None or not math.isfinite(end) else number(end, spec) for end in ends)
    if low and high:
        return f"interval {low} to {high}"
    return f"interval up to {high}" if high else f"interval from {low} up" if low else "interval without ends"


def describe_difference(found: Mapping[str, Any], spec: str = ".2g", less: str = "lower", more: str = "higher") -> str:
    """A paired difference, as findings, with its interval: "2.1 lower (1.3 to 2.9)".

    The interval is told in the direction of the estimate; where it reaches to the other side, both sides are named:
    "0.3 lower (1.2 lower to 0.6 higher)". An end that few pairs leave open is told as "no limit".
    """
    estimate, low, high = (found[key] for key in ("estimate", "low", "high"))
    if estimate is None:
        return "not known"
    ends = [
        end if end is not None and math.isfinite(end) else math.copysign(math.inf, sign)
        for end, sign in ((low, -1), (high, 1))
    ]
    sizes = [number(abs(end), spec) if math.isfinite(end) else "no limit" for end in ends]
    if ends[0] < 0 < ends[1]:
        sides = [f" {word}" if math.isfinite(end) else "" for end, word in zip(ends, (less, more), strict=True)]
        interval = f"{sizes[0]}{sides[0]} to {sizes[1]}{sides[1]}"
    else:
        interval = " to ".join(sizes if estimate >= 0 else reversed(sizes))
    size = number(abs(estimate), spec)
    return f"{size} {less if estimate < 0 else more} ({interval})" if estimate else f"{size} ({interval})"


def why_any_undecided(differences: Iterable[Mapping[str, Any]]) -> str:
    """Why some of these differences are undecided, each reason once; empty if all are decided."""
    return "; ".join(dict.fromkeys(filter(None, map(why_undecided, differences))))


def join_words(items: Sequence[object]) -> str:
    """The items as words: "a", "a and b", "a, b and c"."""
    *most, last = [str(item) for item in items] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def too_few_runs(e: Experiment) -> str:
    """A sentence that says that the experiment has too few runs to decide a comparison; empty if it has enough."""
    fewest = e.comparison.fewest_pairs
    if e.runs.count >= fewest:
        return ""
    runs = plural(e.runs.count, "run")
    return f"With {runs} per arm no comparison over them can be decided; it takes at least {fewest}."
