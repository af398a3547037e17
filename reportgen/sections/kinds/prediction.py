"""Prediction: each penalty at a λ chosen for it, on the experiment's data and with a network that can overfit."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.datasets.hinges import Hinges
from reportgen.experiment import Experiment
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Picture
from reportgen.sections import Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, any_outcome, difference_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    as_findings,
    at_rest,
    finite_mean,
    kinds_by_name,
    own_arm,
    table,
    vary,
)
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.sparsity import zero_share
from reportgen.statistics.total_error import total_errors
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

KINDS = kinds_by_name(L1, L2)
FACTORS = (0.01, 0.1, 1.0, 3.0)
"""The grid of the experiment's own network, as factors of its λ."""
DRAWS = 45
"""Draws of the data, fewer if an arm has fewer than 30 runs; a third of them chooses λ, the others judge it."""

_COMPLEX_DATA = Hinges(inputs=20, relevant=6, samples=160, test_samples=200)
COMPLEX = Run(
    data=_COMPLEX_DATA,
    network=Network(hidden=(24, 24, 24), activation="relu", initializer="he_normal"),
    training=Training(
        optimizer="adam", learning_rate=0.003, schedule="linear", batch_size=16, epochs=120, loss="squared"
    ),
    recording=Recording.ENDS_ONLY,
)
"""A network that is wide, deep and nonlinear enough to overfit, and data without outliers."""
COMPLEX_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Tuned:
    """One penalty at the λ chosen for it."""

    label: str
    strength: float
    at_the_end: bool
    """True if λ is the first or the last of its grid, so that a wider one might do better."""
    error: float
    """Mean |prediction − target| of a test sample, over the draws that judge."""
    zero: float
    """Mean share of weights that are exactly zero."""
    against_none: Findings


@dataclass(frozen=True)
class Task:
    """One network and data set."""

    name: str
    label: str
    choosing: int
    """Draws of the data on which λ was chosen."""
    judging: int
    without: float
    """Error without a penalty."""
    tuned: dict[str, Tuned]
    l1_against_l2: Findings
    margin: float


@dataclass(frozen=True)
class Variant:
    """L1 and L2 at the experiment's λ, with one setting changed."""

    label: str
    error_l1: float
    error_l2: float
    """Mean errors of a test sample."""
    l1_zero: float
    l2_zero: float
    difference: Findings


@dataclass(frozen=True)
class PredictionFindings:
    """What the section found."""

    own: Task
    complex: Task
    variants: list[Variant]
    inputs: int
    relevant: int
    """Of the network that can overfit: its inputs, and those of them that count."""
    linear: bool
    """True if the experiment's network can only draw straight lines."""
    strengths: list[float]
    """λ of L1 and of L2 in `variants`."""
    confidence: float


