"""Functions that several sections share: variants of runs, comparisons of arms, styles of arms."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets import task_of
from reportgen.experiment import Arm, Comparison, Experiment
from reportgen.losses import Measure, loss_of
from reportgen.penalties import Penalty, penalties
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, training_animation
from reportgen.pictures.timeline import Timeline
from reportgen.sections import Column, Table, Trained
from reportgen.sections.wording import join_words, why_undecided
from reportgen.statistics.comparison import Difference, Values, compare, compare_family
from reportgen.statistics.compression import is_collapsed
from reportgen.statistics.rates import RateDifference, rate_interval
from reportgen.statistics.total_error import JITTER_RECORDS, jitter, total_errors
from reportgen.text import number, plural
from reportgen.training.run import Optimizer, Recording, Run, Schedule, Step
from reportgen.training.trajectory import Trajectory

PACE = Timeline(rate=10)
"""The timeline of animation files. Players, which replace them where scripts run, show more frames."""


def article_animation(
    name: str, scenes: Sequence[str], panels: Sequence[Panel], alt: str, *, keep: bool = False, one_run: bool = False
) -> Animation:
    """An animation of trainings with the timeline that all animations of the article share."""
    return training_animation(name, scenes, panels, alt, PACE, keep=keep, one_run=one_run)


def table(name: str, rows: Iterable[Any], columns: Mapping[str, tuple[str, str]], *, shown: int | None = None) -> Table:
    """A table of findings: a row for each of `rows`, which are dataclasses or dicts.

    `columns` maps a field to the heading of its column and the format of its numbers, "" for text; a field of a field
    is written with a dot, as "difference.low"; a field of None is None. `shown` is how many rows the page shows, None
    for all.
    """
    return Table(
        name=name,
        columns=tuple(Column(label=label, format=spec) for label, spec in columns.values()),
        rows=tuple(tuple(_field(row, path) for path in columns) for row in rows),
        shown=shown,
    )


def difference_columns(path: str, label: str, place: str = "") -> dict[str, tuple[str, str]]:
    """Columns of `table` for a difference at this path: mean, interval and verdict, labels beginning with `place`."""
    return {
        f"{path}.estimate": (place + label, ".2f"),
        f"{path}.low": (f"{place}from", ".2f"),
        f"{path}.high": (f"{place}to", ".2f"),
        f"{path}.verdict": (f"{place}verdict", ""),
    }


def rate_columns(path: str, label: str) -> dict[str, tuple[str, str]]:
    """Columns of `table` for how often an event happened, from `rate_findings`, with the interval of its rate."""
    return {
        f"{path}.events": (label, "d"),
        f"{path}.low": ("rate from", ".0%"),
        f"{path}.high": ("to", ".0%"),
    }


def _field(value: Any, path: str) -> Any:
    for name in path.split("."):
        if value is None:
            return None
        value = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return value


def vary(run: Run, **changes: Any) -> Run:
    """The run with other settings; `training` and `network` take a dict of their changed fields.

    Steps on all samples are to bring a training to rest, so with them it does not stop early.
    """
    if changes.get("training", {}).get("full_batch_steps"):
        changes["training"] = {"early_stopping": 0, **changes["training"]}
    nested = {
        name: dataclasses.replace(getattr(run, name), **changes.pop(name))
        for name in ("training", "network")
        if name in changes
    }
    return dataclasses.replace(run, **nested, **changes)


def varied_runs(e: Experiment, count: int, **changes: Any) -> list[Run]:
    """The first `count` runs of the experiment with other settings, recorded at their ends only."""
    return [vary(e.run(i), recording=Recording.ENDS_ONLY, **changes) for i in range(min(count, e.runs.count))]


def at_rest(e: Experiment) -> Schedule:
    """The experiment's schedule if its learning rate falls to zero, so that runs come to rest; else "linear"."""
    return "linear" if e.training.schedule == "constant" else e.training.schedule


