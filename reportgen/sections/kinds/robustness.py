"""Robustness against outliers, by loss and by penalty."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.losses import losses
from reportgen.losses.absolute import Absolute
from reportgen.losses.huber import Huber
from reportgen.losses.squared import Squared
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Picture
from reportgen.sections import Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    as_findings,
    collapsed_runs,
    kinds_by_name,
    mean,
    own_arm,
    penalty_arms,
    table,
    varied_runs,
)
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.rates import compare_rates
from reportgen.statistics.total_error import total_errors
from reportgen.text import number
from reportgen.training.run import Run

SHARE = 0.2
"""Share of the samples that are outliers."""
SIZES = (0.0, 10.0, 20.0, 40.0)
"""The dial: outliers are raised by one draw from zero to this size; at zero there are none."""
# A rate of 0.01 is unstable for squared errors of the outliers' size, so each loss has a rate of its own.
ABSOLUTE, SQUARED, HUBER = (losses.name_of(kind) for kind in (Absolute, Squared, Huber))
RATES = {ABSOLUTE: 0.01, SQUARED: 0.0003, HUBER: 0.01}
NAMES = {name: losses[name].short for name in RATES}
PENALTIES = {kind: of.title for kind, of in kinds_by_name(NoPenalty, L1, L2, ElasticNet).items()}
LOSS_EFFECTS = ((SQUARED, ABSOLUTE), (HUBER, ABSOLUTE))
PENALTY_EFFECTS: tuple[tuple[str, str], ...] = (
    *((kind, "none") for kind in kinds_by_name(L1, L2, ElasticNet)),
    *zip(kinds_by_name(L1), kinds_by_name(L2), strict=True),
)
_DRAWS = 20
_FEWEST_SAMPLES = 20
"""Of fewer samples, the shares of outliers would not be what the dial says."""


@dataclass(frozen=True)
class PenaltySetting:
    """How a penalty is applied here."""

    label: str
    strength: float
    step: str
    formula: str
    own: bool
    """True if it is an arm of the experiment; else its strength is the section's."""


@dataclass(frozen=True)
class OutlierCell:
    """The networks of one loss and penalty at one size of outliers."""

    loss: str
    penalty: str
    size: float
    error: float
    """Median total error of those that did not diverge."""
    collapsed: int
    diverged: int


@dataclass(frozen=True)
class RobustnessFindings:
    """What the section found. Effects are paired over draws of the data, and averaged over the other factor."""

    own_line: bool
    """True if the line is not the experiment's."""
    penalties: list[PenaltySetting]
    cells: list[OutlierCell]
    share: float
    draws: int
    rates: dict[str, float]
    collapses: list[Findings]
    diverged: int
    by_loss: dict[str, float]
    """Mean error with outliers."""
    margin: float
    confidence: float
    loss_effects: dict[str, Findings]
    penalty_effects: dict[str, Findings]
    mended: dict[str, Findings]
    """Each penalty against none, under the squared loss."""
    clean: dict[str, Findings]
    """Loss effects without outliers."""


