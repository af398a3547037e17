"""L1 by subgradient steps and by proximal steps, from the same seeds."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Experiment
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    article_animation,
    at_rest,
    collapsed_runs,
    compare_arms,
    errors_without_collapses,
    finite_median,
    is_curve,
    l1_arm,
    mean,
    own_arm,
    rate_findings,
    table,
    varied_runs,
    vary,
)
from reportgen.statistics.comparison import Difference, compare
from reportgen.statistics.least_cost import least_l1_cost
from reportgen.statistics.sparsity import BAND_QUANTILES, Band, below_share, measure_band, zero_share
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import number
from reportgen.training.network import Weights
from reportgen.training.run import MOST_SEEN, Recording, Run, Step
from reportgen.training.trajectory import Trajectory

STEPS: dict[Step, str] = {"subgradient": "L1 by plain gradient", "proximal": "L1"}
"""Both kinds of step, and what they are called where no arm has them."""
SETTINGS = ((0.25, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1 / 3))
"""Multiples of the experiment's (η, λ) at which the band is measured; all share one compiled program."""
TOLERANCE = 0.25
"""The band scales with η·λ if the median size of weights in units of η·λ varies by less than this share."""
ARRIVED = 0.01
"""A run arrives at the least cost if at most this share of the way down from its start is left."""
LONGER = 4
"""How many times as many epochs have the runs whose lowest cost stands for the least, where that is not known."""


@dataclass(frozen=True)
class StepFindings:
    """What one kind of step leaves, at the end of the experiment's training unless told."""

    label: str
    zero: float
    """Share of the weights that are exactly zero; `below` is that of those within η·λ."""
    below: float
    error: dict[str, float]
    cost: float
    """Median of loss plus penalty; `above` is how far that is above the least."""
    above: float
    resting: float
    """Median cost where the learning rate falls to zero."""
    arrived: dict[str, Any]
    """The rate of runs that arrive at the least cost where the learning rate falls to zero."""
    collapsed: int
    """Of those, the runs that collapsed."""


@dataclass(frozen=True)
class SubgradientFindings:
    """What the section found."""

    strength: float
    arm: str | None
    """The arm that λ is taken from; None if it is the section's own."""
    threshold: float
    subgradient: StepFindings
    proximal: StepFindings
    least: float
    """The least cost, or the lowest that longer trainings reached."""
    least_is_known: bool
    arrived_at: float
    """The share of the way down that may be left where a run arrives."""
    way: float
    """How far the start is above the least cost."""
    cost_difference: Difference
    """Proximal minus subgradient, as `difference`, which is that of total errors; both where the rate falls to zero."""
    difference: Difference
    compared_in_errors: bool
    """True if the section on errors compares the two, as arms of the experiment."""
    margin: float
    tried: int
    """Number of settings at which the band was measured, of which `bands` has those with runs that ended."""
    bands: list[Band]


def _bands_agree(f: Any) -> bool | Outcome | None:
    """True if sizes in units of η·λ agree between all settings, and most weights are within η·λ."""
    if not f.tried:
        return None
    if len(f.bands) < 2:
        return "undecided"
    shares = [band.share for band in f.bands]
    return max(shares) <= (1 + TOLERANCE) * min(shares) and all(band.below > 0.5 for band in f.bands)


def _most_arrive(f: Any) -> bool | Outcome:
    """True if most runs of each kind of step arrive, False if most of one kind do not, by intervals of their rates."""
    rates = [f.subgradient.arrived, f.proximal.arrived]
    if any(rate.high < 0.5 for rate in rates):
        return False
    return True if all(rate.low > 0.5 for rate in rates) else "undecided"


