"""How many weights are zero, how many nearly, and how that depends on what counts as nearly."""

from collections.abc import Iterable

import numpy as np

from reportgen.analysis.sparsity import HISTOGRAM_EDGES, below_share, dead_share, dead_units, histogram, zero_share
from reportgen.article.common import looks, mean, threshold, trained_arm
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run

THRESHOLDS = np.logspace(-5, 0, 26)
"""Where dead units are counted; η·λ itself joins them, so that the curve passes through the table."""
STEADY = 0.02
"""A share of dead units that changes by less than this does not depend on the threshold."""
SMALL = 0.1
"""What "small" means where L2 is said to make weights small."""


@sections.register("sparsity")
class Sparsity(Section):
    """Counts with their threshold, the distribution behind them, and their sensitivity."""

    title = "Zero, nearly zero, small"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        thresholds = np.unique([*THRESHOLDS, band])
        arms = []
        for arm in e.arms:
            ended = [t.at(-1)[0] for t in trained_arm(e, arm, trained) if t.diverged is None]
            counts = [[dead.sum() for dead in dead_units(kernels, band)] for kernels in ended]
            curve = (
                [mean([dead_share(k, at) for k in ended]) for at in thresholds] if ended and e.network.hidden else []
            )
            units = sum(e.network.hidden)
            at_band = float(np.mean([sum(count) for count in counts])) / units if counts and units else float("nan")
            arms.append(
                {
                    "name": arm.name,
                    "label": arm.label,
                    "zero": mean([zero_share(k) for k in ended]),
                    "below": mean([below_share(k, band) for k in ended]),
                    "small": mean([below_share(k, SMALL) for k in ended]),
                    "dead": [float(count) for count in np.mean(counts, axis=0)] if counts else [],
                    "dead_at_threshold": at_band,
                    "dead_by_threshold": curve,
                    "histogram": histogram(ended).tolist() if ended else [],
                }
            )
        told = [(a["label"], a["dead_by_threshold"][0], a["dead_at_threshold"]) for a in arms if a["dead_by_threshold"]]
        return {
            "steady": [label for label, least, at in told if abs(at - least) < STEADY],
            "moving": [
                {"label": label, "least": least, "at_threshold": at}
                for label, least, at in told
                if abs(at - least) >= STEADY
            ],
            "threshold": band,
            "small": SMALL,
            "learning_rate": e.training.learning_rate,
            "hidden": list(e.network.hidden),
            "edges": HISTOGRAM_EDGES.tolist(),
            "thresholds": thresholds.tolist(),
            "arms": arms,
            "runs": e.runs.count,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms, look = [arm for arm in findings["arms"] if arm["histogram"]], looks(e)
        if not arms:
            return
        yield Picture(
            name="histogram",
            figure="weight_histogram",
            inputs={
                "groups": [
                    {
                        "label": arm["label"],
                        "arm": look[arm["name"]],
                        "zero_share": arm["zero"],
                        "edges": np.log10(HISTOGRAM_EDGES),
                        "counts": np.array(arm["histogram"]),
                    }
                    for arm in arms
                ],
                "threshold": findings["threshold"],
            },
            alt="Distribution of weight sizes after training, one panel for each arm. "
            + "; ".join(
                f"{a['label']}: {a['zero']:.0%} exactly zero, {a['below']:.0%} within the threshold" for a in arms
            )
            + ".",
        )
        if e.network.hidden:
            yield Picture(
                name="dead-by-threshold",
                figure="curves",
                inputs={
                    "panels": [
                        {
                            "title": "",
                            "xlabel": "threshold on |w|",
                            "ylabel": "share of hidden units that are dead",
                            "xscale": "log",
                            "series": [
                                {
                                    "label": a["label"],
                                    "arm": look[a["name"]],
                                    "x": findings["thresholds"],
                                    "y": a["dead_by_threshold"],
                                }
                                for a in arms
                                if a["dead_by_threshold"]
                            ],
                            "marks": [{"x": findings["threshold"], "label": "η·λ"}],
                        }
                    ]
                },
                alt="Share of hidden units that count as dead, against the threshold on |w|. "
                + "; ".join(
                    f"{a['label']}: {a['dead_by_threshold'][0]:.0%} at {findings['thresholds'][0]:.0e}, "
                    f"{a['dead_by_threshold'][-1]:.0%} at {findings['thresholds'][-1]:.2g}"
                    for a in arms
                    if a["dead_by_threshold"]
                )
                + ".",
            )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        layers = range(len(findings["hidden"]))
        yield Table(
            name="sparsity",
            columns=(
                Column(label="arm"),
                Column(label="exactly zero", format=".1%"),
                Column(label=f"|w| ≤ {findings['threshold']:.3g}", format=".1%"),
                Column(label=f"|w| ≤ {findings['small']:g}", format=".1%"),
                *(Column(label=f"dead in layer {i + 1} of {findings['hidden'][i]}", format=".1f") for i in layers),
            ),
            rows=tuple(
                (a["label"], a["zero"], a["below"], a["small"], *(a["dead"] or [None for _ in layers]))
                for a in findings["arms"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        penalised = {arm.name for arm in e.arms if arm.strength > 0}
        told = [
            f"{a['label']} {a['zero']:.0%} ({a['below']:.0%})"
            for a in findings["arms"]
            if a["name"] in penalised and a["histogram"]
        ]
        if not told:
            return None
        near = f"{findings['threshold']:.3g}"
        return f"Weights that end exactly at zero (in brackets, within {near} of it): {'; '.join(told)}."
