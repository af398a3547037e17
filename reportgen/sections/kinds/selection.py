"""Feature selection by the lasso: fifty inputs of which ten count."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets import Array, Data
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Comparison, Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import as_findings, default_penalty, kinds_by_name, rate_findings
from reportgen.sections.wording import why_undecided
from reportgen.statistics.comparison import compare_family
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

DATA = SparseLinear()
# Fixed before any run: σ·√(2 ln p / n), which pure noise rarely exceeds, times 2 for a loss without a half.
UNIVERSAL = 2 * DATA.noise * (2 * np.log(DATA.inputs) / DATA.samples) ** 0.5
FACTORS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0)
ARMS = kinds_by_name(NoPenalty, L1, L2, ElasticNet)
_DRAWS = 30
_CHOOSING = DATA.test_samples // 2
"""Number of test samples on which the λ of the path are compared; the others are used once, to check the choice."""


def linear_run(kind: str, λ: float, draw: int) -> Run:
    """A run of a linear model of the sparse data, on full batches, which bring it within rounding of its minimum."""
    training = Training(batch_size=DATA.samples, epochs=2000, learning_rate=0.1, schedule="linear", loss="squared")
    return Run(
        data=DATA,
        network=Network(hidden=()),
        training=training,
        penalty=default_penalty(kind),
        strength=0.0 if kind == "none" else λ,
        step=ARMS[kind].default_step,
        recording=Recording.ENDS_ONLY,
        data_seed=draw,
        order_seed=draw,
        init_seed=draw,
    )


@sections.register("selection")
class Selection(Section[Findings]):
    """The post's "50 coefficients, 10 non-zero", with counts over many draws.

    References:
        Meinshausen and Bühlmann, High-Dimensional Graphs and Variable Selection with the Lasso, Annals of Statistics
        2006, Proposition 1.
        Zhao and Yu, On Model Selection Consistency of Lasso, Journal of Machine Learning Research 2006.
    """

    title = "Choosing inputs: ten of fifty count"
    claims = (
        Claim(
            name="l1-selects-inputs",
            post="L1 gives sparse weights and so selects features: of fifty coefficients ten are left, and the other "
            "forty were irrelevant.",
            test=lambda f: majority_outcome(f["nine_tenths"]),
        ),
        Claim(
            name="l2-selects-nothing",
            test=lambda f: majority_outcome(f["all_kept"]),
        ),
        Claim(
            name="fewer-inputs-cost-less",
            post="What is dropped need not be measured: collecting data becomes cheaper.",
            test=lambda f: _saves_at_no_cost(f),
        ),
        Claim(
            name="refitting-takes-the-bias-away",
            test=lambda f: difference_outcome(f["refit_against_l1"]),
        ),
        Claim(
            name="predicting-is-not-selecting",
            test=lambda f: (
                all_outcomes(
                    difference_outcome(f["two_strengths"]["as_it_is"], "worse"),
                    difference_outcome(f["two_strengths"]["refit"]),
                )
                if f["predicting"]["strength"] != f["selecting"]["strength"]
                else "not supported"
            ),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        draws = min(_DRAWS, e.runs.count)
        yield from (linear_run(kind, UNIVERSAL, draw) for kind in ARMS for draw in range(draws))
        yield from (linear_run("l1", UNIVERSAL * f, draw) for f in FACTORS for draw in range(draws))

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        draws = range(min(_DRAWS, e.runs.count))
        counts = {kind: [_count_inputs(trained[linear_run(kind, UNIVERSAL, d)], d) for d in draws] for kind in ARMS}
        path = [[_count_inputs(trained[linear_run("l1", UNIVERSAL * f, d)], d) for d in draws] for f in FACTORS]
        return _conclude(counts, path, e.comparison)

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        estimates = [
            {
                "label": of.look().title,
                "arm": of.look().arm,
                "values": trained[linear_run(kind, UNIVERSAL, 0)].kernels[0][-1][:, 0],
            }
            for kind, of in ARMS.items()
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
        strengths = [findings[end]["strength"] for end in ("predicting", "selecting")]
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
                            {"label": "L1 as it is", "arm": L1.look().arm, "x": x, "y": [c["error"] for c in path]},
                            {"label": "refitted to what is kept", "x": x, "y": [c["refit"] for c in path]},
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    },
                ]
            },
            alt=f"Left: as λ grows from {x[0]:.2g} to {x[-1]:.2g}, the irrelevant inputs that L1 picks fall from "
            f"{path[0]['false_picks']:.0f} to {path[-1]['false_picks']:.0f}, and the relevant ones it finds from "
            f"{path[0]['found']:.0f} to {path[-1]['found']:.0f}. Right: the error on new samples over the same λ, as "
            f"it is and refitted: least at λ = {strengths[0]:.2g} and {strengths[1]:.2g}. "
            f"At the λ fixed beforehand L1 finds {l1['found']:.1f} and falsely picks {l1['false_picks']:.1f}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="selection",
            columns=(
                Column(label="penalty"),
                Column(label="λ", format=".2f"),
                Column(label="inputs with a weight", format=".1f"),
                Column(label="relevant found", format=".1f"),
                Column(label="false picks", format=".1f"),
                Column(label="mean squared error, new samples", format=".2f"),
                Column(label="refitted to what is kept", format=".2f"),
            ),
            rows=tuple(
                (
                    arm["label"],
                    arm["strength"],
                    arm["picked"],
                    arm["found"],
                    arm["false_picks"],
                    arm["error"],
                    arm["refit"],
                )
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


def _conclude(
    counts: dict[str, list[dict[str, float]]], along: list[list[dict[str, float]]], rule: Comparison
) -> Findings:
    """Findings from the counts of every draw: of each arm, and of L1 at each strength of the path."""
    draws = len(counts["l1"])
    arms = {kind: _summarize_counts(each) for kind, each in counts.items()}
    path = [_summarize_counts(point) for point in along]
    margin = rule.equivalence * DATA.noise**2

    def values(kind: str, what: str) -> Any:
        return np.array([count[what] for count in counts[kind]])

    def along_path(what: str) -> Any:
        return np.array([[count[what] for count in point] for point in along])

    refit_against_none, refit_against_l1, against_none = compare_family(
        [
            (values("l1", "refit"), values("none", "error")),
            (values("l1", "refit"), values("l1", "error")),
            (values("l1", "error"), values("none", "error")),
        ],
        margin,
        rule,
    )
    predicting, selecting = (int(along_path(f"choosing_{what}").mean(axis=1).argmin()) for what in _FITS)
    changes = [
        (along_path(f"checking_{what}")[selecting], along_path(f"checking_{what}")[predicting]) for what in _FITS
    ]
    return {
        "inputs": DATA.inputs,
        "relevant": DATA.relevant,
        "samples": DATA.samples,
        "draws": draws,
        "noise": DATA.noise,
        "margin": margin,
        "strength": float(UNIVERSAL),
        "mix": ElasticNet().mix,
        "arms": {
            kind: {"label": ARMS[kind].look().title, "strength": float(UNIVERSAL) * (kind != "none"), **counts}
            for kind, counts in arms.items()
        },
        # A rate, since the counts of most draws are the same, of which a mean has no interval.
        "nine_tenths": rate_findings(
            (10 * values("l1", "found") >= 9 * DATA.relevant)
            & (10 * values("l1", "false_picks") <= DATA.inputs - DATA.relevant),
            rule,
        ),
        "all_kept": rate_findings(values("l2", "picked") == DATA.inputs, rule),
        "refit_against_none": as_findings(refit_against_none),
        "refit_against_l1": as_findings(refit_against_l1),
        "l1_against_none": as_findings(against_none),
        "l1_why": why_undecided(as_findings(against_none)),
        "path": {"strengths": [float(UNIVERSAL * f) for f in FACTORS], "counts": path},
        "saving": 1 - arms["l1"]["picked"] / DATA.inputs,
        "predicting": {"strength": float(UNIVERSAL * FACTORS[predicting]), **path[predicting]},
        "selecting": {"strength": float(UNIVERSAL * FACTORS[selecting]), **path[selecting]},
        "two_strengths": {
            name: as_findings(difference)
            for name, difference in zip(("as_it_is", "refit"), compare_family(changes, margin, rule), strict=True)
        },
    }


def _saves_at_no_cost(f: Mapping[str, Any]) -> Outcome:
    verdict = f["refit_against_none"]["verdict"]
    if verdict == "undecided":
        return "undecided"
    return "supported" if verdict != "worse" and f["saving"] > 0 else "not supported"


_FITS = ("error", "refit")
"""The two fits of each run: as it is, and refitted by least squares."""


def _count_inputs(trajectory: Any, draw: int) -> dict[str, float]:
    data, truth = trajectory.run.draw(), DATA.weights(draw)[:, 0] != 0
    picked = trajectory.kernels[0][-1][:, 0] != 0
    predictions = {"error": trajectory.predict(data.x_test), "refit": refit(data, picked)}
    squares = {fit: ((predictions[fit] - data.y_test) ** 2)[:, 0] for fit in _FITS}
    return {
        "picked": float(picked.sum()),
        "found": float((picked & truth).sum()),
        "false_picks": float((picked & ~truth).sum()),
        **{fit: float(squares[fit].mean()) for fit in _FITS},
        **{f"choosing_{fit}": float(squares[fit][:_CHOOSING].mean()) for fit in _FITS},
        **{f"checking_{fit}": float(squares[fit][_CHOOSING:].mean()) for fit in _FITS},
    }


def refit(data: Data, kept: NDArray[np.bool_]) -> Array:
    """Predictions [tests, 1] of least squares with a bias on the inputs that are kept [inputs], without a penalty."""
    train, test = (np.column_stack([np.ones(len(x)), x[:, kept]]) for x in (data.x_train, data.x_test))
    predicted: Array = test @ np.linalg.lstsq(train, data.y_train, rcond=None)[0]
    return predicted


def _summarize_counts(counts: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([c[key] for c in counts])) for key in counts[0]}
