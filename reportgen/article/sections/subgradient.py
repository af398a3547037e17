"""L1 has a kink where it matters most: the subgradient step and the proximal step, from the same seeds."""

import math
from collections.abc import Iterable

import numpy as np

from reportgen.analysis.errors import spread, total_errors
from reportgen.analysis.sparsity import below_share, zero_share
from reportgen.article.claims import Claim, of_difference
from reportgen.article.common import LOOK, against, mean, penalty, stated, strength, threshold, vary
from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Panel, Picture, training_animation
from reportgen.network import Weights
from reportgen.run import Run, Step
from reportgen.trajectory import Trajectory

STEPS: tuple[Step, Step] = ("subgradient", "proximal")


@sections.register("subgradient")
class Subgradient(Section):
    """The same penalty, two ways to take a step."""

    title = "A corner you cannot differentiate"
    claims = (
        Claim(
            name="subgradient-leaves-no-zeros",
            test=lambda f: f["subgradient"]["zero"] < 0.01 and f["subgradient"]["below"] > 0.5,
            supported="The subgradient network is sparse to the eye and dense to the computer: "
            "{{ f.subgradient.below|num('.0%') }} of its weights are negligible, yet "
            "{{ 'not one is' if f.subgradient.zero == 0 else 'hardly any are' }} zero. A weight that has nothing to do "
            "is pushed by η·λ towards zero, lands on the other side, and is pushed back.",
            refuted="With subgradient steps {{ f.subgradient.zero|num('.0%') }} of the weights are exactly zero and "
            "{{ f.subgradient.below|num('.0%') }} within η·λ of it, so here they do not merely hover about zero.",
        ),
        Claim(
            name="l1-can-be-minimised",
            post="L1 has no derivative at zero, but it can be minimised all the same.",
            test=lambda f: of_difference(f["difference"], "practically equal"),
            supported="The proximal step, which needs no derivative at zero, and the subgradient step, which makes one "
            "up, predict practically equally well: their total errors differ by {{ f.difference.estimate|num('.2f') }} "
            "on average (interval {{ f.difference.low|num('.2f') }} to {{ f.difference.high|num('.2f') }}), against a "
            "margin of {{ f.equivalence|num('g') }}.",
            refuted="The proximal step predicts {{ f.difference.verdict }} than the subgradient step: total errors "
            "differ by {{ f.difference.estimate|num('.2f') }} on average (interval "
            "{{ f.difference.low|num('.2f') }} to {{ f.difference.high|num('.2f') }}), against a margin of "
            "{{ f.equivalence|num('g') }}.",
            undecided="Whether the zeros cost anything is undecided: in total error, proximal minus subgradient is "
            "{{ f.difference.estimate|num('.2f') }} on average (interval {{ f.difference.low|num('.2f') }} to "
            "{{ f.difference.high|num('.2f') }}), against a margin of {{ f.equivalence|num('g') }}"
            "{% if f.difference.pairs_needed %}; some {{ f.difference.pairs_needed|num(',d') }} pairs of runs might "
            "settle it{% endif %}.",
        ),
        Claim(
            name="proximal-steps-give-zeros",
            test=lambda f: f["proximal"]["zero"] > f["subgradient"]["zero"] + 0.1,
            supported="Where zeros are wanted for themselves, to remove inputs or units, it is the proximal step that "
            "delivers them, and it costs a few lines of code.",
            refuted="In this experiment the proximal step leaves hardly more zeros than the subgradient step.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for step in STEPS for run in self._of(e, step)]

    def _of(self, e: Experiment, step: Step) -> list[Run]:
        return [vary(e.run(i), penalty=penalty("l1"), strength=strength(e), step=step) for i in range(e.runs.count)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        by_step = {step: [trained[run] for run in self._of(e, step)] for step in STEPS}
        totals = {step: total_errors(trajectories) for step, trajectories in by_step.items()}
        found: Findings = {
            "strength": strength(e),
            "learning_rate": e.training.learning_rate,
            "threshold": band,
            "every": e.recording.every,
            "runs": e.runs.count,
            "difference": stated(against(e, totals["proximal"], totals["subgradient"])),
            "equivalence": e.comparison.equivalence,
        }
        for step, trajectories in by_step.items():
            ended = [t.at(-1)[0] for t in trajectories if t.diverged is None]
            found[step] = {
                "zero": mean([zero_share(k) for k in ended]),
                "below": mean([below_share(k, band) for k in ended]),
                "error": spread(totals[step]),
            }
        return found

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        first = [trained[self._of(e, step)[0]] for step in STEPS]
        yield training_animation(
            "weights-steps",
            ["weights"],
            [Panel(title=f"L1, {step}", trajectory=t) for step, t in zip(STEPS, first, strict=True)],
            alt=f"Weight matrices of two networks from the same start under L1. By subgradient steps "
            f"{findings['subgradient']['zero']:.0%} of the weights of all runs are exactly zero at the end, by "
            f"proximal steps {findings['proximal']['zero']:.0%}.",
        )
        # One weight that both put out: the last of the first layer's in the order of their final size.
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
                                "arm": LOOK[look],
                                "x": t.steps[len(t.steps) // 2 :],
                                "y": _second_half(t, weight),
                            }
                            for step, look, t in zip(STEPS, ("l1", "l1-proximal"), first, strict=True)
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
