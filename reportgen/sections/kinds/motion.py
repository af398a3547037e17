"""Animations of one run of each arm: its weights, and in step with them its fitted line."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import article_animation, is_curve, kinds_by_name, own_arm, threshold, trained_arm
from reportgen.sections.shown_runs import median_run, ranked_runs, ranking_arm
from reportgen.statistics.fitted_curves import curves
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.text import at_most, number
from reportgen.training.run import Run


@sections.register("motion")
class Motion(Section[Findings]):
    """The animations of one run of each arm: the median one."""

    title = "Watching the weights"
    claims = (
        Claim(
            name="l1-empties-l2-fades",
            post="The animations show L1 leaving a few weights that count and L2 making all of them small.",
            test=lambda f: _weights_contrast(f["in_step"]),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        pair = _pair(e)
        shown, label = _shown_run(e, trained)
        # One threshold for two arms whose shares are compared.
        common = threshold(e, pair[0].strength) if len(pair) == 2 else 0.0
        arms = []
        for arm in e.arms:
            first = trained_arm(e, arm, trained)[shown]
            kernels, _ = first.at(-1)
            arms.append(
                {
                    "name": arm.name,
                    "label": arm.label,
                    "penalized": arm.strength > 0,
                    "strength": arm.strength,
                    "band": threshold(e, arm.strength),
                    "below": below_share(kernels, threshold(e, arm.strength)),
                    "close": below_share(kernels, common),
                    "zero": zero_share(kernels),
                    "largest": float(max(np.abs(w).max() for w in kernels)),
                    "diverged": first.diverged,
                }
            )
        names = [arm.name for arm in pair]
        return {
            "arms": arms,
            "ended": [arm for arm in arms if arm["penalized"] and not arm["diverged"]],
            "pair": names,
            "in_step": dict(zip(kinds_by_name(L1, L2), _select_arms(arms, names), strict=False)),
            "curve": is_curve(e),
            "run": shown + 1,
            "rank": label,
            "ranked_by": ranking_arm(e).label,
            "runs": e.runs.count,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        first = {arm.name: trained_arm(e, arm, trained)[findings["run"] - 1] for arm in e.arms}
        for arm, found in zip(e.arms, findings["arms"], strict=True):
            t = first[arm.name]
            panels = [Panel(title=arm.label, trajectory=t)]
            yield article_animation(
                f"weights-{arm.name}",
                ["weights"],
                panels,
                alt=f"Weight matrices of one network trained with {arm.label}, over {number(t.steps[-1])} steps. "
                + _describe_sparsity(found),
            )
            if is_curve(e):
                yield article_animation(f"fit-{arm.name}", ["fit"], panels, alt=_describe_ends(panels))
        pair = _pair(e)
        if len(pair) == 2:
            both = [Panel(title=arm.label, trajectory=first[arm.name]) for arm in pair]
            ends = _select_arms(findings["arms"], [arm.name for arm in pair])
            band = number(ends[0]["band"], ".2g")
            yield article_animation(
                "weights-side-by-side",
                ["weights"],
                both,
                alt="Weight matrices of two networks from the same start, in step: "
                + " and ".join(
                    f"{found['label']} {_describe_divergence(found)}"
                    if found["diverged"]
                    else f"{found['label']} ends with {found['close']:.0%} of its weights within {band} of zero"
                    for found in ends
                )
                + ".",
            )
            # Only one: a dense network has hundreds of lines, and its GIF is a megabyte.
            yield article_animation(
                "network",
                ["network"],
                [Panel(title="", trajectory=both[0].trajectory)],
                alt=f"The network under {pair[0].label} as a graph, over its training. A line is a weight, as wide as "
                "the weight is large. "
                + (
                    f"It {_describe_divergence(ends[0])}."
                    if ends[0]["diverged"]
                    else f"At the end {1 - ends[0]['close']:.0%} of the weights are further than {band} from zero."
                ),
            )
            if is_curve(e):
                yield article_animation("fit-side-by-side", ["fit"], both, alt=_describe_ends(both))


def _shown_run(e: Experiment, trained: Trained) -> tuple[int, str]:
    """The index of the median run, and its rank in words; the first run and no words if none came to its end."""
    middle = median_run(ranked_runs(e, trained, ranking_arm(e)))
    return (middle.index, middle.label) if middle else (0, "")


def _pair(e: Experiment) -> Sequence[Arm]:
    """The arms to show side by side: the first with L1 and the first with L2, if there are any."""
    return [arm for arm in (own_arm(e, L1), own_arm(e, L2)) if arm]


def _describe_divergence(found: Findings) -> str:
    return f"diverged at step {number(found['diverged'])}"


def _describe_sparsity(found: Findings) -> str:
    """The end of a run for its alt text."""
    if found["diverged"]:
        return f"The run {_describe_divergence(found)}."
    zero = f"{found['zero']:.0%} of the weights are exactly zero"
    near = f" and {found['below']:.0%} are within {number(found['band'], '.2g')} of it" if found["penalized"] else ""
    return f"At the end {zero}{near}; the largest is {number(found['largest'], '.2f')}."


def _select_arms(arms: Sequence[Findings], names: Sequence[str]) -> list[Findings]:
    return [next(arm for arm in arms if arm["name"] == name) for name in names] if len(names) == 2 else []


def _weights_contrast(pair: Findings) -> bool | Outcome | None:
    """True if L1 leaves few large weights, and L2 many small ones."""
    if not pair:
        return None
    l1, l2 = pair["l1"], pair["l2"]
    if l1["diverged"] or l2["diverged"]:
        return "undecided"
    return bool(l1["close"] > 0.8 and l2["close"] < 0.5 and l2["largest"] < l1["largest"])


def _describe_ends(panels: Sequence[Panel]) -> str:
    """The alt text of the fitted lines."""
    sentences = []
    for panel in panels:
        x, lines = curves(panel.trajectory)
        if panel.trajectory.diverged is not None:
            sentences.append(f"{panel.title}: diverged at step {number(panel.trajectory.diverged)}")
            continue
        ends = [number(float(value), ".1f") for value in (lines[0, 0], lines[0, -1], lines[-1, 0], lines[-1, -1])]
        sentences.append(
            "{}: at first from {} to {}, at the end from {} to {}".format(panel.title, *ends)
            + f", and in the second half never further than {at_most(_largest_change(lines), '.1f')} from that"
        )
    steps = number(max(int(panel.trajectory.steps[-1]) for panel in panels))
    between = " and ".join(f"x = {number(float(end), '.1f')}" for end in (x[0], x[-1]))
    return f"The fitted function over {steps} steps, between {between}. {'; '.join(sentences)}."


def _largest_change(lines: NDArray[np.floating[Any]]) -> float:
    """The largest distance of lines [frames, points] in the second half from the last one."""
    return float(np.abs(lines[len(lines) // 2 :] - lines[-1]).max())
