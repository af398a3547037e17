"""Functions that several sections share: variants of runs, comparisons of arms, styles of arms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty, penalties
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, training_animation
from reportgen.pictures.timeline import Timeline
from reportgen.statistics.comparison import Difference, Values, compare
from reportgen.statistics.total_error import JITTER_RECORDS, jitter
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

if TYPE_CHECKING:  # claims, which sections import, ask `is_post`
    from reportgen.sections import Trained

PACE = Timeline(rate=10)
"""The timeline of animation files. Players, which replace them where scripts run, show more frames."""


def article_animation(name: str, scenes: Sequence[str], panels: Sequence[Panel], alt: str) -> Animation:
    """An animation of trainings with the timeline that all animations of the article share."""
    return training_animation(name, scenes, panels, alt, PACE)


def vary(run: Run, **changes: Any) -> Run:
    """The run with other settings; `training` and `network` take a dict of their changed fields."""
    nested = {
        name: dataclasses.replace(getattr(run, name), **changes.pop(name))
        for name in ("training", "network")
        if name in changes
    }
    return dataclasses.replace(run, **nested, **changes)


def varied_runs(e: Experiment, count: int, **changes: Any) -> list[Run]:
    """The first `count` runs of the experiment with other settings, recorded at their ends only."""
    return [vary(e.run(i), recording=Recording.ENDS_ONLY, **changes) for i in range(min(count, e.runs.count))]


def trained_arm(e: Experiment, arm: Arm, trained: Trained) -> list[Trajectory]:
    """The trajectories of an arm's runs."""
    return [trained[run] for run in e.arm_runs(arm)]


def default_penalty(name: str) -> Penalty:
    """A registered penalty with its defaults."""
    return penalties[name]()


def kinds_by_name(*kinds: type[Penalty]) -> dict[str, type[Penalty]]:
    """Kinds of penalty by their registered names."""
    return {penalties.name_of(kind): kind for kind in kinds}


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


def strength(e: Experiment) -> float:
    """The largest strength of all arms; the 0.3 of the post if no arm has a penalty."""
    return max(arm.strength for arm in e.arms) or 0.3


def threshold(e: Experiment, λ: float | None = None) -> float:
    """The threshold η·λ: subgradient steps leave dead weights oscillating within it, around zero."""
    return e.training.learning_rate * (strength(e) if λ is None else λ)


def compare_arms(e: Experiment, first: Values, second: Values) -> Difference:
    """The difference of two arms' values by the experiment's own rule."""
    return compare(first, second, e.comparison)


def as_findings(difference: Difference) -> dict[str, Any]:
    """A difference as findings."""
    return dataclasses.asdict(difference)


def last_steps(e: Experiment) -> int:
    """Number of steps that the records of `jitter` span."""
    return (JITTER_RECORDS - 1) * (e.recording.every or 0)


def typical_jitter(e: Experiment, trained: Trained) -> float:
    """Median of `jitter` over the runs of all arms that did not diverge; NaN if there are none."""
    ended = [t for arm in e.arms for t in trained_arm(e, arm, trained) if t.diverged is None]
    return float(np.median([jitter(t) for t in ended])) if ended else float("nan")


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of no values, as when every run diverged."""
    return float(np.mean(values)) if len(values) else float("nan")


def arm_styles(e: Experiment) -> dict[str, int | str | None]:
    """The style of each arm in pictures: that of its kind of penalty, or None for all if two would look the same."""
    kinds = {arm.name: type(arm.penalty) if arm.strength > 0 else NoPenalty for arm in e.arms}
    styles: dict[str, int | str | None] = {arm.name: kinds[arm.name].look(arm.step).arm for arm in e.arms}
    return styles if len(set(styles.values())) == len(styles) else dict.fromkeys(styles)


def is_curve(e: Experiment) -> bool:
    """True if the learned function has one input and one output, so that it can be drawn as a line."""
    return e.data.shape == (1, 1)


def join_words(items: Sequence[object]) -> str:
    """The items as words: "a", "a and b", "a, b and c"."""
    *most, last = [str(item) for item in items] or [""]
    return f"{', '.join(most)} and {last}" if most else last
