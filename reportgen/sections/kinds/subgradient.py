"""L1 by subgradient steps and by proximal steps, from the same seeds."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from reportgen.experiment import Experiment
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, difference_outcome
from reportgen.sections.helpers import (
    article_animation,
    as_findings,
    compare_arms,
    default_penalty,
    join_words,
    mean,
    strength,
    threshold,
    varied_runs,
    vary,
)
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.training.network import Weights
from reportgen.training.run import Run, Step
from reportgen.training.trajectory import Trajectory

STEPS: tuple[Step, Step] = ("subgradient", "proximal")
SETTINGS = ((0.25, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1 / 3))
"""Multiples of the experiment's (η, λ) at which the band is measured; all share one compiled program."""
QUANTILES = np.linspace(0.02, 0.9, 31)
"""Quantiles of the weights' sizes that are drawn; the weights beyond them are those that the loss needs."""
TOLERANCE = 0.25
"""The band scales with η·λ if the median size of weights in units of η·λ varies by less than this share."""


def _bands_agree(f: Findings) -> bool | None:
    """True if sizes in units of η·λ agree between all settings, and most weights are within η·λ."""
    medians = [setting["median"] / setting["band"] for setting in f["settings"] if setting["runs"]]
    if len(medians) < 2:
        return None
    return max(medians) <= (1 + TOLERANCE) * min(medians) and all(
        setting["below"] > 0.5 for setting in f["settings"] if setting["runs"]
    )


def _costs_agree(f: Findings) -> bool | None:
    """True if both steps end at one cost, to a twentieth of its decrease; None if the cost was not recorded."""
    if not f["recorded_cost"]:
        return None
    (before, end), other = (f["subgradient"][key] for key in ("cost_before", "cost")), f["proximal"]["cost"]
    return bool(abs(end - other) < (before - max(end, other)) / 20)