@sections.register("prediction")
class Prediction(Section[PredictionFindings]):
    """Whether a penalty predicts better: at its own λ, judged on draws of the data that had no part in choosing it."""

    title = "Better predictions?"
    claims = (
        Claim(
            name="regularization-helps-this-network",
            test=lambda f: _helps(f.own),
        ),
        Claim(
            name="l2-beats-l1-at-its-own-strength",
            post="L2 predicts better than L1, as its smaller total errors suggest.",
            test=lambda f: difference_outcome(f.own.l1_against_l2, "worse"),
        ),
        Claim(
            name="regularization-helps-a-network-that-overfits",
            test=lambda f: _helps(f.complex),
        ),
        Claim(
            name="l1-helps-more-where-few-inputs-count",
            test=lambda f: difference_outcome(f.complex.l1_against_l2),
        ),
        Claim(
            name="settings-change-the-verdict",
            test=lambda f: any_outcome(*(difference_outcome(v.difference, "better", "worse") for v in f.variants)),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        for task in (_own(e), COMPLEX):
            yield from _runs(e, task, "none", 0.0)
            for kind in KINDS:
                for λ in _grid(e, task, kind):
                    yield from _runs(e, task, kind, λ)
        for changed in _variants(e).values():
            for kind in KINDS:
                yield from _runs(e, changed, kind, _strength(e, kind))

    def findings(self, e: Experiment, trained: Trained, study: object) -> PredictionFindings:
        return PredictionFindings(
            own=_judge(e, trained, _own(e), "own", "this experiment"),
            complex=_judge(e, trained, COMPLEX, "complex", "a network that can overfit"),
            variants=[_compare_variant(e, trained, run, label) for label, run in _variants(e).items()],
            inputs=_COMPLEX_DATA.inputs,
            relevant=_COMPLEX_DATA.relevant,
            linear=e.network.activation == "linear" or not e.network.hidden,
            strengths=[_strength(e, kind) for kind in KINDS],
            confidence=e.comparison.confidence,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: PredictionFindings) -> Iterable[Picture]:
        rows = [
            {"label": f"{tuned.label}, {task.label}", **_in_margins(tuned.against_none, task.margin)}
            for task in (findings.own, findings.complex)
            for tuned in task.tuned.values()
        ]
        rows = [row for row in rows if all(math.isfinite(row[end]) for end in ("estimate", "low", "high"))]
        if rows and findings.own.margin and findings.complex.margin:
            yield Picture(
                name="prediction",
                figure="intervals",
                inputs={
                    "rows": rows,
                    "equivalence": (-1.0, 1.0),
                    "xlabel": "change of the error, in units of the margin",
                },
                alt="Test error of each penalty at its own λ against no penalty, in units of the margin. "
                + "; ".join(f"{row['label']}: {row['estimate']:.1f}, {row['verdict']}" for row in rows)
                + ".",
            )

    def tables(self, e: Experiment, findings: PredictionFindings) -> Iterable[Table]:
        tuned = [
            {"task": task.label, **dataclasses.asdict(of), "without": task.without, **of.against_none}
            for task in (findings.own, findings.complex)
            for of in task.tuned.values()
        ]
        yield table(
            "prediction",
            tuned,
            {
                "task": ("data and network", ""),
                "label": ("penalty", ""),
                "strength": ("its λ", ".2g"),
                "error": ("error", ".3f"),
                "without": ("without a penalty", ".3f"),
                "estimate": ("mean difference", ".3f"),
                "low": ("from", ".3f"),
                "high": ("to", ".3f"),
                "verdict": ("verdict", ""),
                "zero": ("weights exactly zero", ".0%"),
            },
        )
        yield table(
            "other-settings",
            findings.variants,
            {
                "label": ("setting", ""),
                "error_l1": ("L1", ".3f"),
                "error_l2": ("L2", ".3f"),
                "difference.estimate": ("mean difference", ".3f"),
                "difference.low": ("from", ".3f"),
                "difference.high": ("to", ".3f"),
                "difference.verdict": ("verdict for L1", ""),
                "l1_zero": ("zeros under L1", ".0%"),
                "l2_zero": ("zeros under L2", ".0%"),
            },
        )

    def headline(self, e: Experiment, findings: PredictionFindings) -> str | None:
        helps = {task.name: _helps(task) for task in (findings.own, findings.complex)}
        if (helps["own"], helps["complex"]) == ("not supported", "supported"):
            return "A penalty does not improve the predictions here. In a network that overfits, it does."
        return "A penalty improves the predictions here." if helps["own"] == "supported" else None


def _helps(task: Task) -> Outcome | None:
    """The outcome of the claim that a penalty predicts better than none."""
    return any_outcome(*(difference_outcome(tuned.against_none) for tuned in task.tuned.values()))


def _own(e: Experiment) -> Run:
    """The experiment's network, at a learning rate that falls to zero."""
    return vary(e.run(0), training={"schedule": at_rest(e)}, recording=Recording.ENDS_ONLY)


def _variants(e: Experiment) -> dict[str, Run]:
    """The experiment's network with one setting changed."""
    run = _own(e)
    training, hidden = run.training, run.network.hidden
    found = {
        "as it is": run,
        "half the learning rate": vary(run, training={"learning_rate": training.learning_rate / 2}),
        "twice the epochs": vary(run, training={"epochs": 2 * training.epochs}),
    }
    if len(hidden) > 1:
        found["one hidden layer"] = vary(run, network={"hidden": hidden[:1]})
    if hidden:
        found["two more hidden layers"] = vary(run, network={"hidden": (*hidden, *hidden[-1:] * 2)})
    return found


def _strength(e: Experiment, kind: str) -> float:
    arm = own_arm(e, KINDS[kind])
    return arm.strength if arm else DEFAULT_STRENGTH


def _grid(e: Experiment, task: Run, kind: str) -> list[float]:
    return list(COMPLEX_STRENGTHS) if task is COMPLEX else [float(f"{f * _strength(e, kind):.3g}") for f in FACTORS]


def _runs(e: Experiment, task: Run, kind: str, λ: float) -> list[Run]:
    """Runs of a task under one penalty, each on a draw of the data of its own."""
    arm = own_arm(e, KINDS[kind], "proximal") or own_arm(e, KINDS[kind]) if kind != "none" else None
    penalty = penalties[kind]() if arm is None else arm.penalty
    step = penalty.default_step if arm is None or task is COMPLEX else arm.step
    return [
        dataclasses.replace(task, penalty=penalty, strength=λ, step=step, data_seed=i, order_seed=i, init_seed=i)
        for i in range(DRAWS if e.runs.count >= 30 else e.runs.count)
    ]


def _errors(trained: Trained, runs: Iterable[Run]) -> Values:
    """Mean |prediction − target| of a test sample for each run; NaN for one that diverged."""
    trajectories = [trained[run] for run in runs]
    return total_errors(trajectories) / trajectories[0].run.draw().y_test.size


def _zeros(trained: Trained, runs: Iterable[Run]) -> float:
    shares = [zero_share(trained[run].at(-1)[0]) for run in runs if trained[run].diverged is None]
    return float(np.mean(shares)) if shares else math.nan


def _margin(e: Experiment, task: Run) -> float:
    data = task.draw()
    return e.comparison.equivalence * data.noise_scale


def _judge(e: Experiment, trained: Trained, task: Run, name: str, label: str) -> Task:
    """Choose λ on the first third of the draws, and compare on the others."""
    none = _errors(trained, _runs(e, task, "none", 0.0))
    choosing = max(1, len(none) // 3)
    chosen: dict[str, tuple[float, bool, Values, float]] = {}
    for kind in KINDS:
        grid = _grid(e, task, kind)
        errors = np.array([_errors(trained, _runs(e, task, kind, λ)) for λ in grid])
        means = errors[:, :choosing].mean(axis=1)
        best = int(np.where(np.isfinite(means), means, np.inf).argmin())
        runs = _runs(e, task, kind, grid[best])[choosing:]
        chosen[kind] = grid[best], best in (0, len(grid) - 1), errors[best, choosing:], _zeros(trained, runs)
    without, margin = none[choosing:], _margin(e, task)
    pairs = [(errors, without) for _, _, errors, _ in chosen.values()]
    l1, l2 = (errors for _, _, errors, _ in chosen.values())
    *against_none, between = compare_family([*pairs, (l1, l2)], margin, e.comparison)
    return Task(
        name=name,
        label=label,
        choosing=choosing,
        judging=len(without),
        without=finite_mean(without),
        tuned={
            kind: Tuned(
                label=KINDS[kind].title,
                strength=λ,
                at_the_end=at_the_end,
                error=finite_mean(errors),
                zero=zero,
                against_none=as_findings(difference),
            )
            for (kind, (λ, at_the_end, errors, zero)), difference in zip(chosen.items(), against_none, strict=True)
        },
        l1_against_l2=as_findings(between),
        margin=margin,
    )


def _compare_variant(e: Experiment, trained: Trained, run: Run, label: str) -> Variant:
    runs = {kind: _runs(e, run, kind, _strength(e, kind)) for kind in KINDS}
    l1, l2 = (_errors(trained, of) for of in runs.values())
    (difference,) = compare_family([(l1, l2)], _margin(e, run), e.comparison)
    l1_zero, l2_zero = (_zeros(trained, of) for of in runs.values())
    return Variant(
        label=label,
        error_l1=finite_mean(l1),
        error_l2=finite_mean(l2),
        l1_zero=l1_zero,
        l2_zero=l2_zero,
        difference=as_findings(difference),
    )


def _in_margins(difference: Findings, margin: float) -> Findings:
    """A difference in units of the margin."""
    scaled = {end: difference[end] / margin if margin else math.nan for end in ("estimate", "low", "high")}
    return {**scaled, "verdict": difference["verdict"]}
