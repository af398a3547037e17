"""Which inputs trained networks keep, at which errors, and which strength to choose by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Comparison
from reportgen.statistics.comparison import Difference, compare, compare_family
from reportgen.statistics.rates import rate_interval
from reportgen.training.network import forward
from reportgen.training.trajectory import Trajectory


@dataclass(frozen=True)
class NetworkErrors:
    """Mean squared errors of a network on new samples."""

    choosing: float
    """On the samples that choose a strength; `choosing_error` is its standard error."""
    choosing_error: float
    error: float
    """On the other samples."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What a network at one strength keeps, and its errors as it is and trained anew on that."""

    strength: float
    picked: NDArray[np.bool_]
    """Which inputs [I] it keeps."""
    units: int
    """Hidden units in use."""
    ranked: int
    """How many of the inputs with the largest weights count, of as many as count."""
    moved: int
    """Inputs that came or went in the last steps."""
    fit: NetworkErrors
    refit: NetworkErrors


def measure_errors(t: Trajectory, choosing: int) -> NetworkErrors:
    """NetworkErrors of a network at its end; the first `choosing` of its test samples choose a strength."""
    kernels, biases = ([w.astype(np.float64) for w in part] for part in t.at(-1))
    data = t.run.draw()
    squares = ((forward(kernels, biases, data.x_test, t.run.network.activation) - data.y_test) ** 2)[:, 0]
    return NetworkErrors(
        choosing=float(squares[:choosing].mean()),
        choosing_error=float(squares[:choosing].std(ddof=1) / choosing**0.5),
        error=float(squares[choosing:].mean()),
    )


def moved_inputs(t: Trajectory, steps: int) -> NDArray[np.bool_]:
    """Which inputs [I] were dropped or kept otherwise than at the end at a record of the last `steps` steps."""
    last = (t.kernels[0][int(np.searchsorted(t.steps, t.steps[-1] - steps)) :] != 0).max(axis=2)
    moved: NDArray[np.bool_] = (last != last[-1]).any(axis=0)
    return moved


def choose_strongest(trials: Sequence[Trial], errors: Callable[[Trial], NetworkErrors]) -> Trial:
    """The strongest penalty whose error on the samples for choosing is within one standard error of the least.

    References:
        Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section 3.4.3.
    """
    best = min(map(errors, trials), key=lambda found: found.choosing)
    limit = best.choosing + best.choosing_error
    return max((t for t in trials if errors(t).choosing <= limit), key=lambda t: t.strength)


@dataclass(frozen=True)
class Selected:
    """What networks keep and how they err, each at its chosen strength, one for each draw of the data."""

    chosen: list[float]
    strength: float
    """Median of the chosen strengths."""
    errors: list[float]
    refits: list[float]
    error: float
    refit: float
    """Means of the errors as they are, and trained anew."""
    kept: float
    kept_each: list[float]
    found: float
    """Inputs that count among those kept, and the others, means over draws."""
    false_picks: float
    units: float
    ranked: float
    shares: list[float]
    """The share of draws that keep each input."""
    irrelevant_share: float
    """The mean share of inputs that neither count nor are a double; `most_irrelevant` is the largest."""
    most_irrelevant: float
    least_counting: float
    double: float
    saving: float
    saving_least: float
    saving_most: float


def summarize_selection(
    trials: Sequence[Trial], counts: NDArray[np.bool_], irrelevant: NDArray[np.bool_], double: int
) -> Selected:
    """Summarize one trial for each draw; `counts`, `irrelevant` and `double` say which inputs play which role."""
    picked = np.array([t.picked for t in trials])
    shares, kept = picked.mean(axis=0), picked.sum(axis=1)
    errors, refits = ([found.error for found in of] for of in ([t.fit for t in trials], [t.refit for t in trials]))
    return Selected(
        chosen=[t.strength for t in trials],
        strength=float(np.median([t.strength for t in trials])),
        errors=errors,
        refits=refits,
        error=float(np.mean(errors)),
        refit=float(np.mean(refits)),
        kept=float(kept.mean()),
        kept_each=kept.astype(float).tolist(),
        found=float(picked[:, counts].sum(axis=1).mean()),
        false_picks=float(picked[:, ~counts].sum(axis=1).mean()),
        units=float(np.mean([t.units for t in trials])),
        ranked=float(np.mean([t.ranked for t in trials])),
        shares=shares.tolist(),
        irrelevant_share=float(shares[irrelevant].mean()),
        most_irrelevant=float(shares[irrelevant].max()),
        least_counting=float(shares[counts].min()),
        double=float(shares[double]),
        saving=float(1 - kept.mean() / picked.shape[1]),
        saving_least=float(1 - kept.max() / picked.shape[1]),
        saving_most=float(1 - kept.min() / picked.shape[1]),
    )