@sections.register("subgradient")
class Subgradient(Section):
    """The same penalty with two kinds of step."""

    title = "A corner you cannot differentiate"
    claims = (
        Claim(
            name="subgradient-leaves-no-zeros",
            test=lambda f: f["subgradient"]["zero"] < 0.01 and f["subgradient"]["below"] > 0.5,
            supported="The subgradient network is sparse to the eye and dense to the computer: "
            "{{ f.subgradient.below|num('.0%') }} of its weights are within η·λ of zero, yet "
            "{{ 'not one is' if f.subgradient.zero == 0 else 'hardly any are' }} zero.",
            refuted="With subgradient steps {{ f.subgradient.zero|num('.0%') }} of the weights are exactly zero and "
            "{{ f.subgradient.below|num('.0%') }} within η·λ of it, so here they do not merely hover about zero.",
            undecided="What subgradient steps leave cannot be said: no run came to its end.",
        ),
        Claim(
            name="the-band-is-as-wide-as-a-step",
            test=_bands_agree,
            supported="The band is as wide as one step of the penalty, whatever that step is. From the smallest η·λ "
            "tried to the largest, {{ f.smallest|num('.2g') }} to {{ f.largest|num('.2g') }}, the median size of a "
            "weight grows from {{ f.median_smallest|num('.2g') }} to {{ f.median_largest|num('.2g') }}. In units of "
            "η·λ it stays where it was, between {{ f.least_share|num('.2f') }} and {{ f.most_share|num('.2f') }}, "
            "about the half that sizes spread evenly over the band would have.",
            refuted="The band does not simply follow η·λ here: in units of it, the median size of a weight lies "
            "between {{ f.least_share|num('.2f') }} and {{ f.most_share|num('.2f') }}, depending on the "
            "learning rate and λ.",
            undecided="Whether the band follows η·λ cannot be said from these runs.",
        ),
        Claim(
            name="l1-can-be-minimized",
            post="L1 has no derivative at zero, but it can be minimized all the same.",
            test=_costs_agree,
            supported="Both minimize the same cost, and both get there: in the median run, subgradient steps bring "
            "loss and penalty together from {{ f.subgradient.cost_before|num('.2f') }} down to "
            "{{ f.subgradient.cost|num('.2f') }}, and proximal steps, which need no derivative at zero, to "
            "{{ f.proximal.cost|num('.2f') }}.",
            refuted="The two do not arrive at the same cost: in the median run, subgradient steps bring loss and "
            "penalty together from {{ f.subgradient.cost_before|num('.2f') }} to {{ f.subgradient.cost|num('.2f') }}, "
            "proximal steps, which need no derivative at zero, to {{ f.proximal.cost|num('.2f') }}.",
            undecided="Whether both minimize the same cost cannot be said from these runs.",
        ),
        Claim(
            name="zeros-cost-nothing",
            test=lambda f: difference_outcome(f["difference"], "practically equal"),
            supported="The proximal step, which needs no derivative at zero, and the subgradient step, which makes one "
            "up, predict practically equally well: their total errors differ by {{ f.difference.estimate|num('.2f') }} "
            "on average (interval {{ f.difference.low|num('.2f') }} to {{ f.difference.high|num('.2f') }}), against a "
            "margin of {{ f.equivalence|num('g') }}.",
            refuted="The proximal step predicts {{ f.difference.verdict }} than the subgradient step: total errors "
            "differ by {{ f.difference.estimate|num('.2f') }} on average (interval "
            "{{ f.difference.low|num('.2f') }} to {{ f.difference.high|num('.2f') }}), against a margin of "
            "{{ f.equivalence|num('g') }}.",
            undecided="Whether the zeros cost anything is undecided{% if f.difference.pairs %}: in total error, "
            "proximal minus subgradient is "
            "{{ f.difference.estimate|num('.2f') }} on average (interval {{ f.difference.low|num('.2f') }} to "
            "{{ f.difference.high|num('.2f') }}), against a margin of {{ f.equivalence|num('g') }}"
            "{% if f.difference.pairs_needed %}; some {{ f.difference.pairs_needed|num(',d') }} pairs of runs might "
            "settle it{% endif %}{% endif %}.",
        ),
        Claim(
            name="proximal-steps-give-zeros",
            test=lambda f: f["proximal"]["zero"] > f["subgradient"]["zero"] + 0.1,
            supported="Where zeros are wanted for themselves, to remove inputs or units, it is the proximal step that "
            "delivers them, and it costs a few lines of code.",
            refuted="In this experiment the proximal step leaves hardly more zeros than the subgradient step.",
            undecided="Whether the proximal step leaves more zeros cannot be said: too few runs came to their end.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for step in STEPS for run in self._step_runs(e, step))
        yield from (run for setting in SETTINGS for run in self._setting_runs(e, *setting))

    def _step_runs(self, e: Experiment, step: Step) -> list[Run]:
        return [
            vary(e.run(i), penalty=default_penalty("l1"), strength=strength(e), step=step) for i in range(e.runs.count)
        ]

    def _setting_runs(self, e: Experiment, rate: float, force: float) -> list[Run]:
        """L1 by subgradient steps at multiples of the learning rate and of λ."""
        training = {"learning_rate": rate * e.training.learning_rate}
        return varied_runs(
            e, e.runs.count, penalty=default_penalty("l1"), strength=force * strength(e), training=training
        )

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        by_step = {step: [trained[run] for run in self._step_runs(e, step)] for step in STEPS}
        totals = {step: total_errors(trajectories) for step, trajectories in by_step.items()}
        settings = [self._measure_setting(e, trained, *setting) for setting in SETTINGS]
        finished = sorted((s for s in settings if s["runs"]), key=lambda s: float(s["band"]))
        shares = [s["median"] / s["band"] for s in finished] or [math.nan]
        ends = (finished[0], finished[-1]) if finished else (settings[0], settings[0])
        found: Findings = {
            "recorded_cost": e.recording.loss,
            "settings": settings,
            "smallest": ends[0]["band"],
            "largest": ends[1]["band"],
            "median_smallest": ends[0]["median"],
            "median_largest": ends[1]["median"],
            "least_share": min(shares),
            "most_share": max(shares),
            "strength": strength(e),
            "learning_rate": e.training.learning_rate,
            "threshold": band,
            "every": e.recording.every,
            "runs": e.runs.count,
            "difference": as_findings(compare_arms(e, totals["proximal"], totals["subgradient"])),
            "equivalence": e.margin,
        }
        for step, trajectories in by_step.items():
            ended = [t.at(-1)[0] for t in trajectories if t.diverged is None]
            found[step] = {
                "zero": mean([zero_share(k) for k in ended]),
                "below": mean([below_share(k, band) for k in ended]),
                "error": summarize(totals[step]),
                "cost_before": _cost(trajectories, 0),
                "cost": _cost(trajectories, -1),
            }
        return found

    def _measure_setting(self, e: Experiment, trained: Trained, rate: float, force: float) -> Findings:
        ended = [
            t.at(-1)[0] for t in (trained[run] for run in self._setting_runs(e, rate, force)) if t.diverged is None
        ]
        sizes = np.abs(np.concatenate([w.ravel() for k in ended for w in k])) if ended else np.array([math.nan])
        learning_rate, λ = rate * e.training.learning_rate, force * strength(e)
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
            f"{findings['subgradient']['zero']:.0%} of the weights of all runs are exactly zero at the end, by "
            f"proximal steps {findings['proximal']['zero']:.0%}.",
        )
        # One weight that both remove: the smallest of the first layer's by final size.
        sizes = np.abs(first[1].kernels[0][-1]).ravel() + np.abs(first[0].kernels[0][-1]).ravel()
        weight = int(sizes.argmin())
        yield Picture(
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
                        "levels": [
                            {"y": findings["threshold"], "label": "η·λ"},
                            {"y": -findings["threshold"], "label": "−η·λ"},
                        ],
                    }
                ]
            },
            alt="One weight over the second half of training: "
            + "; ".join(
                f"by {step} steps it " + (f"stays between {w.min():.2g} and {w.max():.2g}" if w.any() else "stays zero")
                for step, w in zip(STEPS, (_second_half(t, weight) for t in first), strict=True)
            )
            + f". The band of η·λ is ±{findings['threshold']:.2g}.",
        )
        yield from self._band_pictures(findings)

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
        told = f"subgradient steps leave {sub:.0%} of the weights exactly at zero, proximal steps {prox:.0%}"
        return f"The step decides whether L1 gives zeros: {told}." if prox > 0.5 > sub else f"Under L1, {told}."


def _second_half(trajectory: Trajectory, weight: int) -> Weights:
    """The `weight`-th of the first layer at each record of the second half of training."""
    records = len(trajectory.steps)
    return trajectory.kernels[0].reshape(records, -1)[records // 2 :, weight]


def _cost(trajectories: Iterable[Trajectory], record: int) -> float:
    """Median over runs of loss plus penalty on all training samples; NaN if it was not recorded."""
    costs = [
        float(t.loss[record] + t.penalty[record])
        for t in trajectories
        if t.diverged is None and t.loss is not None and t.penalty is not None
    ]
    return float(np.median(costs)) if costs else math.nan
