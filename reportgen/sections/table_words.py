"""Words that the sections on the study of a table share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reportgen.experiment import Experiment
from reportgen.studies.complete import table_of
from reportgen.studies.result import ColumnVerdict, StudyResult

MOST_DRAWN = 24
"""Columns in a picture; the table beside it has all of them."""

PENALTIES = {
    "none": "no penalty",
    "ridge": "ridge (L2)",
    "lasso": "lasso (L1)",
    "elastic_net": "elastic net",
    "group_lasso": "group lasso",
    "adaptive_lasso": "adaptive lasso",
}


def penalty_label(penalty: str, refitted: bool) -> str:
    """The name of a way to fit."""
    return PENALTIES[penalty] + (", refitted" if refitted else "")


def error_words(result: StudyResult) -> str:
    """The error that decides, in plain words, with its unit."""
    if result.task == "regression":
        return f"typical error in {result.target_unit}" if result.target_unit else "typical error"
    return "log-loss"


def as_shares(verdicts: Iterable[ColumnVerdict], error: float) -> list[dict[str, Any]]:
    """The cost of dropping each column alone, as shares of the error with all columns, the dearest first."""
    scale = 1 / error if error else 0.0
    rows = [
        {
            "label": verdict.name,
            "estimate": verdict.cost.mean * scale,
            "low": verdict.cost.low * scale,
            "high": verdict.cost.high * scale,
            "verdict": verdict.verdict,
        }
        for verdict in verdicts
    ]
    return sorted(rows, key=lambda row: -row["estimate"])


def command_name(e: Experiment) -> Mapping[str, str]:
    """The file and the target, for commands that the text shows."""
    data = table_of(e)
    return {"file": data.file, "target": data.target}
