"""Robustness against outliers, by loss and by penalty."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    DEFAULT_STRENGTH,
    as_findings,
    collapsed_runs,
    kinds_by_name,
    mean,
    own_arm,
    penalty_arms,
    varied_runs,
)
from reportgen.sections.wording import is_post
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.rates import compare_rates
from reportgen.statistics.total_error import total_errors
from reportgen.text import number, plural
from reportgen.training.run import Loss, Run

SHARES = (0.1, 0.2, 0.4)
SIZES = (10.0, 20.0, 40.0)
# A rate of 0.01 is unstable for squared errors of the outliers' size, so each loss has a rate of its own.
RATES: dict[Loss, float] = {"absolute": 0.01, "squared": 0.0003, "huber": 0.01}
NAMES: dict[Loss, str] = {"absolute": "absolute", "squared": "squared", "huber": "Huber"}
PENALTIES = {kind: of.title for kind, of in kinds_by_name(NoPenalty, L1, L2, ElasticNet).items()}
LOSS_EFFECTS: tuple[tuple[Loss, Loss], ...] = (("squared", "absolute"), ("huber", "absolute"))
PENALTY_EFFECTS: tuple[tuple[str, str], ...] = (
    *((kind, "none") for kind in kinds_by_name(L1, L2, ElasticNet)),
    *zip(kinds_by_name(L1), kinds_by_name(L2), strict=True),
)
_DRAWS = 20
_FEWEST_SAMPLES = 20
"""Of fewer samples, the shares of outliers would not be what the dial says."""


@sections.register("robustness")
class Robustness(Section[Findings]):
    """Three losses times four penalties, at several shares and sizes of outliers."""

    title = "Who resists outliers"
    claims = (
        Claim(
            name="the-loss-resists-outliers",
            test=lambda f: difference_outcome(f["loss_effects"]["squared-absolute"], "worse"),
        ),
        Claim(
            name="the-penalty-resists-outliers",
            post="L1 is robust to outliers, L2 is not.",
            test=lambda f: difference_outcome(f["penalty_effects"]["l1-l2"], "better"),
        ),
        Claim(
            name="no-penalty-mends-the-squared-loss",
            test=lambda f: _has_no_verdict(f["mended"].values(), "better"),
        ),
        Claim(
            name="huber-resists-like-absolute",
            test=lambda f: difference_outcome(f["loss_effects"]["huber-absolute"], "practically equal"),
        ),
        Claim(
            name="clean-data-need-no-robust-loss",
            test=lambda f: difference_outcome(f["clean"]["squared-absolute"], "practically equal"),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        arms = [(loss, kind) for loss in RATES for kind in PENALTIES]
        return [run for arm in arms for dial in _outlier_settings() for run in self._setting_runs(e, *arm, *dial)]

    def _setting_runs(self, e: Experiment, loss: Loss, kind: str, share: float, size: float) -> list[Run]:
        data, arm = _line(e), _arms(e).get(kind)
        changes: dict[str, Any] = {"penalty": arm.penalty, "strength": arm.strength, "step": arm.step} if arm else {}
        runs = varied_runs(
            e,
            _DRAWS,
            data=dataclasses.replace(data, outliers=round(share * data.samples), outlier_size=size, clean_test=True),
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

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        cells: list[dict[str, Any]] = []
        dirty: dict[tuple[Loss, str], Values] = {}
        clean: dict[tuple[Loss, str], Values] = {}
        gone: dict[tuple[Loss, str], NDArray[np.bool_]] = {}
        dial = _outlier_settings()
        for loss in RATES:
            for kind, label in PENALTIES.items():
                runs = [[trained[run] for run in self._setting_runs(e, loss, kind, *setting)] for setting in dial]
                totals = np.array([total_errors(trajectories) for trajectories in runs])
                collapsed = np.array([collapsed_runs(trajectories) for trajectories in runs])
                # Collapses are told by their rate, and left out of means unless half of the networks collapsed.
                kept = totals if 2 * collapsed.sum() >= collapsed.size else np.where(collapsed, np.nan, totals)
                # A pair is a draw whose errors are averaged over all settings, so a run that is left out removes its
                # draw.
                clean[loss, kind], dirty[loss, kind] = kept[0], kept[1:].mean(axis=0)
                gone[loss, kind] = np.logical_or.reduce(collapsed)
                for (share, size), errors, flat in zip(dial, totals, collapsed, strict=True):
                    ended = errors[np.isfinite(errors)]
                    cells.append(
                        {
                            "loss": loss,
                            "penalty": kind,
                            "label": label,
                            "share": share,
                            "size": size,
                            "error": float(np.median(ended)) if len(ended) else float("nan"),
                            "collapsed": int(flat.sum()),
                            "diverged": len(errors) - len(ended),
                        }
                    )
        first = self._setting_runs(e, "absolute", "none", SHARES[-1], SIZES[-1])[0]
        margin = e.margin_of(first)
        squared = {kind: dirty["squared", kind] for kind in PENALTIES}
        draws = min(_DRAWS, e.runs.count)
        return {
            "post": is_post(e),
            "own_line": _line(e) != e.data,
            "penalties": [
                {"label": PENALTIES[kind], "strength": arm.strength, "step": arm.step, "formula": arm.penalty.formula}
                | {"arm": arm.label if arm in e.arms else None}
                for kind, arm in _arms(e).items()
            ],
            "cells": cells,
            "shares": list(SHARES),
            "sizes": list(SIZES),
            "draws": plural(draws, "draw") + " of the data",
            "networks": plural(draws, "network"),
            "collapses": _compare_collapses(e, gone),
            "diverged": sum(c["diverged"] for c in cells),
            "whole": int(np.isfinite(list(dirty.values())).all(axis=0).sum()),
            "whole_clean": int(np.isfinite(list(clean.values())).all(axis=0).sum()),
            "rates": dict(RATES),
            "equivalence": margin,
            "confidence": e.comparison.confidence,
            "by_loss": {loss: _average(dirty, loss, 0) for loss in RATES},
            "clean_by_loss": {loss: _average(clean, loss, 0) for loss in RATES},
            "by_penalty": {kind: _average(dirty, kind, 1) for kind in PENALTIES},
            **_main_effects(e, dirty, margin),
            "mended": _effects(
                e, squared, [(kind, "none") for kind in PENALTIES if kind != "none"], margin, short=True
            ),
            "clean": _effects(e, _by_loss(clean), LOSS_EFFECTS, margin),
            "samples_tested": first.draw().x_test.shape[0],
            "samples_trained": first.training_samples,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        shares, sizes = (0.0, *SHARES), (0.0, *SIZES)
        error = {(c["loss"], c["penalty"], c["share"], c["size"]): c["error"] for c in findings["cells"]}
        panels = [
            {
                "title": f"{NAMES[loss]}, {label}",
                # No outliers and outliers of size zero are the same data.
                "values": [
                    [error[loss, kind, *((share, size) if share and size else (0.0, 0.0))] for share in shares]
                    for size in sizes
                ],
            }
            for kind, label in PENALTIES.items()
            for loss in RATES
        ]
        yield Picture(
            name="robustness",
            figure="heat_maps",
            inputs={
                "panels": panels,
                "columns": len(RATES),
                "x": [f"{share:.0%}" for share in shares],
                "y": [f"{size:g}" for size in sizes],
                "xlabel": "share of samples that are outliers",
                "ylabel": "outlier size",
            },
            alt="Median total error on clean test samples over share and size of the outliers, a panel for each loss "
            "and penalty. On average over the dial, with outliers: "
            + "; ".join(f"{NAMES[loss]} loss {number(findings['by_loss'][loss], '.1f')}" for loss in RATES)
            + "; "
            + "; ".join(f"{label} {number(findings['by_penalty'][k], '.1f')}" for k, label in PENALTIES.items())
            + ".",
        )
        rows = [*findings["loss_effects"].values(), *findings["penalty_effects"].values()]
        if all(np.isfinite([row["low"], row["high"]]).all() for row in rows):
            margin = findings["equivalence"]
            yield Picture(
                name="robustness-effects",
                figure="intervals",
                inputs={
                    "rows": [
                        {
                            "label": f"{row['first']} − {row['second']}",
                            **{key: row[key] for key in ("estimate", "low", "high", "verdict")},
                        }
                        for row in rows
                    ],
                    "equivalence": (-margin, margin),
                    "xlabel": "difference of the total error, with outliers",
                },
                alt="Main effects of loss and penalty on the total error, with outliers. "
                + "; ".join(
                    f"{row['first']} minus {row['second']}: {number(row['estimate'], '.2f')}, interval "
                    f"{number(row['low'], '.2f')} to {number(row['high'], '.2f')}, {row['verdict']}"
                    for row in rows
                )
                + ".",
            )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        rows = []
        for loss in RATES:
            for kind, label in PENALTIES.items():
                mine = [c for c in findings["cells"] if (c["loss"], c["penalty"]) == (loss, kind)]
                rows += [
                    (NAMES[loss], label, c["share"], c["size"], c["error"], c["collapsed"], c["diverged"]) for c in mine
                ]
        # The page shows the strongest setting; the file has all of them.
        rows.sort(key=lambda row: (row[2], row[3]), reverse=True)
        yield Table(
            name="robustness",
            columns=(
                Column(label="loss"),
                Column(label="penalty"),
                Column(label="outliers", format=".0%"),
                Column(label="size", format="g"),
                Column(label="median total error", format=".1f"),
                Column(label="collapsed", format="d"),
                Column(label="diverged", format="d"),
            ),
            rows=tuple(rows),
            shown=len(RATES) * len(PENALTIES),
        )
        yield Table(
            name="robustness-effects",
            columns=(
                Column(label="effect"),
                Column(label="data"),
                *(Column(label=label, format=".2f") for label in ("mean difference", "from", "to")),
                Column(label="verdict"),
                Column(label="draws", format="d"),
            ),
            rows=tuple(
                (f"{d['first']} − {d['second']}", data, d["estimate"], d["low"], d["high"], d["verdict"], d["pairs"])
                for data, effects in (
                    ("with outliers", {**findings["loss_effects"], **findings["penalty_effects"]}),
                    ("without", findings["clean"]),
                )
                for d in effects.values()
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        loss, penalties = findings["loss_effects"]["squared-absolute"], findings["penalty_effects"]["l1-l2"]
        if not np.isfinite(loss["estimate"]):
            return None
        told = (
            f"with outliers, the squared loss minus the absolute one is {number(loss['estimate'], '.1f')} in total "
            f"error ({loss['verdict']}), the L1 penalty minus the L2 penalty {number(penalties['estimate'], '.2f')} "
            f"({penalties['verdict']})"
        )
        if (loss["verdict"], penalties["verdict"]) == ("worse", "practically equal"):
            return f"It is the loss that resists outliers, not L1 in place of L2: {told}."
        return f"Loss and penalty against outliers: {told}."


def _outlier_settings() -> list[tuple[float, float]]:
    """(share, size) of the outliers, first none."""
    return [(0.0, 0.0), *((share, size) for share in SHARES for size in SIZES)]


def _line(e: Experiment) -> Line:
    """The data: those of the experiment if they are a line with enough samples, and steep enough to be told from a
    collapsed fit beside the outliers."""
    line = e.data
    if not isinstance(line, Line) or line.samples < _FEWEST_SAMPLES:
        return Line()
    return line if abs(line.slope) * (line.stop - line.start) >= SIZES[0] / 2 else Line()


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


def _compare_collapses(e: Experiment, gone: dict[tuple[Loss, str], NDArray[np.bool_]]) -> list[Findings]:
    """For each penalty under which a network collapsed: in how many draws one did, against no penalty."""
    draws = {kind: np.any([gone[loss, kind] for loss in RATES], axis=0) for kind in PENALTIES}
    return [
        {"label": label, **as_findings(compare_rates(draws[kind], draws["none"], e.comparison))}
        for kind, label in PENALTIES.items()
        if kind != "none" and draws[kind].any()
    ]


def _average(errors: dict[tuple[Loss, str], Values], level: str, place: int) -> float:
    """Mean over draws and the levels of the other factor, of the draws that no run is missing from."""
    whole = np.isfinite(list(errors.values())).all(axis=0)
    return mean([float(values[whole].mean()) for key, values in errors.items() if key[place] == level and whole.any()])


def _by_loss(errors: dict[tuple[Loss, str], Values]) -> dict[Any, Values]:
    """Errors of each loss, averaged over penalties."""
    return {loss: np.mean([errors[loss, kind] for kind in PENALTIES], axis=0) for loss in RATES}


def _main_effects(e: Experiment, errors: dict[tuple[Loss, str], Values], margin: float) -> dict[str, Findings]:
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
