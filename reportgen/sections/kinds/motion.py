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
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import article_animation, is_curve, kinds_by_name, threshold, trained_arm
from reportgen.statistics.fitted_curves import curves
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.training.run import Run


@sections.register("motion")
class Motion(Section):
    """The animations of the first run of each arm."""

    title = "Watching the weights"
    claims = (
        Claim(
            name="l1-empties-l2-fades",
            post="The animations show L1 leaving a few weights that count and L2 making all of them small.",
            test=lambda f: _weights_contrast(f["in_step"]),
            supported="Side by side their temperaments are plain. Under {{ f.in_step.l1.label }} the matrices empty "
            "out until a few dark cells carry everything. Under {{ f.in_step.l2.label }} the cells fade together: the "
            "largest weight of this run is {{ f.in_step.l2.largest|num('.2f') }}, against "
            "{{ f.in_step.l1.largest|num('.2f') }}, and {{ f.in_step.l2.below|num('.0%') }} of its weights are within "
            "{{ f.threshold|num('.2g') }} of zero, against {{ f.in_step.l1.below|num('.0%') }}.",
            refuted="In this run they do not part as clearly as one might expect: "
            "{{ f.in_step.l1.below|num('.0%') }} of the weights under {{ f.in_step.l1.label }} and "
            "{{ f.in_step.l2.below|num('.0%') }} of those under {{ f.in_step.l2.label }} end within "
            "{{ f.threshold|num('.2g') }} of zero, and the largest weights are "
            "{{ f.in_step.l1.largest|num('.2f') }} and {{ f.in_step.l2.largest|num('.2f') }}.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        arms = []
        for arm in e.arms:
            members = trained_arm(e, arm, trained)
            first = members[0]
            kernels, _ = first.at(-1)
            arms.append(
                {
                    "name": arm.name,
                    "label": arm.label,
                    "below": below_share(kernels, band),
                    "zero": zero_share(kernels),
                    "largest": float(max(np.abs(w).max() for w in kernels)),
                    "diverged": first.diverged,
                }
            )
        pair = [arm.name for arm in _pair(e)]
        return {
            "arms": arms,
            "threshold": band,
            "pair": pair,
            "in_step": dict(zip(kinds_by_name(L1, L2), _select_arms(arms, pair), strict=False)),
            "curve": is_curve(e),
            "run": 1,
            "runs": e.runs.count,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        first = {arm.name: trained_arm(e, arm, trained)[0] for arm in e.arms}
        for arm, found in zip(e.arms, findings["arms"], strict=True):
            t = first[arm.name]
            panels = [Panel(title=arm.label, trajectory=t)]
            yield article_animation(
                f"weights-{arm.name}",
                ["weights"],
                panels,
                alt=f"Weight matrices of one network trained with {arm.label}, over {t.steps[-1]} steps. "
                f"At the end {found['below']:.0%} of the weights are within {findings['threshold']:.2g} of zero, "
                f"{found['zero']:.0%} exactly zero; the largest is {found['largest']:.2f}.",
            )
            if is_curve(e):
                yield article_animation(f"fit-{arm.name}", ["fit"], panels, alt=_describe_ends(panels))
        pair = _pair(e)
        if len(pair) == 2:
            both = [Panel(title=arm.label, trajectory=first[arm.name]) for arm in pair]
            shares = {found["name"]: found["below"] for found in findings["arms"]}
            yield article_animation(
                "weights-side-by-side",
                ["weights"],
                both,
                alt="Weight matrices of two networks from the same start, in step: "
                + " and ".join(
                    f"{arm.label} ends with {shares[arm.name]:.0%} of its weights within "
                    f"{findings['threshold']:.2g} of zero"
                    for arm in pair
                )
                + ".",
            )
            # Only one: a dense network has hundreds of lines, and its GIF is a megabyte.
            yield article_animation(
                "network",
                ["network"],
                [Panel(title="", trajectory=both[0].trajectory)],
                alt=f"The network under {pair[0].label} as a graph, over its training. A line is a weight, as wide as "
                f"the weight is large. At the end {1 - shares[pair[0].name]:.0%} of the weights are further than "
                f"{findings['threshold']:.2g} from zero.",
            )
            if is_curve(e):
                yield article_animation("fit-side-by-side", ["fit"], both, alt=_describe_ends(both))


def _pair(e: Experiment) -> Sequence[Arm]:
    """The arms to show side by side: the first with L1 and the first with L2, if there are any."""
    first = [next((arm for arm in e.arms if isinstance(arm.penalty, kind)), None) for kind in (L1, L2)]
    return [arm for arm in first if arm]


def _select_arms(arms: Sequence[Findings], names: Sequence[str]) -> list[Findings]:
    return [next(arm for arm in arms if arm["name"] == name) for name in names] if len(names) == 2 else []


def _weights_contrast(pair: Findings) -> bool | None:
    """True if L1 leaves few large weights, and L2 many small ones."""
    if not pair:
        return None
    l1, l2 = pair["l1"], pair["l2"]
    return bool(l1["below"] > 0.8 and l2["below"] < 0.5 and l2["largest"] < l1["largest"])


def _describe_ends(panels: Sequence[Panel]) -> str:
    """The alt text of the fitted lines."""
    sentences = []
    for panel in panels:
        x, lines = curves(panel.trajectory)
        sentences.append(
            f"{panel.title}: at first from {lines[0, 0]:.1f} to {lines[0, -1]:.1f}, at the end from {lines[-1, 0]:.1f} "
            f"to {lines[-1, -1]:.1f}, and in the second half never further than {_largest_change(lines):.1f} from that"
        )
    steps = panels[0].trajectory.steps[-1]
    return (
        f"The fitted function over {steps} steps, between x = {x[0]:.1f} and x = {x[-1]:.1f}. {'; '.join(sentences)}."
    )


def _largest_change(lines: NDArray[np.floating[Any]]) -> float:
    """The largest distance of lines [frames, points] in the second half from the last one."""
    return float(np.abs(lines[len(lines) // 2 :] - lines[-1]).max())