def nudged_runs(e: Experiment, arm: Arm, nudge: int) -> list[Run]:
    """The twins of an arm's runs from initial weights moved by a millionth, recorded at their ends only."""
    return [vary(run, nudge=nudge, recording=Recording.ENDS_ONLY) for run in e.arm_runs(arm)]


def trained_arm(e: Experiment, arm: Arm, trained: Trained) -> list[Trajectory]:
    """The trajectories of an arm's runs."""
    return [trained[run] for run in e.arm_runs(arm)]


def default_penalty(name: str) -> Penalty:
    """A registered penalty with its defaults."""
    return penalties[name]()


def kinds_by_name(*kinds: type[Penalty]) -> dict[str, type[Penalty]]:
    """Kinds of penalty by their registered names."""
    return {penalties.name_of(kind): kind for kind in kinds}


def plain_arms(e: Experiment) -> list[Arm]:
    """The arms that differ by their penalty and nothing else."""
    return [arm for arm in e.arms if not arm.own_settings]


def same_network_arms(e: Experiment) -> list[Arm]:
    """The arms whose networks have the shapes of `e.network`, so that layers can be compared one by one."""
    return [arm for arm in e.arms if arm.hidden in (None, e.network.hidden)]


def describe_other_networks(e: Experiment) -> str:
    """A sentence about arms that are not among `same_network_arms`, for sections that leave them out; may be empty."""
    others = [f"“{arm.label}”" for arm in e.arms if arm not in same_network_arms(e)]
    if not others:
        return ""
    arms, are = ("The arm", "has a network") if len(others) == 1 else ("The arms", "have networks")
    return (
        f"{arms} {join_words(others)} {are} of another size, and {'is' if len(others) == 1 else 'are'} left out here."
    )


def free_arm(e: Experiment) -> Arm | None:
    """The first arm that penalizes nothing and has no other settings of its own."""
    return next((arm for arm in plain_arms(e) if not arm.strength), None)


def describe_own_settings(arm: Arm) -> str:
    """What an arm has of its own beside its penalty, as "dropout 0.2, early stopping (patience 5)"; may be empty."""
    return ", ".join(_describe_setting(name, value) for name, value in arm.own_settings.items())


