"""The first screen: one start trained under L1 and under L2, in the page, with one λ for both.

`templates/static/hero.js` is the figure. The findings of the page stand beside it; `article.html` takes them from the
headlines of all sections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.sections import Section, Trained, sections
from reportgen.sections.helpers import arm_threshold, at_rest, l1_and_l2
from reportgen.sections.page_training import (
    Snapshot,
    arm_task,
    common_task,
    drawn_samples,
    is_repeatable,
    snapshot,
    start_task,
)
from reportgen.sections.shown_runs import median_run, ranked_runs
from reportgen.training.run import Run

STRENGTHS = (0.0, *(float(f"{m}e{k}") for k in (-3, -2, -1, 0) for m in ("1", "1.5", "2", "3", "5", "7")))
"""The stops of the slider, besides the experiment's own λ."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two networks of the figure."""

    label: str
    task: dict[str, Any]
    """What train.js needs of its arm."""
    end: Snapshot
    """The end of the arm's own run, for readers without scripts."""
    zeros: int
    """Of its `weights`, those that are exactly zero."""
    weights: int


@dataclass(frozen=True, kw_only=True)
class Hero:
    """The figure of the first screen."""

    run: str
    """As "run 12: 15th of 30"."""
    task: dict[str, Any]
    """What train.js needs for both arms."""
    samples: dict[str, Any]
    strength: float
    """λ of both at first, that of the experiment's L1."""
    stops: list[float]
    sides: list[Side]
    """L1, then L2."""
    limit: float
    """The largest weight at both ends."""


@dataclass(frozen=True, kw_only=True)
class OpeningFindings:
    """The first screen."""

    hero: Hero | None
    """None for an experiment without the two arms, or whose training the page cannot repeat and draw."""


@sections.register("opening")
class Opening(Section[OpeningFindings]):
    """The figure on the first screen; the page places it above the findings."""

    title = ""
    scripts = ("plots.js", "train.js", "hero.js")

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in _pair(e) for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> OpeningFindings:
        pair = _pair(e)
        shown = median_run(ranked_runs(e, trained, *pair)) if pair else None
        if shown is None:
            return OpeningFindings(hero=None)
        ends = [trained[e.arm_runs(arm)[shown.index]] for arm in pair]
        first = e.arm_runs(pair[0])[shown.index]
        return OpeningFindings(
            hero=Hero(
                run=shown.label,
                task=common_task(first) | start_task(first) | {"schedule": at_rest(e)},
                samples=drawn_samples(first),
                strength=pair[0].strength,
                stops=sorted({*STRENGTHS, pair[0].strength}),
                sides=[
                    Side(
                        label=type(arm.penalty).title,
                        task=arm_task(arm),
                        end=snapshot(t, -1, arm_threshold(e, arm)),
                        zeros=sum(int((w == 0).sum()) for w in t.at(-1)[0]),
                        weights=sum(w.size for w in t.at(-1)[0]),
                    )
                    for arm, t in zip(pair, ends, strict=True)
                ],
                limit=float(max(np.abs(w[-1]).max() for t in ends for w in t.kernels)),
            )
        )


def _pair(e: Experiment) -> list[Arm]:
    """The arms of the figure: L1, by proximal steps where there is such an arm, and L2; empty if it cannot be shown."""
    pair = l1_and_l2(e)
    return list(pair) if pair and is_repeatable(e, *pair) else []
