"""Feature selection by the lasso: fifty inputs of which ten count."""

from collections.abc import Iterable
from dataclasses import dataclass
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
from reportgen.pictures.picture import Picture
from reportgen.sections import Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import as_findings, default_penalty, kinds_by_name, rate_findings, table
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


@dataclass(frozen=True)
class Counted:
    """Means over the draws at one penalty and λ."""

    label: str
    strength: float
    picked: float
    """Inputs with a weight that is not exactly zero."""
    found: float
    """Those of them that count."""
    false_picks: float
    """Those of them that do not."""
    error: float
    """Mean squared error on new samples."""
    refit: float
    """The same after least squares on the inputs that are kept."""


@dataclass(frozen=True)
class SelectionFindings:
    """What the section found."""

    inputs: int
    relevant: int
    samples: int
    draws: int
    margin: float
    strength: float
    """λ, fixed before any run."""
    mix: float
    arms: dict[str, Counted]
    nine_tenths: Findings
    """In how many draws L1 finds nine tenths of the inputs that count, and picks at most a tenth of the others."""
    all_kept: Findings
    """In how many draws L2 keeps all inputs."""
    refit_against_none: Findings
    refit_against_l1: Findings
    l1_against_none: Findings
    path: list[Counted]
    saving: float
    """Share of the inputs that L1 drops."""
    predicting: Counted
    """L1 at the λ of least error on half of the new samples."""
    selecting: Counted
    """L1 at the λ of least error after the refit on the same half."""
    two_strengths: dict[str, Findings]
    """Error on the other half at the second λ against the first, "as_it_is" and after the "refit"."""


@sections.register("selection")
class Selection(Section[SelectionFindings]):
    """The post's "50 coefficients, 10 non-zero", with counts over many draws.

    References:
        Meinshausen and Bühlmann, High-Dimensional Graphs and Variable Selection with the Lasso, Annals of Statistics
        2006, Proposition 1.
        Zhao and Yu, On Model Selection Consistency of Lasso, Journal of Machine Learning Research 2006.
    """

    title = "Fewer inputs"
    claims = (
        Claim(
            name="l1-selects-inputs",
            post="L1 gives sparse weights and so selects features: of fifty coefficients ten are left, and the other "
            "forty were irrelevant.",
            test=lambda f: majority_outcome(f.nine_tenths),
        ),
        Claim(
            name="l2-selects-nothing",
            test=lambda f: majority_outcome(f.all_kept),
        ),
        Claim(
            name="fewer-inputs-cost-less",
            post="What is dropped need not be measured: collecting data becomes cheaper.",
            test=lambda f: _saves_at_no_cost(f),
        ),
        Claim(
            name="refitting-takes-the-bias-away",
            test=lambda f: difference_outcome(f.refit_against_l1),
        ),
        Claim(
            name="predicting-is-not-selecting",
            test=lambda f: (
                all_outcomes(
                    difference_outcome(f.two_strengths["as_it_is"], "worse"),
                    difference_outcome(f.two_strengths["refit"]),
                )
                if f.predicting.strength != f.selecting.strength
                else "not supported"
            ),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        draws = min(_DRAWS, e.runs.count)
        yield from (linear_run(kind, UNIVERSAL, draw) for kind in ARMS for draw in range(draws))
        yield from (linear_run("l1", UNIVERSAL * f, draw) for f in FACTORS for draw in range(draws))

    def findings(self, e: Experiment, trained: Trained, study: object) -> SelectionFindings:
        draws = range(min(_DRAWS, e.runs.count))
        counts = {kind: [_count_inputs(trained[linear_run(kind, UNIVERSAL, d)], d) for d in draws] for kind in ARMS}
        path = [[_count_inputs(trained[linear_run("l1", UNIVERSAL * f, d)], d) for d in draws] for f in FACTORS]
        return _conclude(counts, path, e.comparison)

    def media(self, e: Experiment, trained: Trained, study: object, findings: SelectionFindings) -> Iterable[Picture]:
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
            + ", ".join(f"{arm.picked:.1f} with {arm.label}" for arm in findings.arms.values())
            + ".",
        )
        l1, path, x = findings.arms["l1"], findings.path, [point.strength for point in findings.path]
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
                            {"label": "relevant, found", "x": x, "y": [point.found for point in path]},
                            {"label": "irrelevant, picked", "x": x, "y": [point.false_picks for point in path]},
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
                            {"label": "L1 as it is", "arm": L1.look().arm, "x": x, "y": [p.error for p in path]},
                            {"label": "refitted to what is kept", "x": x, "y": [p.refit for p in path]},
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    },
                ]
            },
            alt=f"Left: as λ grows from {x[0]:.2g} to {x[-1]:.2g}, the irrelevant inputs that L1 picks fall from "
            f"{path[0].false_picks:.0f} to {path[-1].false_picks:.0f}, and the relevant ones it finds from "
            f"{path[0].found:.0f} to {path[-1].found:.0f}. Right: the error on new samples over the same λ, as it is "
            f"and refitted: least at λ = {findings.predicting.strength:.2g} and {findings.selecting.strength:.2g}. "
            f"At the λ fixed beforehand L1 finds {l1.found:.1f} and falsely picks {l1.false_picks:.1f}.",
        )

    def tables(self, e: Experiment, findings: SelectionFindings) -> Iterable[Table]:
        columns = {
            "label": ("penalty", ""),
            "strength": ("λ", ".2f"),
            "picked": ("inputs with a weight", ".1f"),
            "found": ("relevant found", ".1f"),
            "false_picks": ("false picks", ".1f"),
            "error": ("mean squared error, new samples", ".2f"),
            "refit": ("refitted to what is kept", ".2f"),
        }
        yield table("selection", findings.arms.values(), columns)

    def headline(self, e: Experiment, findings: SelectionFindings) -> str | None:
        rates = (findings.nine_tenths, findings.all_kept)
        if any(majority_outcome(rate) != "supported" for rate in rates):
            return None
        l1 = findings.arms["l1"]
        return (
            f"Of {findings.inputs} inputs of which {findings.relevant} count, L1 keeps {l1.found:.0f} that count and "
            f"{l1.false_picks:.0f} that do not. L2 keeps all."
        )