@sections.register("robustness")
class Robustness(Section[RobustnessFindings]):
    """Three losses times four penalties, over the size of outliers."""

    title = "Outliers"
    claims = (
        Claim(
            name="the-loss-resists-outliers",
            test=lambda f: difference_outcome(f.loss_effects["squared-absolute"], "worse"),
        ),
        Claim(
            name="the-penalty-resists-outliers",
            post="L1 is robust to outliers, L2 is not.",
            test=lambda f: difference_outcome(f.penalty_effects["l1-l2"], "better"),
        ),
        Claim(
            name="no-penalty-mends-the-squared-loss",
            test=lambda f: _has_no_verdict(f.mended.values(), "better"),
        ),
        Claim(
            name="huber-resists-like-absolute",
            test=lambda f: difference_outcome(f.loss_effects["huber-absolute"], "practically equal"),
        ),
        Claim(
            name="clean-data-need-no-robust-loss",
            test=lambda f: difference_outcome(f.clean["squared-absolute"], "practically equal"),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for loss in RATES for kind in PENALTIES for size in SIZES for run in _runs(e, loss, kind, size)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> RobustnessFindings:
        cells: list[OutlierCell] = []
        dirty: dict[tuple[str, str], Values] = {}
        clean: dict[tuple[str, str], Values] = {}
        gone: dict[tuple[str, str], NDArray[np.bool_]] = {}
        for loss in RATES:
            for kind in PENALTIES:
                runs = [[trained[run] for run in _runs(e, loss, kind, size)] for size in SIZES]
                totals = np.array([total_errors(trajectories) for trajectories in runs])
                collapsed = np.array([collapsed_runs(trajectories) for trajectories in runs])
                # Collapses are told by their rate, and left out of means unless half of the networks collapsed.
                kept = totals if 2 * collapsed.sum() >= collapsed.size else np.where(collapsed, np.nan, totals)
                # A pair is a draw whose errors are averaged over the dial, so a run that is left out removes its draw.
                clean[loss, kind], dirty[loss, kind] = kept[0], kept[1:].mean(axis=0)
                gone[loss, kind] = np.logical_or.reduce(collapsed)
                for size, errors, flat in zip(SIZES, totals, collapsed, strict=True):
                    ended = errors[np.isfinite(errors)]
                    cells.append(
                        OutlierCell(
                            loss=loss,
                            penalty=kind,
                            size=size,
                            error=float(np.median(ended)) if len(ended) else float("nan"),
                            collapsed=int(flat.sum()),
                            diverged=len(errors) - len(ended),
                        )
                    )
        margin = e.margin_of(_runs(e, "absolute", "none", SIZES[-1])[0])
        squared = {kind: dirty["squared", kind] for kind in PENALTIES}
        penalties = [(kind, "none") for kind in PENALTIES if kind != "none"]
        effects = _main_effects(e, dirty, margin)
        return RobustnessFindings(
            own_line=_line(e) != e.data,
            penalties=[
                PenaltySetting(PENALTIES[kind], arm.strength, arm.step, arm.penalty.formula, arm in e.arms)
                for kind, arm in _arms(e).items()
            ],
            cells=cells,
            share=SHARE,
            draws=min(_DRAWS, e.runs.count),
            rates={str(loss): rate for loss, rate in RATES.items()},
            collapses=_compare_collapses(e, gone),
            diverged=sum(cell.diverged for cell in cells),
            by_loss={loss: _average(dirty, loss, 0) for loss in RATES},
            margin=margin,
            confidence=e.comparison.confidence,
            loss_effects=effects["loss_effects"],
            penalty_effects=effects["penalty_effects"],
            mended=_effects(e, squared, penalties, margin, short=True),
            clean=_effects(e, _by_loss(clean), LOSS_EFFECTS, margin),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: RobustnessFindings) -> Iterable[Picture]:
        arms = {"none": NoPenalty.look().arm} | {kind: arm.penalty.look().arm for kind, arm in _arms(e).items()}
        panels = [
            {
                "title": f"{NAMES[loss]} loss",
                "xlabel": "size of the outliers",
                "ylabel": "total error",
                "series": [
                    {
                        "label": label,
                        "arm": arms[kind],
                        "x": list(SIZES),
                        "y": [c.error for c in findings.cells if (c.loss, c.penalty) == (loss, kind)],
                    }
                    for kind, label in PENALTIES.items()
                ],
            }
            for loss in (ABSOLUTE, SQUARED)
        ]
        if np.isfinite([cell.error for cell in findings.cells]).any():
            yield Picture(
                name="robustness",
                figure="curves",
                inputs={"panels": panels, "share_y": True},
                alt="Median total error on clean test samples over the size of the outliers. At the largest size, by "
                "loss and penalty: "
                + "; ".join(
                    f"{NAMES[c.loss]}, {PENALTIES[c.penalty]} {number(c.error, '.1f')}"
                    for c in findings.cells
                    if c.size == SIZES[-1]
                )
                + ".",
            )

    def tables(self, e: Experiment, findings: RobustnessFindings) -> Iterable[Table]:
        effects = [
            {"effect": f"{d['first']} against {d['second']}", "data": data, **d}
            for data, found in (
                ("with outliers", {**findings.loss_effects, **findings.penalty_effects}),
                ("without", findings.clean),
            )
            for d in found.values()
        ]
        yield table(
            "robustness-effects",
            effects,
            {
                "effect": ("effect", ""),
                "data": ("data", ""),
                "estimate": ("mean difference", ".2f"),
                "low": ("from", ".2f"),
                "high": ("to", ".2f"),
                "verdict": ("verdict", ""),
                "pairs": ("draws", "d"),
            },
        )
        # The page shows the largest size; the file has all of them.
        names = [
            {**dataclasses.asdict(c), "loss": NAMES[c.loss], "penalty": PENALTIES[c.penalty]}
            for c in sorted(findings.cells, key=lambda c: -c.size)
        ]
        yield table(
            "robustness",
            names,
            {
                "loss": ("loss", ""),
                "penalty": ("penalty", ""),
                "size": ("size", "g"),
                "error": ("median total error", ".1f"),
                "collapsed": ("collapsed", "d"),
                "diverged": ("diverged", "d"),
            },
            shown=len(RATES) * len(PENALTIES),
        )

    def headline(self, e: Experiment, findings: RobustnessFindings) -> str | None:
        verdicts = (
            findings.loss_effects["squared-absolute"]["verdict"],
            findings.penalty_effects["l1-l2"]["verdict"],
        )
        if verdicts != ("worse", "practically equal"):
            return None
        return "Against outliers, change the loss: the choice between L1 and L2 makes no difference."


def _runs(e: Experiment, loss: str, kind: str, size: float) -> list[Run]:
    data, arm = _line(e), _arms(e).get(kind)
    changes: dict[str, Any] = {"penalty": arm.penalty, "strength": arm.strength, "step": arm.step} if arm else {}
    count = round(SHARE * data.samples) if size else 0
    runs = varied_runs(
        e,
        _DRAWS,
        data=dataclasses.replace(data, outliers=count, outlier_size=size, clean_test=True),
        network={"activation": "linear", "dropout": 0.0},
        # The rates suit plain gradient steps.
        training={
            **{"loss": loss, "learning_rate": RATES[loss], "optimizer": "sgd", "schedule": "linear"},
            "batch_size": 1,
        },
        **changes,
    )
    # Fresh data for each run, so that results do not depend on one draw of the outliers.
    return [dataclasses.replace(run, data_seed=i) for i, run in enumerate(runs)]


def _line(e: Experiment) -> Line:
    """The data: those of the experiment if they are a line with enough samples, and steep enough to be told from a
    collapsed fit beside the outliers."""
    line = e.data
    if not isinstance(line, Line) or line.samples < _FEWEST_SAMPLES:
        return Line()
    return line if abs(line.slope) * (line.stop - line.start) >= SIZES[1] / 2 else Line()


def _arms(e: Experiment) -> dict[str, Arm]:
    """The penalties that are tried: each as the experiment's own arm applies it, else with a strength of our own."""
    kinds = kinds_by_name(L1, L2, ElasticNet)
    arms = penalty_arms(e, *kinds.values())
    return {
        name: arms[name]
        if own_arm(e, kind)
        else Arm(name="own", penalty=kind(), strength=DEFAULT_STRENGTH, step=kind.default_step)
        for name, kind in kinds.items()
    }


def _compare_collapses(e: Experiment, gone: dict[tuple[str, str], NDArray[np.bool_]]) -> list[Findings]:
    """For each penalty under which a network collapsed: in how many draws one did, against no penalty."""
    draws = {kind: np.any([gone[loss, kind] for loss in RATES], axis=0) for kind in PENALTIES}
    return [
        {"label": label, **as_findings(compare_rates(draws[kind], draws["none"], e.comparison))}
        for kind, label in PENALTIES.items()
        if kind != "none" and draws[kind].any()
    ]


def _average(errors: dict[tuple[str, str], Values], level: str, place: int) -> float:
    """Mean over draws and the levels of the other factor, of the draws that no run is missing from."""
    whole = np.isfinite(list(errors.values())).all(axis=0)
    return mean([float(values[whole].mean()) for key, values in errors.items() if key[place] == level and whole.any()])


def _by_loss(errors: dict[tuple[str, str], Values]) -> dict[Any, Values]:
    """Errors of each loss, averaged over penalties."""
    return {loss: np.mean([errors[loss, kind] for kind in PENALTIES], axis=0) for loss in RATES}


def _main_effects(e: Experiment, errors: dict[tuple[str, str], Values], margin: float) -> dict[str, Findings]:
    """Differences between the levels of each factor, averaged over the levels of the other; one family for both."""
    by_penalty = {kind: np.mean([errors[loss, kind] for loss in RATES], axis=0) for kind in PENALTIES}
    found = _effects(e, {**_by_loss(errors), **by_penalty}, [*LOSS_EFFECTS, *PENALTY_EFFECTS], margin)
    ofs = {f"{a}-{b}" for a, b in LOSS_EFFECTS}
    return {
        "loss_effects": {name: d for name, d in found.items() if name in ofs},
        "penalty_effects": {name: d for name, d in found.items() if name not in ofs},
    }


def _effects(
    e: Experiment, errors: dict[Any, Values], pairs: Sequence[tuple[Any, Any]], margin: float, short: bool = False
) -> dict[str, Findings]:
    labels: dict[Any, str] = {**{loss: f"{name} loss" for loss, name in NAMES.items()}, **PENALTIES}
    differences = compare_family([(errors[a], errors[b]) for a, b in pairs], margin, e.comparison)
    return {
        a if short else f"{a}-{b}": {
            "first": labels[a],
            "second": labels[b],
            "label": labels[a],
            **as_findings(difference),
        }
        for (a, b), difference in zip(pairs, differences, strict=True)
    }


def _has_no_verdict(differences: Iterable[Findings], verdict: str) -> bool | Outcome:
    """True if no difference has this verdict; "undecided" if one may have it with more pairs."""
    verdicts = [d["verdict"] for d in differences]
    return False if verdict in verdicts else "undecided" if "undecided" in verdicts else True