def _describe_setting(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if name == "early_stopping":
        return f"early stopping with a patience of {plural(value, 'epoch')}" if value else "no early stopping"
    if name == "hidden" and value:
        return f"{'hidden layer' if len(value) == 1 else 'hidden layers'} of {', '.join(map(str, value))} units"
    if name == "optimizer":
        return f"optimizer {OPTIMIZERS[value]}"
    return f"{words} {number(value, 'g')}" if value else "no hidden layer" if name == "hidden" else f"no {words}"


OPTIMIZERS: dict[Optimizer, str] = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam", "adamw": "AdamW"}
"""Optimizers as sentences name them."""


def own_arm(e: Experiment, kind: type[Penalty], step: Step | None = None) -> Arm | None:
    """The first arm of the experiment with this kind of penalty, a strength, and this kind of step if one is named.

    An arm with other settings of its own does not stand for its penalty.
    """
    for arm in plain_arms(e):
        if type(arm.penalty) is kind and arm.strength > 0 and step in (None, arm.step):
            return arm
    return None


def l1_arm(e: Experiment) -> Arm | None:
    """The experiment's arm with L1: that with proximal steps, whose zeros are exact, or else the first."""
    return own_arm(e, L1, "proximal") or own_arm(e, L1)


def l1_and_l2(e: Experiment) -> tuple[Arm, Arm] | None:
    """The arms that stand for L1 and for L2 where the two are shown side by side; None if one is missing."""
    l1, l2 = l1_arm(e), own_arm(e, L2)
    return (l1, l2) if l1 and l2 else None


def own_penalty(e: Experiment, name: str) -> Penalty:
    """The registered penalty `name` with the settings of the experiment's own arm, such as `mix`, or with defaults."""
    arm = own_arm(e, penalties[name])
    return arm.penalty if arm else default_penalty(name)


DEFAULT_STRENGTH = 0.3
"""λ of a penalty that a section trains although no arm has it with a strength; the text names it as the section's."""


def penalty_arms(e: Experiment, *kinds: type[Penalty]) -> dict[str, Arm]:
    """For each kind of penalty among the arms, the arm that stands for it, by the registered name of the kind.

    That is the first with proximal steps and a strength, else the first with a strength, else the first. Kinds in
    `kinds` that no arm has are added, with their defaults and no strength.
    """
    found = dict.fromkeys(type(arm.penalty) for arm in plain_arms(e) if not isinstance(arm.penalty, NoPenalty))
    arms: dict[str, Arm] = {}
    for kind in sorted({*found, *kinds}, key=lambda kind: (kind.place, kind.title)):
        name = penalties.name_of(kind)
        arms[name] = (
            own_arm(e, kind, "proximal")
            or own_arm(e, kind)
            or next((arm for arm in plain_arms(e) if type(arm.penalty) is kind), None)
            or Arm(name=name.replace("_", "-"), penalty=kind(), step=kind.default_step)
        )
    return arms


def threshold(e: Experiment, λ: float) -> float:
    """The threshold η·λ: subgradient steps leave dead weights oscillating within it, around zero."""
    return e.training.learning_rate * λ


def arm_threshold(e: Experiment, arm: Arm) -> float:
    """`threshold` at the strength and the learning rate of an arm."""
    return (arm.learning_rate or e.training.learning_rate) * arm.strength


def describe_margin(e: Experiment) -> str:
    """The margin of equivalence and its units: "1.15 (0.2 standard deviations of the noise for each of 10 …)"."""
    if not e.margin:
        return "0"
    data = e.run(0).draw()
    if data.classes:
        return (
            f"{number(e.margin)} nats ({number(e.comparison.equivalence)} standard deviations of the targets, 0 and 1, "
            f"{number(data.noise_scale)}, for each of {number(len(data.y_test))} test samples)"
        )
    noise = "the noise" if data.noise is not None else "what least squares leaves of the training targets"
    targets = "test samples" if data.y_test.shape[1] == 1 else "test targets"
    return (
        f"{number(e.margin)} ({number(e.comparison.equivalence)} standard deviations of {noise}, "
        f"{number(data.noise_scale)}, for each of {number(data.y_test.size)} {targets})"
    )


def compare_arms(e: Experiment, first: Values, second: Values) -> Difference:
    """The difference of two arms' total errors by the experiment's own rule."""
    return compare(first, second, e.margin, e.comparison)


NUDGES = (1, 2, 3, 4, 5)
"""Seeds of the twins of a run, whose initial weights are moved by a millionth: see `Run.nudge`."""


def compare_nudged(
    families: Sequence[Sequence[tuple[Values, Values]]], margin: float, rule: Comparison
) -> list[Difference]:
    """Compare the first of `families`; the others hold the same pairs of arms, trained from nudged initial weights.

    A verdict that is not the same in all of them hangs on rounding, and becomes "undecided".
    """
    own, *twins = (compare_family(family, margin, rule) for family in families)
    return [
        difference
        if {twin[i].verdict for twin in twins} <= {difference.verdict}
        else dataclasses.replace(difference, verdict="undecided", reason="rounding", pairs_needed=None)
        for i, difference in enumerate(own)
    ]


def against_bound(values: Values, bound: float, rule: Comparison) -> dict[str, Any]:
    """The mean of values [runs] and its interval as findings; whether it is "above" or "below" a bound, or why neither.

    Values that are not finite are left out.
    """
    difference = compare(values, np.full(len(values), bound), 0.0, rule)
    verdict = {"worse": "above", "better": "below"}.get(difference.verdict, "undecided")
    reason = {"reason": difference.reason or "ties"}  # all values are the bound
    why = (
        f"the interval of the mean contains {number(bound)}" if difference.reason == "noise" else why_undecided(reason)
    )
    return {
        "mean": difference.estimate + bound,
        "low": difference.low + bound,
        "high": difference.high + bound,
        "bound": bound,
        "verdict": verdict,
        "why": why.replace("pairs", "runs") if verdict == "undecided" else "",
    }


def collapsed_runs(trajectories: Iterable[Trajectory]) -> NDArray[np.bool_]:
    """For each run, whether it collapsed: it came to its end, and its network gives all samples nearly one output."""
    return np.array([t.diverged is None and _is_constant(t) for t in trajectories], bool)


def errors_without_collapses(trajectories: Sequence[Trajectory]) -> Values:
    """`total_errors` [runs], NaN for runs that collapsed, unless half of all or more did.

    A collapse is an event with a rate of its own, which the mean error of the other runs should not hide. Where most
    runs collapse, it is what the penalty does to the error.
    """
    totals, collapsed = total_errors(trajectories), collapsed_runs(trajectories)
    return totals if 2 * collapsed.sum() >= len(collapsed) else np.where(collapsed, np.nan, totals)


def rate_findings(events: NDArray[np.bool_], rule: Comparison) -> dict[str, Any]:
    """How often an event happened in runs [runs], as findings, with the exact interval of its rate."""
    count, total = int(events.sum()), len(events)
    low, high = rate_interval(count, total, rule.confidence)
    return {"events": count, "count": total, "low": low, "high": high}


def _is_constant(trajectory: Trajectory) -> bool:
    data = trajectory.run.draw()
    return is_collapsed(trajectory.predict(data.x_train), data.y_train)


def as_findings(difference: Difference | RateDifference) -> dict[str, Any]:
    """A difference of means or of rates as findings."""
    return dataclasses.asdict(difference)


def last_steps(e: Experiment) -> int:
    """Number of steps that the records of `jitter` span."""
    return (JITTER_RECORDS - 1) * (e.recording.every or 0)


def typical_jitter(e: Experiment, trained: Trained) -> float:
    """Median of `jitter` over the runs of all arms that did not diverge; NaN if there are none."""
    ended = [t for arm in e.arms for t in trained_arm(e, arm, trained) if t.diverged is None]
    return float(np.median([jitter(t) for t in ended])) if ended else float("nan")


def finite_mean(values: Values) -> float:
    """The mean of the values that are finite; NaN if none is, as when every run diverged."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def finite_median(values: Values) -> float:
    """The median of the values that are finite; NaN if none is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of no values, as when every run diverged."""
    return float(np.mean(values)) if len(values) else float("nan")


def arm_styles(e: Experiment) -> dict[str, int | str | None]:
    """The style of each arm in pictures: that of its kind of penalty, or None for all if two would look the same."""
    kinds = {arm.name: type(arm.penalty) if arm.strength > 0 else NoPenalty for arm in e.arms}
    styles: dict[str, int | str | None] = {arm.name: kinds[arm.name].look(arm.step).arm for arm in e.arms}
    return styles if len(set(styles.values())) == len(styles) else dict.fromkeys(styles)


def is_curve(e: Experiment) -> bool:
    """True if what is learned is a function of one input to one number, so that it can be drawn as a line."""
    return e.data.shape == (1, 1) and not has_classes(e)


def own_measure(e: Experiment) -> Measure:
    """What errors of the experiment's networks are sums of, one for each test sample."""
    return loss_of(e.training.loss).measures[0]


def describe_total_error(e: Experiment) -> str:
    """The definition of the total error: "the sum of |prediction − target| over the test samples"."""
    measure = own_measure(e)
    unit = f", in {measure.unit}" if measure.unit else ""
    if has_classes(e):
        return f"the sum over the test samples of the {measure.title}, {measure.definition}{unit}"
    return f"the sum of {measure.definition} over the test samples{unit}"


def has_classes(e: Experiment) -> bool:
    """True if the targets are classes, so that errors are log-losses."""
    return task_of(e.data) != "regression"
