"""What the sections over a grid of strengths share: sums of weights and the least they can be, and collapses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections import Findings
from reportgen.sections.claims import Outcome
from reportgen.sections.helpers import is_curve, kinds_by_name, penalty_arms
from reportgen.statistics.comparison import Values
from reportgen.statistics.total_error import fitted_line
from reportgen.training.trajectory import Trajectory

SUMS = dict(zip(kinds_by_name(L1, L2), ("sum_abs", "sum_squares"), strict=True))
"""The key of the sum that each of these penalties minimizes; for them the least sum of a given slope is known."""
SIGNS = dict(zip(SUMS, ("Σ|w|", "Σw²"), strict=True))
"""How these sums are written."""
_POWERS = dict(zip(SUMS, (1, 2), strict=True))


def swept_arms(e: Experiment) -> dict[str, Arm]:
    """The arms whose penalties are swept, by kind of penalty: L1 and L2 if no arm has a penalty."""
    return penalty_arms(e) or penalty_arms(e, L1, L2)


def least_sums(slopes: Values, layers: int) -> dict[str, float]:
    """The smallest Σ|w| and Σw² of networks of this depth with such slopes, medians; see the section's text."""
    return {f"least_{SUMS[kind]}": median(layers * np.abs(slopes) ** (_POWERS[kind] / layers)) for kind in SUMS}


def kernel_sums(kernels: list[Any], size: Any) -> Values:
    """The sum of `size` of the weights of each network, given as its kernels, [networks]."""
    return np.array([sum(float(size(w.astype(np.float64)).sum()) for w in k) for k in kernels])


def median(values: Values) -> float:
    """The median; NaN of no values, as when every run diverged."""
    return float(np.median(values)) if len(values) else math.nan


def compare_with_least(trajectories: list[Trajectory], kind: str, layers: int) -> Findings:
    """Compare each run's penalty at one strength with the least for its slope."""
    finished = [t for t in trajectories if t.diverged is None]
    slopes = np.abs([fitted_line(t)[0] for t in finished]) if finished else np.array([math.nan])
    least = layers * slopes ** (_POWERS[kind] / layers)
    size = {"sum_abs": np.abs, "sum_squares": np.square}[SUMS[kind]]
    measured = kernel_sums([t.at(-1)[0] for t in finished], size) if finished else np.array([math.nan])
    ratio = np.divide(measured, least, out=np.full_like(least, np.nan), where=least > 1e-6)
    most = float(ratio.max())
    return {
        "slope": float(np.median(slopes)),
        "least": float(np.median(least)),
        "measured": float(np.median(measured)),
        "most": most,
        # Rounded up, since the sentence says "by no more than".
        "excess": most if math.isnan(most) else max(math.ceil((most - 1) * 1000) / 1000, 0.0),
    }


def least_sums_of_arms(
    e: Experiment, arms: Mapping[str, Arm], ended: Mapping[str, list[Trajectory]]
) -> list[dict[str, Any]]:
    """What L1 and L2 count at the λ of their arms, beside the least for the slope of each run.

    `ended` are the runs of each kind at that λ; empty unless the networks are deep straight lines.
    """
    if not is_curve(e) or e.network.activation != "linear" or not e.network.hidden:
        return []
    return [
        {"label": arms[kind].penalty.title, "strength": arms[kind].strength, "sum": SIGNS[kind]}
        | compare_with_least(ended[kind], kind, len(e.run(0).shapes))
        for kind in SUMS
        if any(t.diverged is None for t in ended.get(kind, ()))
    ]


def collapse_range(points: list[Findings]) -> Findings:
    """The strengths between which half of the networks or more collapse for good, and the first with any collapse."""
    gone = [p["ended"] > 0 and 2 * p["collapsed"] >= p["ended"] for p in points]
    from_here = next((i for i in range(len(points)) if all(gone[i:])), len(points))
    return {
        "after": points[from_here - 1]["strength"] if from_here else None,
        "by": points[from_here]["strength"] if from_here < len(points) else None,
        "first": next((p["strength"] for p in points if p["collapsed"]), None),
    }


def rates_below_half(rates: Sequence[Findings]) -> bool | Outcome:
    """True if each rate is below one half, False if one is above, by their intervals."""
    if any(rate["low"] > 0.5 for rate in rates):
        return False
    return True if all(rate["high"] < 0.5 for rate in rates) else "undecided"


def rates_above_half(rates: Sequence[Findings]) -> bool | Outcome:
    """True if each rate is above one half, False if one is below, by their intervals."""
    if any(rate["high"] < 0.5 for rate in rates):
        return False
    return True if all(rate["low"] > 0.5 for rate in rates) else "undecided"


def final_records(trajectories: list[Trajectory]) -> Trajectory:
    """A trajectory whose records are the final weights of several trainings."""
    first = trajectories[0]
    return Trajectory(
        source=first.source,
        steps=np.arange(len(trajectories), dtype=np.int32),
        kernels=tuple(np.stack([t.kernels[i][-1] for t in trajectories]) for i in range(len(first.kernels))),
        biases=tuple(np.stack([t.biases[i][-1] for t in trajectories]) for i in range(len(first.biases))),
        loss=None,
        penalty=None,
    )
