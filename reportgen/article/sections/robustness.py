"""Who resists outliers: the loss, or the penalty?"""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.analysis.errors import total_errors
from reportgen.article.common import LOOK, outcomes, penalty, strength
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.datasets.line import Line
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Loss, Run

SIZES = (0.0, 5.0, 10.0, 20.0, 40.0)
# Squared errors of the outliers' size make steps that a rate of 0.01 cannot take; each loss gets one it can.
RATES: dict[Loss, float] = {"absolute": 0.01, "squared": 0.0003, "huber": 0.01}
NAMES: dict[Loss, str] = {"absolute": "absolute", "squared": "squared", "huber": "Huber"}
PENALTIES = {"none": "no penalty", "l1": "L1, proximal", "l2": "L2", "elastic_net": "elastic net"}
_RUNS = 15


@sections.register("robustness")
class Robustness(Section):
    """Three losses times four penalties, over a dial that sets how far the outliers lie off."""

    title = "Who resists outliers"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for loss in RATES for kind in PENALTIES for size in SIZES for run in self._of(e, loss, kind, size)]

    def _of(self, e: Experiment, loss: Loss, kind: str, size: float) -> list[Run]:
        data = e.data if isinstance(e.data, Line) and e.data.outliers else Line()
        runs = outcomes(
            e,
            _RUNS,
            data=dataclasses.replace(data, outlier_size=size, clean_test=True),
            network={"activation": "linear"},
            training={"loss": loss, "learning_rate": RATES[loss], "schedule": "linear", "batch_size": 1},
            penalty=penalty(kind),
            strength=strength(e) if kind != "none" else 0.0,
            step="subgradient" if kind in ("none", "l2") else "proximal",
        )
        # Fresh data for each run: one draw of the outliers would be an anecdote.
        return [dataclasses.replace(run, data_seed=i) for i, run in enumerate(runs)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        cells: list[dict[str, Any]] = []
        for loss in RATES:
            for kind, label in PENALTIES.items():
                for size in SIZES:
                    totals = total_errors(trained[run] for run in self._of(e, loss, kind, size))
                    cells.append(
                        {
                            "loss": loss,
                            "penalty": kind,
                            "label": label,
                            "size": size,
                            "error": float(np.nanmedian(totals)) if np.isfinite(totals).any() else float("nan"),
                            "diverged": int(np.isnan(totals).sum()),
                        }
                    )
        at_end = [cell for cell in cells if cell["size"] == SIZES[-1]]
        by_loss = {loss: float(np.mean([c["error"] for c in at_end if c["loss"] == loss])) for loss in RATES}
        by_penalty = {kind: float(np.mean([c["error"] for c in at_end if c["penalty"] == kind])) for kind in PENALTIES}
        return {
            "cells": cells,
            "sizes": list(SIZES),
            "runs": min(_RUNS, e.runs.count),
            "strength": strength(e),
            "rates": dict(RATES),
            "by_loss": by_loss,
            "by_penalty": by_penalty,
            # At its least and at its most: the loss's whatever the penalty, the penalty's whatever the loss.
            "loss_effect": min(_range(c["error"] for c in at_end if c["penalty"] == kind) for kind in PENALTIES),
            "penalty_effect": max(_range(c["error"] for c in at_end if c["loss"] == loss) for loss in RATES),
            "clean_by_loss": {
                loss: float(np.mean([c["error"] for c in cells if c["size"] == 0.0 and c["loss"] == loss]))
                for loss in RATES
            },
            "clean": float(np.mean([c["error"] for c in cells if c["size"] == 0.0])),
            "samples_tested": self._of(e, "absolute", "none", 0.0)[0].draw().x_test.shape[0],
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        cells = findings["cells"]
        panels: list[dict[str, Any]] = [
            {
                "title": f"{NAMES[loss]} loss",
                "xlabel": "outlier size",
                "ylabel": "total error, clean test samples",
                "series": [
                    {
                        "label": label,
                        "arm": LOOK["l1-proximal" if kind == "l1" else kind],
                        "x": list(SIZES),
                        "y": [c["error"] for c in cells if (c["loss"], c["penalty"]) == (loss, kind)],
                    }
                    for kind, label in PENALTIES.items()
                ],
            }
            for loss in RATES
        ]
        yield Picture(
            name="robustness",
            figure="curves",
            inputs={"panels": panels, "share_y": True},
            alt="Error against the size of the outliers, a panel for each loss, a line for each penalty. At size "
            f"{SIZES[-1]:g}: "
            + "; ".join(f"{NAMES[loss]} loss {findings['by_loss'][loss]:.1f}" for loss in RATES)
            + " on average over the penalties. Within a panel the penalties differ by at most "
            f"{findings['penalty_effect']:.2f}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        rows = []
        for loss in RATES:
            for kind, label in PENALTIES.items():
                errors = [c["error"] for c in findings["cells"] if (c["loss"], c["penalty"]) == (loss, kind)]
                rows.append((NAMES[loss], label, *errors))
        yield Table(
            name="robustness",
            columns=(
                Column(label="loss"),
                Column(label="penalty"),
                *(Column(label=f"outliers up to {size:g}", format=".1f") for size in SIZES),
            ),
            rows=tuple(rows),
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        loss, other = findings["loss_effect"], findings["penalty_effect"]
        if loss > 2 * other:
            return (
                f"Robustness against outliers comes from the loss, not from the penalty: with outliers of up to "
                f"{findings['sizes'][-1]:g}, changing the loss moves the error by at least {loss:.1f}, changing the "
                f"penalty by at most {other:.2f}."
            )
        return (
            f"With outliers of up to {findings['sizes'][-1]:g}, changing the loss moves the error by at least "
            f"{loss:.1f}, changing the penalty by at most {other:.1f}: here neither alone decides about robustness."
        )


def _range(values: Iterable[float]) -> float:
    """From the smallest to the largest."""
    ordered = sorted(values)
    return ordered[-1] - ordered[0]
