"""What several sections need: variations of the experiment's runs, comparisons of arms, and alternative texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty, penalties
from reportgen.penalties.none import NoPenalty
from reportgen.pictures import Animation, Panel, training_animation
from reportgen.pictures.timeline import Timeline
from reportgen.sections import Trained
from reportgen.statistics.comparison import Difference, Values, compare
from reportgen.statistics.total_error import LAST, wander
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

PACE = Timeline(rate=10)
"""The time of the pages' own files. Players, which take their place where scripts are on, move more finely."""


def moving(name: str, scenes: Sequence[str], panels: Sequence[Panel], alt: str) -> Animation:
    """An animation of trainings, at the pace of all others in the article."""
    return training_animation(name, scenes, panels, alt, PACE)


def vary(run: Run, **changes: Any) -> Run:
    """The run with other settings; `training` and `network` take a dict of what changes in them."""
    nested = {
        name: dataclasses.replace(getattr(run, name), **changes.pop(name))
        for name in ("training", "network")
        if name in changes
    }
    return dataclasses.replace(run, **nested, **changes)


def outcomes(e: Experiment, count: int, **changes: Any) -> list[Run]:
    """The first `count` runs of the experiment with changes, recorded at their ends only."""
    return [vary(e.run(i), recording=Recording.ENDS_ONLY, **changes) for i in range(min(count, e.runs.count))]


def trained_arm(e: Experiment, arm: Arm, trained: Trained) -> list[Trajectory]:
    """The trajectories of an arm's runs."""
    return [trained[run] for run in e.arm_runs(arm)]


def penalty(name: str) -> Penalty:
    """A registered penalty with its defaults."""
    return penalties[name]()


def named(*kinds: type[Penalty]) -> dict[str, type[Penalty]]:
    """Kinds of penalty by the names that they are registered under."""
    return {penalties.name_of(kind): kind for kind in kinds}


def strength(e: Experiment) -> float:
    """The strength that the penalized arms share, or the largest of them; the 0.3 of the post where there are none."""
    return max(arm.strength for arm in e.arms) or 0.3


def threshold(e: Experiment, λ: float | None = None) -> float:
    """The width η·λ of the band in which a subgradient step leaves its weights jumping about zero."""
    return e.training.learning_rate * (strength(e) if λ is None else λ)


def against(e: Experiment, first: Values, second: Values) -> Difference:
    """`first` compared with `second` by the experiment's own rule."""
    return compare(first, second, e.comparison)


def stated(difference: Difference) -> dict[str, Any]:
    """A difference as findings."""
    return dataclasses.asdict(difference)


def last_steps(e: Experiment) -> int:
    """Steps between the first and the last of the records that `wander` looks at."""
    return (LAST - 1) * (e.recording.every or 0)


def typical_wander(e: Experiment, trained: Trained) -> float:
    """Median of `wander` over the runs of all arms that did not diverge; NaN if there are none."""
    ended = [t for arm in e.arms for t in trained_arm(e, arm, trained) if t.diverged is None]
    return float(np.median([wander(t) for t in ended])) if ended else float("nan")


def mean(values: Sequence[float]) -> float:
    """Their mean; NaN if there are none, as where every run diverged."""
    return float(np.mean(values)) if len(values) else float("nan")


def looks(e: Experiment) -> dict[str, int | str | None]:
    """The style of each arm in pictures: that of its kind of penalty, or None for all where two would look the same."""
    kinds = {arm.name: type(arm.penalty) if arm.strength > 0 else NoPenalty for arm in e.arms}
    styles: dict[str, int | str | None] = {arm.name: kinds[arm.name].look(arm.step).arm for arm in e.arms}
    return styles if len(set(styles.values())) == len(styles) else dict.fromkeys(styles)


def is_curve(e: Experiment) -> bool:
    """Whether the function that is learned can be drawn as a line over one input."""
    return e.data.shape == (1, 1)


def listed(items: Sequence[object]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *most, last = [str(item) for item in items] or [""]
    return f"{', '.join(most)} and {last}" if most else last