def _conclude(
    counts: dict[str, list[dict[str, float]]], along: list[list[dict[str, float]]], rule: Comparison
) -> SelectionFindings:
    """Findings from the counts of every draw: of each arm, and of L1 at each strength of the path."""
    draws = len(counts["l1"])
    arms = {kind: _means(ARMS[kind].look().title, UNIVERSAL * (kind != "none"), of) for kind, of in counts.items()}
    path = [_means("L1", UNIVERSAL * f, of) for f, of in zip(FACTORS, along, strict=True)]
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
    return SelectionFindings(
        inputs=DATA.inputs,
        relevant=DATA.relevant,
        samples=DATA.samples,
        draws=draws,
        margin=margin,
        strength=float(UNIVERSAL),
        mix=ElasticNet().mix,
        arms=arms,
        # A rate, since the counts of most draws are the same, of which a mean has no interval.
        nine_tenths=rate_findings(
            (10 * values("l1", "found") >= 9 * DATA.relevant)
            & (10 * values("l1", "false_picks") <= DATA.inputs - DATA.relevant),
            rule,
        ),
        all_kept=rate_findings(values("l2", "picked") == DATA.inputs, rule),
        refit_against_none=as_findings(refit_against_none),
        refit_against_l1=as_findings(refit_against_l1),
        l1_against_none=as_findings(against_none),
        path=path,
        saving=1 - arms["l1"].picked / DATA.inputs,
        predicting=path[predicting],
        selecting=path[selecting],
        two_strengths={
            name: as_findings(difference)
            for name, difference in zip(("as_it_is", "refit"), compare_family(changes, margin, rule), strict=True)
        },
    )


def _saves_at_no_cost(f: SelectionFindings) -> Outcome:
    verdict = f.refit_against_none["verdict"]
    if verdict == "undecided":
        return "undecided"
    return "supported" if verdict != "worse" and f.saving > 0 else "not supported"


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


def _means(label: str, strength: float, counts: list[dict[str, float]]) -> Counted:
    names = ("picked", "found", "false_picks", *_FITS)
    means = {name: float(np.mean([count[name] for count in counts])) for name in names}
    return Counted(label=label, strength=float(strength), **means)
