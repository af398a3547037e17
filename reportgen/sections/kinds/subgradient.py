"""L1 by subgradient steps and by proximal steps, from the same seeds."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Experiment
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    article_animation,
    as_findings,
    at_rest,
    collapsed_runs,
    compare_arms,
    errors_without_collapses,
    is_curve,
    mean,
    own_arm,
    varied_runs,
    vary,
)
from reportgen.sections.wording import is_post, join_words
from reportgen.statistics.comparison import compare
from reportgen.statistics.least_cost import least_l1_cost
from reportgen.statistics.rates import rate_interval
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import number, plural
from reportgen.training.network import Weights
from reportgen.training.run import MOST_SEEN, Recording, Run, Step
from reportgen.training.trajectory import Trajectory

STEPS: tuple[Step, Step] = ("subgradient", "proximal")
SETTINGS = ((0.25, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1 / 3))
"""Multiples of the experiment's (η, λ) at which the band is measured; all share one compiled program."""
QUANTILES = np.linspace(0.02, 0.9, 31)
"""Quantiles of the weights' sizes that are drawn; the weights beyond them are those that the loss needs."""
TOLERANCE = 0.25
"""The band scales with η·λ if the median size of weights in units of η·λ varies by less than this share."""
ARRIVED = 0.01
"""A run arrives at the least cost if at most this share of the way down from its start is left."""
LONGER = 4
"""How many times as many epochs have the runs whose lowest cost stands for the least, where that is not known."""


def _bands_agree(f: Findings) -> bool | Outcome | None:
    """True if sizes in units of η·λ agree between all settings, and most weights are within η·λ."""
    settings = [setting for setting in f["settings"] if setting["runs"]]
    if not f["settings"]:
        return None
    if len(settings) < 2:
        return "undecided"
    medians = [setting["median"] / setting["band"] for setting in settings]
    return max(medians) <= (1 + TOLERANCE) * min(medians) and all(setting["below"] > 0.5 for setting in settings)


def _most_arrive(f: Findings) -> bool | Outcome:
    """True if most runs of each kind of step arrive, False if most of one kind do not, by intervals of their rates."""
    rates = [f[step]["at_rest"]["arrived"] for step in STEPS]
    if any(rate["high"] < 0.5 for rate in rates):
        return False
    return True if all(rate["low"] > 0.5 for rate in rates) else "undecided"


