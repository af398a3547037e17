"""Words that the sections on the study of a table share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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


VERDICTS = {"keep": "keep", "either": "one is enough", "can go": "can go", "cannot tell": "cannot be told"}
"""The verdicts in the words of the page, in the order in which it lists them."""


def costs_in_percent(verdicts: Iterable[ColumnVerdict], error: float) -> list[dict[str, Any]]:
    """The cost of dropping each column alone, in percent of the error with all: by verdict, the dearest first."""
    scale = 100 / error if error else 0.0
    order = list(VERDICTS)
    rows = [
        {
            "label": verdict.name,
            "estimate": verdict.cost.mean * scale,
            "low": verdict.cost.low * scale,
            "high": verdict.cost.high * scale,
            "verdict": VERDICTS[verdict.verdict],
        }
        for verdict in sorted(verdicts, key=lambda verdict: (order.index(verdict.verdict), -verdict.cost.mean))
    ]
    return rows