@sections.register("subgradient")
class Subgradient(Section[SubgradientFindings]):
    """The same penalty with two kinds of step."""

    title = "A corner you cannot differentiate"
    claims = (
        Claim(
            name="subgradient-leaves-no-zeros",
            test=lambda f: f.subgradient.zero < 0.01 and f.subgradient.below > 0.5,
        ),
        Claim(name="the-band-is-as-wide-as-a-step", test=_bands_agree),
        Claim(
            name="l1-can-be-minimized",
            post="L1 has no derivative at zero, but it can be minimized all the same.",
            test=_most_arrive,
        ),
        Claim(
            name="both-steps-reach-one-cost",
            test=lambda f: difference_outcome(f.cost_difference, "practically equal"),
        ),
        Claim(
            name="zeros-cost-nothing",
            test=lambda f: None if f.compared_in_errors else difference_outcome(f.difference, "practically equal"),
        ),
        Claim(
            name="proximal-steps-give-zeros",
            test=lambda f: f.proximal.zero > f.subgradient.zero + 0.1,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for step in STEPS for run in _step_runs(e, step))
        yield from (run for step in STEPS for run in _runs_at_rest(e, step))
        if not _knows_least_cost(e):
            yield from (run for step in STEPS for run in _runs_at_rest(e, step, LONGER))
        yield from (run for setting in _settings(e) for run in _setting_runs(e, *setting))

    def findings(self, e: Experiment, trained: Trained, study: object) -> SubgradientFindings:
        λ, arm, least = _strength(e), l1_arm(e), _least_costs(e, trained)
        resting = {step: [trained[run] for run in _runs_at_rest(e, step)] for step in STEPS}
        start, costs = _costs(resting["subgradient"], 0), {step: _costs(resting[step], -1) for step in STEPS}
        errors = {step: errors_without_collapses(resting[step]) for step in STEPS}
        way = finite_median(start - least)

        def measure(step: Step) -> StepFindings:
            runs = [trained[run] for run in _step_runs(e, step)]
            ended = [t.at(-1)[0] for t in runs if t.diverged is None]
            arrived = (start - costs[step]) >= (1 - ARRIVED) * (start - least)
            return StepFindings(
                label=_label(e, step),
                zero=mean([zero_share(k) for k in ended]),
                below=mean([below_share(k, e.training.learning_rate * λ) for k in ended]),
                error=summarize(total_errors(runs)),
                cost=finite_median(_costs(runs, -1)),
                above=finite_median(_costs(runs, -1) - least),
                resting=finite_median(costs[step]),
                arrived=rate_findings(arrived[np.isfinite(costs[step])], e.comparison),
                collapsed=int(collapsed_runs(resting[step]).sum()),
            )

        bands = []
        for rate, force in _settings(e):
            runs = [trained[run] for run in _setting_runs(e, rate, force)]
            if ended := [t.at(-1)[0] for t in runs if t.diverged is None]:
                bands.append(measure_band(ended, rate * e.training.learning_rate, force * λ))
        return SubgradientFindings(
            strength=λ,
            arm=arm.label if arm else None,
            threshold=e.training.learning_rate * λ,
            subgradient=measure("subgradient"),
            proximal=measure("proximal"),
            least=finite_median(least),
            least_is_known=_knows_least_cost(e),
            arrived_at=ARRIVED,
            way=way,
            # Without a known way down no difference can be judged.
            cost_difference=compare(costs["proximal"], costs["subgradient"], max(ARRIVED * way, 0.0), e.comparison)
            if way == way
            else compare(start * math.nan, start, 0.0, e.comparison),
            difference=compare_arms(e, errors["proximal"], errors["subgradient"]),
            # One question is asked once.
            compared_in_errors=all((own := own_arm(e, L1, step)) and own.strength == λ for step in STEPS),
            margin=e.margin,
            tried=len(_settings(e)),
            bands=sorted(bands, key=lambda band: band.band),
        )

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: SubgradientFindings
    ) -> Iterable[Picture | Animation]:
        first = {step: trained[_step_runs(e, step)[0]] for step in STEPS}
        both = (findings.subgradient, findings.proximal)
        yield article_animation(
            "weights-steps",
            ["weights"],
            [Panel(title=_label(e, step), trajectory=t) for step, t in first.items()],
            alt="Weight matrices of two networks from the same start. Share of the weights of all runs that is exactly "
            "zero at the end: " + "; ".join(f"{found.label} {number(found.zero, '.0%')}" for found in both) + ".",
        )
        weight = _dead_weight([*first.values()], findings.threshold)
        if weight is not None and findings.tried:
            yield _weight_picture(e, first, weight, findings.threshold)
        if findings.bands:
            yield _band_picture(findings.bands)

    def tables(self, e: Experiment, findings: SubgradientFindings) -> Iterable[Table]:
        columns = {
            "label": ("step", ""),
            "zero": ("exactly zero", ".1%"),
            "below": ("|w| ≤ η·λ", ".1%"),
            "error.median": ("median total error", ".2f"),
            "error.count": ("runs", "d"),
            "resting": ("median cost, at rest", ".4g"),
            "arrived.events": ("reach the least cost", "d"),
            "arrived.count": ("of", "d"),
        }
        yield table("steps", (findings.subgradient, findings.proximal), columns)
        if findings.bands:
            columns = {
                "learning_rate": ("η", "g"),
                "strength": ("λ", "g"),
                "band": ("η·λ", ".3g"),
                "below": ("|w| ≤ η·λ", ".1%"),
                "median": ("median |w|", ".2g"),
                "share": ("median |w| / η·λ", ".2f"),
                "runs": ("runs", "d"),
            }
            yield table("band", findings.bands, columns)

    def headline(self, e: Experiment, findings: SubgradientFindings) -> str | None:
        zeros = findings.subgradient.zero, findings.proximal.zero
        if math.isnan(sum(zeros)):
            return None
        told = "plain gradient steps leave {:.0%} of the weights at zero, proximal steps {:.0%}".format(*zeros)
        return (
            f"The step decides whether L1 gives zeros: {told}." if zeros[1] > 0.5 > zeros[0] else f"Under L1, {told}."
        )


def _strength(e: Experiment) -> float:
    """λ of the experiment's arm with L1, else one of the section's own."""
    arm = l1_arm(e)
    return arm.strength if arm else DEFAULT_STRENGTH


def _label(e: Experiment, step: Step) -> str:
    arm = own_arm(e, L1, step)
    return arm.label if arm else STEPS[step]