@sections.register("subgradient")
class Subgradient(Section[Findings]):
    """The same penalty with two kinds of step."""

    title = "A corner you cannot differentiate"
    claims = (
        Claim(
            name="subgradient-leaves-no-zeros",
            test=lambda f: f["subgradient"]["zero"] < 0.01 and f["subgradient"]["below"] > 0.5,
        ),
        Claim(
            name="the-band-is-as-wide-as-a-step",
            test=_bands_agree,
        ),
        Claim(
            name="l1-can-be-minimized",
            post="L1 has no derivative at zero, but it can be minimized all the same.",
            test=_most_arrive,
        ),
        Claim(
            name="both-steps-reach-one-cost",
            test=lambda f: difference_outcome(f["cost_difference"], "practically equal"),
        ),
        Claim(
            name="zeros-cost-nothing",
            test=lambda f: (
                None if f["compared_in_errors"] else difference_outcome(f["difference"], "practically equal")
            ),
        ),
        Claim(
            name="proximal-steps-give-zeros",
            test=lambda f: f["proximal"]["zero"] > f["subgradient"]["zero"] + 0.1,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for step in STEPS for run in self._step_runs(e, step))
        yield from (run for step in STEPS for run in self._runs_at_rest(e, step))
        if not _knows_least_cost(e):
            yield from (run for step in STEPS for run in self._runs_at_rest(e, step, LONGER))
        yield from (run for setting in _settings(e) for run in self._setting_runs(e, *setting))

    def _step_runs(self, e: Experiment, step: Step) -> list[Run]:
        return [vary(e.run(i), penalty=L1(), strength=_strength(e), step=step) for i in range(e.runs.count)]

    def _runs_at_rest(self, e: Experiment, step: Step, times: int = 1) -> list[Run]:
        """The same with a learning rate that falls to zero, over a multiple of the epochs."""
        epochs = min(times * e.training.epochs, MOST_SEEN // e.data.training_samples)
        training = {"schedule": at_rest(e), "epochs": epochs}
        return [vary(run, recording=Recording(every=None), training=training) for run in self._step_runs(e, step)]

    def _setting_runs(self, e: Experiment, rate: float, force: float) -> list[Run]:
        """L1 by subgradient steps at multiples of the learning rate and of λ, at a constant rate."""
        training = {"learning_rate": rate * e.training.learning_rate, "schedule": "constant"}
        return varied_runs(e, e.runs.count, penalty=L1(), strength=force * _strength(e), training=training)

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        λ, arm = _strength(e), own_arm(e, L1)
        band = e.training.learning_rate * λ
        by_step = {step: [trained[run] for run in self._step_runs(e, step)] for step in STEPS}
        resting = {step: [trained[run] for run in self._runs_at_rest(e, step)] for step in STEPS}
        settings = [self._measure_setting(e, trained, *setting) for setting in _settings(e)]
        finished = sorted((s for s in settings if s["runs"]), key=lambda s: float(s["band"]))
        shares = [s["median"] / s["band"] for s in finished] or [math.nan]
        below = [s["below"] for s in finished] or [math.nan]
        ends = (finished[0], finished[-1]) if finished else ({"band": math.nan, "median": math.nan},) * 2
        least = self._least_costs(e, trained)
        start, costs = _costs(resting["subgradient"], 0), {step: _costs(resting[step], -1) for step in STEPS}
        way = _median(start - least)
        errors = {step: errors_without_collapses(resting[step]) for step in STEPS}
        found: Findings = {
            "post": is_post(e),
            "settings": settings,
            "smallest": ends[0]["band"],
            "largest": ends[1]["band"],
            "median_smallest": ends[0]["median"],
            "median_largest": ends[1]["median"],
            "least_share": min(shares),
            "most_share": max(shares),
            "least_below": min(below),
            "most_below": max(below),
            "strength": λ,
            "arm": arm and arm.label,
            "networks": plural(e.runs.count, "network"),
            "learning_rate": e.training.learning_rate,
            "threshold": band,
            "every": e.recording.every,
            "runs": e.runs.count,
            "pairs": plural(e.runs.count, "pair of runs", "pairs of runs"),
            "least": _median(least),
            "least_is_known": _knows_least_cost(e),
            "way": way,
            "cost_difference": as_findings(
                compare(costs["proximal"], costs["subgradient"], max(ARRIVED * way, 0.0), e.comparison)
                if way == way
                else compare(start * math.nan, start, 0.0, e.comparison)
            ),
            # The section on errors compares the arms of the experiment at rest, and one question is asked once.
            "compared_in_errors": all((own := own_arm(e, L1, step)) and own.strength == λ for step in STEPS),
            "difference": as_findings(compare_arms(e, errors["proximal"], errors["subgradient"])),
            "equivalence": e.margin,
        }
        for step, trajectories in by_step.items():
            ended = [t.at(-1)[0] for t in trajectories if t.diverged is None]
            arrived = (start - costs[step]) >= (1 - ARRIVED) * (start - least)
            collapsed = int(collapsed_runs(resting[step]).sum())
            found[step] = {
                "zero": mean([zero_share(k) for k in ended]),
                "below": mean([below_share(k, band) for k in ended]),
                "error": summarize(total_errors(trajectories)),
                "cost": _median(_costs(trajectories, -1)),
                "above": _median(_costs(trajectories, -1) - least),
                "at_rest": {
                    "cost": _median(costs[step]),
                    "arrived": _rate(arrived, np.isfinite(costs[step]), e.comparison.confidence),
                    "collapsed": collapsed,
                },
            }
        found["arrivals"] = _arrivals(found)
        found["costs_at_constant_rate"] = e.training.schedule == "constant" and all(
            math.isfinite(found[step]["above"]) for step in STEPS
        )
        return found

    def _least_costs(self, e: Experiment, trained: Trained) -> NDArray[np.float64]:
        """For each run the least cost possible, or the lowest that longer trainings on the same data reach."""
        if _knows_least_cost(e):
            layers, loss = len(e.run(0).shapes), e.training.loss
            draws = [e.run(i).draw() for i in range(e.runs.count if e.fresh_data else 1)]
            known = [least_l1_cost(d.x_train, d.y_train, layers, _strength(e), loss) for d in draws]
            return np.resize(known, e.runs.count)
        reached = np.array(
            [
                _costs([trained[run] for run in self._runs_at_rest(e, step, times)], -1)
                for step in STEPS
                for times in (1, LONGER)
            ]
        )
        lowest = np.fmin.reduce(reached, axis=0)
        return lowest if e.fresh_data else np.full(len(lowest), np.fmin.reduce(lowest))

    def _measure_setting(self, e: Experiment, trained: Trained, rate: float, force: float) -> Findings:
        ended = [
            t.at(-1)[0] for t in (trained[run] for run in self._setting_runs(e, rate, force)) if t.diverged is None
        ]
        sizes = np.abs(np.concatenate([w.ravel() for k in ended for w in k])) if ended else np.array([math.nan])
        learning_rate, λ = rate * e.training.learning_rate, force * _strength(e)
        return {
            "learning_rate": learning_rate,
            "strength": λ,
            "band": learning_rate * λ,
            "runs": len(ended),
            "below": float(np.mean(sizes <= learning_rate * λ)) if ended else math.nan,
            "median": float(np.median(sizes)),
            "quantiles": np.quantile(sizes, QUANTILES).tolist(),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        first = [trained[self._step_runs(e, step)[0]] for step in STEPS]
        yield article_animation(
            "weights-steps",
            ["weights"],
            [Panel(title=f"L1, {step}", trajectory=t) for step, t in zip(STEPS, first, strict=True)],
            alt=f"Weight matrices of two networks from the same start under L1. By subgradient steps "
            f"{number(findings['subgradient']['zero'], '.0%')} of the weights of all runs are exactly zero at the end, "
            f"by proximal steps {number(findings['proximal']['zero'], '.0%')}.",
        )
        weight = _dead_weight(first, findings["threshold"])
        if weight is not None and findings["settings"]:
            yield self._weight_picture(first, weight, findings["threshold"])
        yield from self._band_pictures(findings)

    @staticmethod
    def _weight_picture(first: Sequence[Trajectory], weight: int, band: float) -> Picture:
        """One weight of the first layer under both kinds of step."""
        return Picture(
            name="one-weight",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "",
                        "xlabel": "step",
                        "ylabel": "one weight of the first layer",
                        "series": [
                            {
                                "label": f"L1, {step}",
                                "arm": L1.look(step).arm,
                                "x": t.steps[len(t.steps) // 2 :],
                                "y": _second_half(t, weight),
                            }
                            for step, t in zip(STEPS, first, strict=True)
                        ],
                        "levels": [{"y": band, "label": "η·λ"}, {"y": -band, "label": "−η·λ"}],
                    }
                ]
            },
            alt="One weight over the second half of training: "
            + "; ".join(
                f"by {step} steps it " + (f"stays between {w.min():.2g} and {w.max():.2g}" if w.any() else "stays zero")
                for step, w in zip(STEPS, (_second_half(t, weight) for t in first), strict=True)
            )
            + f". The band of η·λ is ±{band:.2g}.",
        )

    def _band_pictures(self, findings: Findings) -> Iterable[Picture]:
        """Pictures of the sizes of weights at each setting, absolute and in units of η·λ."""
        finished = [s for s in findings["settings"] if s["runs"]]
        if not finished:
            return

        def series(unit: Callable[[Findings], float]) -> list[dict[str, Any]]:
            return [
                {
                    "label": f"η = {s['learning_rate']:.3g}, λ = {s['strength']:.3g}",
                    "x": [size / unit(s) for size in s["quantiles"]],
                    "y": QUANTILES,
                }
                for s in finished
            ]

        ylabel = "share of weights that are smaller"
        yield Picture(
            name="band",
            figure="curves",
            inputs={
                "panels": [
                    {"title": "As they are", "xlabel": "|w|", "ylabel": ylabel, "series": series(lambda s: 1.0)},
                    {
                        "title": "In units of η·λ",
                        "xlabel": "|w| / η·λ",
                        "series": series(lambda s: float(s["band"])),
                        "marks": [{"x": 1.0, "label": "η·λ"}],
                    },
                ],
                "share_y": True,
            },
            alt="How many weights are smaller than a given size after subgradient steps, for "
            + join_words([f"η = {s['learning_rate']:.3g} with λ = {s['strength']:.3g}" for s in finished])
            + ". Left, by size: the medians are "
            + join_words([f"{s['median']:.2g}" for s in finished])
            + ". Right, in units of η·λ: they are "
            + join_words([f"{s['median'] / s['band']:.2f}" for s in finished])
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="steps",
            columns=(
                Column(label="step"),
                Column(label="exactly zero", format=".1%"),
                Column(label="|w| ≤ η·λ", format=".1%"),
                *(Column(label=label, format=".2f") for label in ("median total error", "interquartile mean", "mean")),
                Column(label="runs", format="d"),
            ),
            rows=tuple(
                (
                    step,
                    *(findings[step][key] for key in ("zero", "below")),
                    *(findings[step]["error"][key] for key in ("median", "iqm", "mean", "count")),
                )
                for step in STEPS
            ),
        )
        if not findings["settings"]:
            return
        yield Table(
            name="band",
            columns=(
                Column(label="η", format="g"),
                Column(label="λ", format="g"),
                Column(label="η·λ", format=".3g"),
                Column(label="|w| ≤ η·λ", format=".1%"),
                Column(label="median |w|", format=".2g"),
                Column(label="median |w| / η·λ", format=".2f"),
                Column(label="runs", format="d"),
            ),
            rows=tuple(
                (
                    *(s[key] for key in ("learning_rate", "strength", "band", "below", "median")),
                    s["median"] / s["band"],
                    s["runs"],
                )
                for s in findings["settings"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        sub, prox = findings["subgradient"]["zero"], findings["proximal"]["zero"]
        if math.isnan(sub + prox):
            return None
        shares = f"{sub:.0%} of the weights exactly at zero, proximal steps {prox:.0%}"
        told = f"at λ = {number(findings['strength'], 'g')} subgradient steps leave {shares}"
        return f"The step decides whether L1 gives zeros: {told}." if prox > 0.5 > sub else f"Under L1, {told}."


def _strength(e: Experiment) -> float:
    """λ of the experiment's arm with L1, else one of the section's own."""
    arm = own_arm(e, L1)
    return arm.strength if arm else DEFAULT_STRENGTH


def _settings(e: Experiment) -> tuple[tuple[float, float], ...]:
    """The settings at which the band is measured: with momentum or Adam a step of the penalty is not η·λ wide."""
    return SETTINGS if e.training.optimizer == "sgd" else ()


def _knows_least_cost(e: Experiment) -> bool:
    """True if the least cost can be computed: see `least_l1_cost`."""
    return is_curve(e) and (e.network.activation == "linear" or not e.network.hidden)


def _rate(events: NDArray[np.bool_], finished: NDArray[np.bool_], confidence: float) -> Findings:
    count, of = int((events & finished).sum()), int(finished.sum())
    low, high = rate_interval(count, of, confidence)
    return {"count": count, "of": of, "low": low, "high": high}


def _arrivals(f: Findings) -> str:
    """How many runs arrive at the least cost: a sentence without its period."""
    told = []
    for step in STEPS:
        rate, cost = f[step]["at_rest"]["arrived"], f[step]["at_rest"]["cost"]
        told.append(
            f"{rate['count']} of {plural(rate['of'], 'run')} by {step} steps (interval {number(rate['low'], '.0%')} to "
            f"{number(rate['high'], '.0%')}; {number(cost, '.4g')} in the median)"
        )
    what = "the least possible" if f["least_is_known"] else "the lowest that longer trainings reached"
    return (
        f"Where the learning rate falls to zero, {join_words(told)} end with loss and penalty together at most "
        f"{ARRIVED:.0%} of the way above {what}, {number(f['least'], '.4g')}"
    )


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


def _median(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan
