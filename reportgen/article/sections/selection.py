"""Fifty inputs of which ten count: feature selection by the lasso, run and counted."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.article.common import LOOK, penalty
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.network import Network
from reportgen.run import Run, Training
from reportgen.stacking import ENDS_ONLY

DATA = SparseLinear()
# Fixed before any run: σ·√(2 ln p / n), the level that pure noise stays below, times 2 for a loss without a half.
UNIVERSAL = 2 * DATA.noise * (2 * np.log(DATA.inputs) / DATA.samples) ** 0.5
FACTORS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0)
ARMS = {
    "none": ("no penalty", "subgradient"),
    "l1": ("L1, proximal", "proximal"),
    "l2": ("L2", "subgradient"),
    "elastic_net": ("elastic net", "proximal"),
}
_LOOK = {kind: LOOK["l1-proximal" if kind == "l1" else kind] for kind in ARMS}
_DRAWS = 30


def linear_run(kind: str, λ: float, draw: int) -> Run:
    """A linear model of the sparse data, trained on whole batches until it stands still."""
    training = Training(batch_size=DATA.samples, epochs=400, learning_rate=0.1, schedule="linear", loss="squared")
    return Run(
        data=DATA,
        network=Network(hidden=()),
        training=training,
        penalty=penalty(kind),
        strength=0.0 if kind == "none" else λ,
        step=ARMS[kind][1],  # type: ignore[arg-type]  # one of the two literals
        recording=ENDS_ONLY,
        data_seed=draw,
        order_seed=draw,
        init_seed=draw,
    )


@sections.register("selection")
class Selection(Section):
    """The post's "50 coefficients, 10 non-zero", with something to count."""

    title = "Choosing inputs: ten of fifty count"

    def runs(self, e: Experiment) -> Iterable[Run]:
        draws = min(_DRAWS, e.runs.count)
        yield from (linear_run(kind, UNIVERSAL, draw) for kind in ARMS for draw in range(draws))
        yield from (linear_run("l1", UNIVERSAL * f, draw) for f in FACTORS for draw in range(draws))

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        draws = min(_DRAWS, e.runs.count)
        arms = {
            kind: _summary([_counts(trained[linear_run(kind, UNIVERSAL, d)], d) for d in range(draws)]) for kind in ARMS
        }
        path = [
            _summary([_counts(trained[linear_run("l1", UNIVERSAL * f, d)], d) for d in range(draws)]) for f in FACTORS
        ]
        sharpest = int(np.argmin([point["error"] for point in path]))
        picked = arms["l1"]["picked"]
        return {
            "inputs": DATA.inputs,
            "relevant": DATA.relevant,
            "samples": DATA.samples,
            "draws": draws,
            "strength": float(UNIVERSAL),
            "arms": {kind: {"label": ARMS[kind][0], **counts} for kind, counts in arms.items()},
            "path": {"strengths": [float(UNIVERSAL * f) for f in FACTORS], "counts": path},
            "saving": 1 - picked / DATA.inputs,
            "sharpest": {"strength": float(UNIVERSAL * FACTORS[sharpest]), **path[sharpest]},
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        estimates = [
            {
                "label": ARMS[kind][0],
                "arm": _LOOK[kind],
                "values": trained[linear_run(kind, UNIVERSAL, 0)].kernels[0][-1][:, 0],
            }
            for kind in ARMS
        ]
        yield Picture(
            name="coefficients",
            figure="coefficients",
            inputs={"truth": DATA.weights(0)[:, 0], "estimates": estimates},
            alt=f"Estimates of {DATA.inputs} weights in one draw, of which {DATA.relevant} are truly not zero. "
            "On average over the draws, the weights that are not exactly zero number "
            + ", ".join(f"{arm['picked']:.1f} with {arm['label']}" for arm in findings["arms"].values())
            + ".",
        )
        l1 = findings["arms"]["l1"]
        path, x = findings["path"]["counts"], findings["path"]["strengths"]
        counted = {"found": "relevant, found", "false_picks": "irrelevant, picked"}
        yield Picture(
            name="selection-path",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "Inputs with a weight",
                        "xlabel": "λ",
                        "ylabel": "inputs",
                        "xscale": "log",
                        "series": [
                            {"label": label, "x": x, "y": [c[key] for c in path]} for key, label in counted.items()
                        ],
                        "marks": [{"x": float(UNIVERSAL), "label": "λ fixed beforehand"}],
                        "levels": [{"y": DATA.relevant, "label": "truly relevant"}],
                    },
                    {
                        "title": "Error on new samples",
                        "xlabel": "λ",
                        "ylabel": "mean squared error",
                        "xscale": "log",
                        "series": [
                            {"label": "L1, proximal", "arm": _LOOK["l1"], "x": x, "y": [c["error"] for c in path]}
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    },
                ]
            },
            alt=f"Left: as λ grows from {x[0]:.2g} to {x[-1]:.2g}, the irrelevant inputs that L1 picks fall from "
            f"{path[0]['false_picks']:.0f} to {path[-1]['false_picks']:.0f}, and the relevant ones it finds from "
            f"{path[0]['found']:.0f} to {path[-1]['found']:.0f}. Right: the error on new samples over the same λ. "
            f"At the λ fixed beforehand L1 finds {l1['found']:.1f} and falsely picks {l1['false_picks']:.1f}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="selection",
            columns=(
                Column(label="penalty"),
                Column(label="inputs with a weight", format=".1f"),
                Column(label="relevant found", format=".1f"),
                Column(label="false picks", format=".1f"),
                Column(label="mean squared error, new samples", format=".2f"),
            ),
            rows=tuple(
                (arm["label"], arm["picked"], arm["found"], arm["false_picks"], arm["error"])
                for arm in findings["arms"].values()
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        l1 = findings["arms"]["l1"]
        return (
            f"Of {findings['inputs']} inputs with {findings['relevant']} that count, L1 by proximal steps keeps "
            f"{l1['picked']:.1f} on average: {l1['found']:.1f} that count and {l1['false_picks']:.1f} that do not. "
            f"L2 keeps {findings['arms']['l2']['picked']:.0f}."
        )


def _counts(trajectory: Any, draw: int) -> dict[str, float]:
    data, truth = trajectory.run.draw(), DATA.weights(draw)[:, 0] != 0
    picked = trajectory.kernels[0][-1][:, 0] != 0
    return {
        "picked": float(picked.sum()),
        "found": float((picked & truth).sum()),
        "false_picks": float((picked & ~truth).sum()),
        "error": float(np.mean((trajectory.predict(data.x_test) - data.y_test) ** 2)),
    }


def _summary(counts: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([c[key] for c in counts])) for key in counts[0]}