def _step_runs(e: Experiment, step: Step) -> list[Run]:
    return [vary(e.run(i), penalty=L1(), strength=_strength(e), step=step) for i in range(e.runs.count)]


def _runs_at_rest(e: Experiment, step: Step, times: int = 1) -> list[Run]:
    """The same with a learning rate that falls to zero, over a multiple of the epochs."""
    epochs = min(times * e.training.epochs, MOST_SEEN // e.data.training_samples)
    training = {"schedule": at_rest(e), "epochs": epochs}
    return [vary(run, recording=Recording(every=None), training=training) for run in _step_runs(e, step)]


def _settings(e: Experiment) -> tuple[tuple[float, float], ...]:
    """The settings at which the band is measured: with momentum or Adam a step of the penalty is not η·λ wide."""
    return SETTINGS if e.training.optimizer == "sgd" else ()


def _setting_runs(e: Experiment, rate: float, force: float) -> list[Run]:
    """L1 by subgradient steps at multiples of the learning rate and of λ, at a constant rate."""
    training = {"learning_rate": rate * e.training.learning_rate, "schedule": "constant"}
    return varied_runs(e, e.runs.count, penalty=L1(), strength=force * _strength(e), training=training)


def _knows_least_cost(e: Experiment) -> bool:
    """True if the least cost can be computed: see `least_l1_cost`."""
    return is_curve(e) and (e.network.activation == "linear" or not e.network.hidden)


def _least_costs(e: Experiment, trained: Trained) -> NDArray[np.float64]:
    """For each run the least cost possible, or the lowest that longer trainings on the same data reach."""
    if _knows_least_cost(e):
        layers, loss = len(e.run(0).shapes), e.training.loss
        draws = [e.run(i).draw() for i in range(e.runs.count if e.fresh_data else 1)]
        known = [least_l1_cost(d.x_train, d.y_train, layers, _strength(e), loss) for d in draws]
        return np.resize(known, e.runs.count)
    trainings = [_runs_at_rest(e, step, times) for step in STEPS for times in (1, LONGER)]
    lowest = np.fmin.reduce(np.array([_costs([trained[run] for run in runs], -1) for runs in trainings]), axis=0)
    return lowest if e.fresh_data else np.full(len(lowest), np.fmin.reduce(lowest))


def _weight_picture(e: Experiment, first: dict[Step, Trajectory], weight: int, band: float) -> Picture:
    """One weight of the first layer under both kinds of step."""
    lines = [
        {
            "label": _label(e, step),
            "arm": L1.look(step).arm,
            "x": t.steps[len(t.steps) // 2 :],
            "y": _second_half(t, weight),
        }
        for step, t in first.items()
    ]
    levels = [{"y": band, "label": "η·λ"}, {"y": -band, "label": "−η·λ"}]
    panel = {"xlabel": "step", "ylabel": "one weight of the first layer", "series": lines, "levels": levels}
    return Picture(name="weight-in-band", figure="curves", inputs={"panels": [panel]})


def _band_picture(bands: Sequence[Band]) -> Picture:
    """The sizes of weights at each setting, absolute and in units of η·λ."""

    def series(units: Sequence[float]) -> list[dict[str, Any]]:
        return [
            {
                "label": f"η = {band.learning_rate:.3g}, λ = {band.strength:.3g}",
                "x": [size / unit for size in band.quantiles],
                "y": BAND_QUANTILES,
            }
            for band, unit in zip(bands, units, strict=True)
        ]

    absolute = {"title": "As they are", "xlabel": "|w|", "ylabel": "share of weights that are smaller"}
    relative = {"title": "In units of η·λ", "xlabel": "|w| / η·λ", "marks": [{"x": 1.0, "label": "η·λ"}]}
    panels = [
        {**absolute, "series": series([1.0] * len(bands))},
        {**relative, "series": series([band.band for band in bands])},
    ]
    return Picture(name="band", figure="curves", inputs={"panels": panels, "share_y": True})


def _dead_weight(first: Sequence[Trajectory], band: float) -> int | None:
    """The index of the first layer's weight that stays nearest to zero under both steps; None if it leaves the band."""
    if any(t.diverged is not None for t in first):
        return None
    largest = np.max([np.abs(_second_half(t, slice(None))).max(axis=0) for t in first], axis=0)
    weight = int(largest.argmin())
    return weight if largest[weight] <= 2 * band else None


def _second_half(trajectory: Trajectory, weight: int | slice) -> Weights:
    """The `weight`-th of the first layer at each record of the second half of training."""
    records = len(trajectory.steps)
    return trajectory.kernels[0].reshape(records, -1)[records // 2 :, weight]


def _costs(trajectories: Iterable[Trajectory], record: int) -> NDArray[np.float64]:
    """Loss plus penalty on all training samples, [runs]; NaN for runs that diverged or did not record it."""
    return np.array(
        [
            math.nan
            if t.diverged is not None or t.loss is None or t.penalty is None
            else float(t.loss[record]) + float(t.penalty[record])
            for t in trajectories
        ]
    )
