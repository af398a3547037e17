"""The variance between runs: its sources, and endings of a training that reduce it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, any_outcome, difference_outcome
from reportgen.sections.helpers import mean, plain_arms, table, vary
from reportgen.sections.wording import is_post
from reportgen.statistics import variance
from reportgen.statistics.comparison import Difference, Values, compare_family
from reportgen.statistics.total_error import loss_in
from reportgen.statistics.variance import FEWEST_BLOCKS, SOURCES, NumberWithInterval
from reportgen.text import number
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

TRAINED: dict[str, dict[str, Any]] = {
    "constant": {"schedule": "constant", "order": "fixed"},
    "reshuffled": {"schedule": "constant", "order": "reshuffled"},
    "decayed": {"schedule": "linear", "order": "fixed"},
}
ENDINGS = {
    "constant": "constant rate, last step",
    "averaged": "constant rate, averaged",
    "reshuffled": "constant rate, reshuffled",
    "decayed": "rate falling to zero",
}
"""The endings of a training. Averages are taken of the runs with a constant rate, after training."""
NAMES = {
    "data": "data draw",
    "order": "sample order",
    "init": "initial weights",
    "both": "order and weights jointly",
    "last": "last iterate",
}
ORDERS, INITS = 3, 2
MOST_ARMS = 3
_WINDOW = 20
"""The most steps of the last epoch at which weights are recorded."""
EQUAL_SPREAD = 1.25
"""Standard deviations of which one is at most this many times the other are practically equal."""


@dataclass(frozen=True)
class Interval:
    """A number with its interval."""

    estimate: float
    low: float
    high: float
    words: str
    """"54% (41% to 66%)", or "at most 12%" of a number that may be zero."""


@dataclass(frozen=True)
class Ending:
    """The total error where training ends in one way."""

    label: str
    error: float
    shares: dict[str, Interval]
    """Of the variance, by source; an unbiased estimate of a share can be below zero."""
    deviation: Interval
    within: Interval
    """The standard deviation in all, and within one draw of the data."""
    ratio: Interval
    """`within` as a multiple of that with the constant rate."""
    difference: Difference | None
    """From the mean error with the constant rate; None for the constant rate."""


@dataclass(frozen=True)
class ArmDeviations:
    """Standard deviations of an arm by source; zero for an estimate of a variance below zero."""

    label: str
    ending: str
    deviations: dict[str, float]


@dataclass(frozen=True)
class StabilityFindings:
    """What the section found."""

    post: bool
    arms: list[str]
    draws: int
    draws_used: int
    """Draws of the data on which every run ended."""
    orders: int
    inits: int
    window: int
    several_steps: bool
    epoch: int
    """Steps of an epoch, of which errors are measured at `window` in the last."""
    endings: dict[str, Ending]
    by_arm: list[ArmDeviations]
    averaged_decayed: Difference
    averaged_decayed_ratio: Interval
    """Averaging against a rate that falls to zero: the mean error, and the spread within a draw of the data."""
    refusal: str
    """Why the sources cannot be told apart; empty if they can."""
    margin: float
    spread_margin: float


@sections.register("stability")
class Stability(Section[StabilityFindings]):
    """The sources of variance, which the closing remarks of the post suspected."""

    title = "How far a single run can be trusted"
    claims = (
        Claim(
            name="results-depend-on-the-schedule",
            post="The results depend on the learning rate.",
            test=lambda f: any_outcome(
                _is_another_spread(f.endings.decayed.ratio),
                difference_outcome(f.endings.decayed.difference, "better", "worse"),
            ),
        ),
        Claim(
            name="decay-lowers-the-error",
            test=lambda f: difference_outcome(f.endings.decayed.difference, "better"),
        ),
        Claim(
            name="averaging-does-as-well-as-decay",
            test=lambda f: _of_several_steps(
                f,
                all_outcomes(
                    _is_below(f.averaged_decayed_ratio, EQUAL_SPREAD),
                    difference_outcome(f.averaged_decayed, "better", "practically equal"),
                ),
            ),
        ),
        Claim(
            name="reshuffling-alone-does-not-settle",
            test=lambda f: _is_above(f.endings.reshuffled.ratio, 0.5),
        ),
        Claim(
            name="the-last-iterate-dominates",
            test=lambda f: _of_several_steps(f, _is_above(f.endings.constant.shares.last, 0.5)),
        ),
        Claim(
            name="initial-weights-hardly-matter",
            test=lambda f: _is_below(f.endings.constant.shares.init, 0.1),
        ),
        Claim(
            name="what-remains-is-the-data",
            test=lambda f: _is_above(f.endings.decayed.shares.data, 0.5),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in _arms(e) for trained in TRAINED for run in self._crossed_runs(e, arm, trained)]

    def _crossed_runs(self, e: Experiment, arm: Arm, trained: str) -> list[Run]:
        """Runs with several orders and initial weights for each draw of the data, all crossed."""
        training = {**TRAINED[trained], "full_batch_steps": 0}
        first = vary(e.run(0), training=training, penalty=arm.penalty, strength=arm.strength, step=arm.step)
        first = vary(first, recording=Recording(every=None, at=_window_steps(first), loss=False))
        return [
            vary(
                first,
                data_seed=e.data_seed + d,
                order_seed=e.runs.seed + d * ORDERS + o,
                init_seed=e.runs.seed + d * INITS + i,
            )
            for d in range(_draw_count(e))
            for o in range(ORDERS)
            for i in range(INITS)
        ]

    def findings(self, e: Experiment, trained: Trained, study: object) -> StabilityFindings:
        errors: dict[str, list[Values]] = {name: [] for name in ENDINGS}
        for arm in _arms(e):
            for name in TRAINED:
                runs = [trained[run] for run in self._crossed_runs(e, arm, name)]
                # The errors if training had stopped at each step of the window: [runs, steps].
                errors[name].append(np.array([_window_errors(t) for t in runs]))
                if name == "constant":
                    errors["averaged"].append(np.array([_window_errors(t, averaged=True) for t in runs]))
        design = (len(_arms(e)), _draw_count(e), ORDERS, INITS, -1)
        return measure(e, {name: np.array(by_arm).reshape(design) for name, by_arm in errors.items()})

    def media(self, e: Experiment, trained: Trained, study: object, findings: StabilityFindings) -> Iterable[Picture]:
        if findings.refusal:
            return
        endings = findings.endings.values()
        rows: list[dict[str, Any]] = [
            {"label": ending.label, "values": [max(ending.shares[source].estimate, 0.0) for source in SOURCES]}
            for ending in endings
        ]
        parts, axis = [NAMES[source] for source in SOURCES], "share of the variance of the total error"
        yield Picture(name="spread", figure="shares", inputs={"parts": parts, "rows": rows, "xlabel": axis})
        rows = [
            {"label": f"{ending.label}: {what}", "value": found.estimate, "low": found.low, "high": found.high}
            for ending in endings
            for found, what in ((ending.deviation, "in all"), (ending.within, "within a draw"))
        ]
        axis = "standard deviation of the total error"
        yield Picture(name="endings", figure="bars", inputs={"rows": rows, "xlabel": axis})

    def tables(self, e: Experiment, findings: StabilityFindings) -> Iterable[Table]:
        columns = {
            "label": ("training ends with", ""),
            "error": ("mean total error", ".2f"),
            "deviation.estimate": ("standard deviation", ".2f"),
        }
        columns |= {f"shares.{source}.words": (label, "") for source, label in NAMES.items()}
        yield table("spread", findings.endings.values(), columns)
        columns = {"label": ("arm", ""), "ending": ("training ends with", "")}
        columns |= {f"deviations.{source}": (label, ".2f") for source, label in NAMES.items()}
        yield table("deviations", findings.by_arm, columns)

    def headline(self, e: Experiment, findings: StabilityFindings) -> str | None:
        constant, decayed = (findings.endings[name].within.estimate for name in ("constant", "decayed"))
        if not math.isfinite(constant + decayed):
            return None
        return (
            f"On one draw of the data the error of a single run has a standard deviation of {constant:.1f} with a "
            f"constant learning rate and of {decayed:.2f} with one that falls to zero."
        )


def _draw_count(e: Experiment) -> int:
    """Number of draws of the data: a third of the number of runs."""
    return max(e.runs.count // 3, 2)


def _epoch_steps(run: Run) -> int:
    """Number of steps in the last epoch."""
    return run.training.batches(run.training_samples)


def _window_steps(run: Run) -> tuple[int, ...]:
    """The recorded steps of the last epoch, evenly spaced, including the last."""
    count = min(_epoch_steps(run), _WINDOW)
    return tuple(int(step) for step in np.round(run.steps - np.arange(count)[::-1] * (_epoch_steps(run) / count)))


def _window_errors(trajectory: Trajectory, averaged: bool = False) -> Values:
    """Total error with the weights of each step of the window [steps], or with the mean of their outputs [1].

    NaN if the run diverged.
    """
    run, data, steps = trajectory.run, trajectory.run.draw(), _window_steps(trajectory.run)
    if trajectory.diverged is not None:
        return np.full(1 if averaged else len(steps), np.nan)
    records = np.isin(trajectory.steps, steps)
    kernels, biases = ([w[records] for w in part] for part in (trajectory.kernels, trajectory.biases))
    outputs = np.asarray(forward(kernels, biases, data.x_test, run.network.activation), np.float64)
    if averaged:
        outputs = outputs.mean(axis=0, keepdims=True)
    return np.asarray(loss_in(trajectory).errors(outputs, data.y_test).sum(axis=-1))


def measure(e: Experiment, errors: Mapping[str, Values]) -> StabilityFindings:
    """Findings from the errors of each ending, [arms, draws, orders, inits, steps]; those of diverged runs are NaN."""
    # A draw of the data counts only if all its runs ended, for all arms and endings.
    complete = np.all([np.isfinite(values).all(axis=(0, 2, 3, 4)) for values in errors.values()], axis=0)
    draws = int(complete.sum())
    means = {name: np.where(complete, values.mean(axis=(0, 2, 3, 4)), np.nan) for name, values in errors.items()}
    pairs = [("averaged", "constant"), ("reshuffled", "constant"), ("decayed", "constant"), ("averaged", "decayed")]
    differences = compare_family([(means[a], means[b]) for a, b in pairs], e.margin, e.comparison)
    compared = dict(zip(pairs, differences, strict=True))
    confidence = e.comparison.confidence
    by_arm = {name: [_mean_squares(of_arm[complete]) for of_arm in values] for name, values in errors.items()}
    squares = {name: np.mean(of_arms, axis=0) for name, of_arms in by_arm.items()}
    parts = {name: variance.coefficients(ORDERS, INITS, values.shape[-1]) for name, values in errors.items()}
    within = {name: part[1:].sum(axis=0) for name, part in parts.items()}

    def ratio(above: str, below: str, spec: str = ".0%") -> Interval:
        both = np.hstack([squares[above], squares[below]])
        nothing = np.zeros_like(within[above])
        first, second = np.hstack([within[above], nothing]), np.hstack([nothing, within[below]])
        return _interval(variance.deviation(both, first, confidence, relative_to=second), spec)

    def ending(name: str) -> Ending:
        whole = parts[name].sum(axis=0)
        shares = [variance.share(squares[name], part, whole, confidence) for part in parts[name]]
        return Ending(
            label=ENDINGS[name],
            error=mean(means[name][complete].tolist()),
            shares={source: _interval(share, ".0%") for source, share in zip(SOURCES, shares, strict=True)},
            deviation=_interval(variance.deviation(squares[name], whole, confidence), ".2f"),
            within=_interval(variance.deviation(squares[name], within[name], confidence), ".2f"),
            ratio=ratio(name, "constant"),
            difference=compared.get((name, "constant")),
        )

    endings = {name: ending(name) for name in ENDINGS}
    known = [found.estimate for of in endings.values() for found in (of.within, of.ratio)]
    refusal = ""
    if not np.isfinite(known).all():
        refusal = "the errors of runs on one draw of the data do not differ"
        if draws < FEWEST_BLOCKS:
            refusal = f"every run ended on {draws} of {len(complete)} draws of the data, and it takes {FEWEST_BLOCKS}"
    window, epoch = len(_window_steps(e.run(0))), _epoch_steps(e.run(0))
    return StabilityFindings(
        post=is_post(e),
        arms=[f"{arm.label} (λ = {number(arm.strength, 'g')})" if arm.strength else arm.label for arm in _arms(e)],
        draws=len(complete),
        draws_used=draws,
        orders=ORDERS,
        inits=INITS,
        window=window,
        several_steps=window > 1,
        epoch=epoch,
        endings=endings,
        by_arm=[
            ArmDeviations(arm.label, label, _deviations(parts[name], by_arm[name][i]))
            for i, arm in enumerate(_arms(e))
            for name, label in ENDINGS.items()
        ],
        averaged_decayed=compared["averaged", "decayed"],
        averaged_decayed_ratio=ratio("averaged", "decayed", ".2g"),
        refusal=refusal,
        margin=e.margin,
        spread_margin=EQUAL_SPREAD,
    )


def _arms(e: Experiment) -> list[Arm]:
    """The first arm of each kind of penalty, `MOST_ARMS` at most; without strength, a penalty is none.

    Arms with other settings of their own do not count.
    """
    kinds: dict[type[Penalty], Arm] = {}
    for arm in plain_arms(e):
        kinds.setdefault(type(arm.penalty) if arm.strength else NoPenalty, arm)
    return list(kinds.values())[:MOST_ARMS]


def _mean_squares(errors: Values) -> Values:
    return variance.mean_squares(errors) if len(errors) >= FEWEST_BLOCKS else np.empty((0, 8))


def _deviations(parts: Values, squares: Values) -> dict[str, float]:
    if not len(squares):
        return dict.fromkeys(SOURCES, math.nan)
    deviations: list[float] = np.sqrt(np.maximum(parts @ squares.mean(axis=0), 0.0)).tolist()
    return dict(zip(SOURCES, deviations, strict=True))


def _interval(found: NumberWithInterval, spec: str) -> Interval:
    estimate, low, high = (number(value, spec) for value in found)
    open_below = found[1] <= 0 or low == number(0.0, spec)
    words = f"at most {high}" if open_below else f"{estimate} ({low} to {high})"
    return Interval(*found, words=words)


def _is_below(measured: Any, limit: float) -> bool | Outcome:
    """True if the interval is below the limit, False if above, else undecided."""
    return True if measured.high < limit else False if measured.low > limit else "undecided"


def _is_above(measured: Any, limit: float) -> bool | Outcome:
    return True if measured.low > limit else False if measured.high < limit else "undecided"


def _is_another_spread(ratio: Any) -> bool | Outcome:
    """True if the interval is outside of what is practically equal, False if within."""
    if ratio.low > EQUAL_SPREAD or ratio.high < 1 / EQUAL_SPREAD:
        return True
    return False if ratio.low >= 1 / EQUAL_SPREAD and ratio.high <= EQUAL_SPREAD else "undecided"


def _of_several_steps(f: Any, outcome: bool | Outcome | None) -> bool | Outcome | None:
    """The outcome, unless an epoch has a single step: then no claim about stopping at another one applies."""
    return outcome if f.several_steps else None