@dataclass(frozen=True)
class LastSteps:
    """Trainings under penalties that make zeros, and the inputs that came or went in their last steps."""

    steps: int
    runs: int
    still: int
    moved: float
    most: int


@dataclass(frozen=True)
class PathPoint:
    """Means over the draws at one strength."""

    strength: float
    kept: float
    error: float
    refit: float


def mean_path(tried: Sequence[Sequence[Trial]]) -> list[PathPoint]:
    """Means over the draws, from trials by draw and strength."""
    values = np.array([[(t.strength, t.picked.sum(), t.fit.error, t.refit.error) for t in draw] for draw in tried])
    return [PathPoint(*means) for means in values.mean(axis=0).tolist()]


@dataclass(frozen=True)
class MatchedTrials:
    """L1 and the group lasso at equal errors, each at one strength in all draws."""

    l1_strength: float
    group_strength: float
    l1_kept: float
    group_kept: float
    """Inputs kept, means over draws."""
    l1_units: float
    group_units: float
    """Hidden units in use, means over draws."""
    error: Difference
    """Group lasso less L1."""
    inputs: Difference
    """Group lasso less L1, in inputs kept; one more or less counts as practically equal."""
    units: Difference
    """L1 less group lasso, in units in use; one more or less counts as practically equal."""


def match_errors(
    l1: Sequence[Sequence[Trial]], group: Sequence[Sequence[Trial]], margin: float, rule: Comparison
) -> MatchedTrials:
    """Compare trials by draw and strength: L1 where its error is least over all draws, and the group lasso where its
    error is nearest to that, on the samples for choosing."""
    first, second = (np.mean([[t.fit.choosing for t in draw] for draw in tried], axis=0) for tried in (l1, group))
    best = int(first.argmin())
    nearest = int(np.abs(second - first[best]).argmin())
    pairs = [(draw[best], other[nearest]) for draw, other in zip(l1, group, strict=True)]
    errors, kept, units = (
        np.array(values, np.float64)
        for values in (
            [(a.fit.error, b.fit.error) for a, b in pairs],
            [(a.picked.sum(), b.picked.sum()) for a, b in pairs],
            [(a.units, b.units) for a, b in pairs],
        )
    )
    of_inputs, of_units = compare_family([(kept[:, 1], kept[:, 0]), (units[:, 0], units[:, 1])], 1.0, rule)
    return MatchedTrials(
        l1_strength=l1[0][best].strength,
        group_strength=group[0][nearest].strength,
        l1_kept=float(kept[:, 0].mean()),
        group_kept=float(kept[:, 1].mean()),
        l1_units=float(units[:, 0].mean()),
        group_units=float(units[:, 1].mean()),
        error=compare(errors[:, 1], errors[:, 0], margin, rule),
        inputs=of_inputs,
        units=of_units,
    )


def are_separated(right: NDArray[np.bool_], confidence: float) -> bool | None:
    """Whether each input is judged right in most draws, from what is right [draws, inputs].

    True if every interval of a rate says so, which needs no correction; False if one says the opposite, corrected by
    Bonferroni for the number of inputs; else None.
    """
    draws, inputs = right.shape
    events = [int(of_input.sum()) for of_input in right.T]
    corrected = 1 - (1 - confidence) / inputs
    if any(rate_interval(count, draws, corrected)[1] < 0.5 for count in events):
        return False
    return True if all(rate_interval(count, draws, confidence)[0] > 0.5 for count in events) else None
