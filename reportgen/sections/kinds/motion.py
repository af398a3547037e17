"""Animations of one run under each arm: its weights, and in step with them the function it fits."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.pictures.picture import Animation, Panel
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import (
    arm_threshold,
    article_animation,
    is_curve,
    l1_and_l2,
    table,
    threshold,
    trained_arm,
)
from reportgen.sections.run_animations import describe_end, has_boundary, run_animations
from reportgen.sections.shown_runs import median_run, ranked_runs, ranking_arm
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.training.run import Run


@dataclass(frozen=True, kw_only=True)
class RunEnd:
    """The weights of the shown run of an arm at its last record."""

    name: str
    label: str
    strength: float
    band: float
    """η·λ of the arm."""
    below: float
    """Share of weights within the band."""
    close: float
    """Share of weights within η·λ of L1, for the two arms that are compared."""
    zero: float
    largest: float
    diverged: int | None
    stopped: int | None
    """The step at which early stopping ended the training, and the step whose weights it restored."""
    restored: int | None


@dataclass(frozen=True, kw_only=True)
class MotionFindings:
    """How the shown runs end."""

    run: int
    """From 1."""
    runs: int
    ranked_under: str | None
    """The arm under which the run has the median total error; None if no run came to its end there."""
    arms: list[RunEnd]
    pair: list[RunEnd]
    """L1 and L2, or neither."""
    curve: bool
    boundary: bool
    """True if the areas of classes in the plane of two inputs can be drawn."""


@sections.register("motion")
class Motion(Section[MotionFindings]):
    """The animations of the median run under each arm."""

    title = "Watching the weights"
    claims = (
        Claim(
            name="l1-empties-l2-fades",
            post="The animations show L1 leaving a few weights that count and L2 making all of them small.",
            test=lambda f: _weights_contrast(*f.pair) if f.pair else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> MotionFindings:
        pair, ranking = l1_and_l2(e) or (), ranking_arm(e)
        middle = median_run(ranked_runs(e, trained, ranking))
        index = middle.index if middle else 0
        common = threshold(e, pair[0].strength) if pair else 0.0
        arms = {arm.name: _end(e, arm, trained, index, common) for arm in e.arms}
        return MotionFindings(
            run=index + 1,
            runs=e.runs.count,
            ranked_under=ranking.label if middle else None,
            arms=list(arms.values()),
            pair=[arms[arm.name] for arm in pair],
            curve=is_curve(e),
            boundary=has_boundary(e),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: MotionFindings) -> Iterable[Animation]:
        shown = {arm.name: (arm, trained_arm(e, arm, trained)[findings.run - 1]) for arm in e.arms}
        pair = [shown[arm.name] for arm in l1_and_l2(e) or ()]
        for name, one in shown.items():
            yield from run_animations(e, name, [one], keep=one in pair)
        if pair:
            yield from run_animations(e, "side-by-side", pair)
            # Not under L2: a dense network has hundreds of lines, and its GIF is a megabyte.
            l1, t = pair[0]
            alt = f"The weights under {l1.label} as edges of the network, as wide as the weights are large. "
            yield article_animation(
                "network", ["network"], [Panel(title="", trajectory=t)], alt + describe_end(e, l1, t)
            )

    def tables(self, e: Experiment, findings: MotionFindings) -> Iterable[Table]:
        columns = {
            "label": ("arm", ""),
            "strength": ("λ", "g"),
            "band": ("η·λ", ".2g"),
            "zero": ("exactly zero", ".0%"),
            "below": ("within η·λ of zero", ".0%"),
            "largest": ("largest weight", ".2f"),
        }
        yield table("motion", findings.arms, columns)


def _end(e: Experiment, arm: Arm, trained: Trained, index: int, common: float) -> RunEnd:
    t = trained_arm(e, arm, trained)[index]
    kernels, band = t.at(-1)[0], arm_threshold(e, arm)
    return RunEnd(
        name=arm.name,
        label=arm.label,
        strength=arm.strength,
        band=band,
        below=below_share(kernels, band),
        close=below_share(kernels, common),
        zero=zero_share(kernels),
        largest=float(max(np.abs(w).max() for w in kernels)),
        diverged=t.diverged,
        stopped=t.stopped,
        restored=t.restored,
    )


def _weights_contrast(l1: RunEnd, l2: RunEnd) -> bool | Outcome:
    """True if L1 leaves few large weights, and L2 many small ones."""
    if l1.diverged or l2.diverged:
        return "undecided"
    return bool(l1.close > 0.8 and l2.close < 0.5 and l2.largest < l1.largest)
