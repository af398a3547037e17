"""Animations of single runs under arms: the weights, and the function that they make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.pictures.picture import Animation, Panel
from reportgen.sections.helpers import arm_styles, arm_threshold, article_animation, has_classes, is_curve
from reportgen.statistics.class_areas import MOST_CLASSES
from reportgen.statistics.fitted_curves import curves
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.statistics.total_error import mean_measures
from reportgen.text import number
from reportgen.training.trajectory import Trajectory


def run_animations(
    e: Experiment, name: str, shown: Sequence[tuple[Arm, Trajectory]], *, keep: bool = False, one_run: bool = False
) -> Iterator[Animation]:
    """The weights of runs side by side as "weights-NAME", and if they can be drawn their functions as "fit-NAME".

    Of classes of two inputs these are "boundary-NAME".
    """
    styles = arm_styles(e)
    panels = [Panel(title=arm.label, trajectory=t, arm=styles[arm.name]) for arm, t in shown]
    steps = f"over {number(max(int(t.steps[-1]) for _, t in shown))} steps. "
    alt = f"Weight matrices {steps}" + " ".join(f"{arm.label}: {describe_end(e, arm, t)}" for arm, t in shown)
    yield article_animation(f"weights-{name}", ["weights"], panels, alt=alt, keep=keep, one_run=one_run)
    if has_boundary(e):
        alt = f"The likeliest class over the plane of the two inputs {steps}{_describe_areas(shown)}"
        yield article_animation(f"boundary-{name}", ["boundary"], panels, alt=alt, keep=keep, one_run=one_run)
    if is_curve(e):
        alt = f"The fitted function {steps}{_describe_fits(panels)}"
        yield article_animation(f"fit-{name}", ["fit"], panels, alt=alt, keep=keep, one_run=one_run)


def has_boundary(e: Experiment) -> bool:
    """True if the scene "boundary" can draw the networks: two inputs, and no more classes than it has colors."""
    return has_classes(e) and e.data.shape[0] == 2 and e.data.shape[1] <= MOST_CLASSES


def _describe_areas(shown: Sequence[tuple[Arm, Trajectory]]) -> str:
    """The error rate of each network on the test samples, at first and at the end."""
    told = []
    for arm, t in shown:
        first, last = (number(mean_measures(t, record).get("error rate", math.nan), ".0%") for record in (0, -1))
        rates = f"{first} of the test samples get a wrong class at first, {last} at the end"
        told.append(f"{arm.label}: {rates if t.diverged is None else 'it diverges'}")
    return f"{'; '.join(told)}."


def describe_end(e: Experiment, arm: Arm, t: Trajectory) -> str:
    """The end of a run for an alt text."""
    if t.diverged:
        return f"The run diverges at step {number(t.diverged)}."
    kernels, band = t.at(-1)[0], arm_threshold(e, arm)
    near = f", {below_share(kernels, band):.0%} are within {number(band, '.2g')} of zero," if arm.strength else ""
    largest = max(float(np.abs(w).max()) for w in kernels)
    return f"At the end {zero_share(kernels):.0%} are exactly zero{near} and the largest is {number(largest, '.2f')}."


def _describe_fits(panels: Sequence[Panel]) -> str:
    said = []
    for panel in panels:
        x, lines = curves(panel.trajectory)
        ends = [number(float(line[i]), ".1f") for line in (lines[0], lines[-1]) for i in (0, -1)]
        finite = panel.trajectory.diverged is None
        said.append(
            ("{}: {} to {} at first, {} to {} at the end" if finite else "{}: it diverges").format(panel.title, *ends)
        )
    between = " to ".join(number(float(end), ".1f") for end in (x[0], x[-1]))
    return f"From x = {between}, {'; '.join(said)}."
