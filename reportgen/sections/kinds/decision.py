"""The decision about a table: which columns to keep, which can go, and what that costs and saves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import table
from reportgen.sections.table_words import MOST_DRAWN, VERDICTS, costs_in_percent, error_words
from reportgen.sections.wording import describe_difference, join_words
from reportgen.studies.complete import table_of
from reportgen.studies.result import ColumnVerdict, DropTotals, ErrorDifference, StudyResult
from reportgen.text import number, plural

REASONS = {
    "needed": "has an effect of its own, beside all others",
    "small": "its effect is too small to matter here",
    "one_of": "one of them is needed, and they carry the same information",
    "not_needed": "models without it predict as well",
    "in_set": "models use it, but no test is sure that it has an effect",
    "constant": "it has one value in all rows",
    "cost_unclear": "too few rows to tell what it costs to drop it",
}
"""Why a verdict was given, in the words of the page."""


@dataclass(frozen=True, kw_only=True)
class RelativeSize:
    """The change of error of models of so many columns, as a share of the error with all."""

    size: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class DecisionFindings:
    """The drop-list with its costs."""

    file: str
    target: str
    unit: str
    task: str
    classes: list[str]
    rows: int
    rows_in_file: int
    columns: int
    error_words: str
    """The error that decides, in plain words."""
    predicts: bool
    """Whether models with all columns are better than none, beyond their interval."""
    reference: float
    """Error of models that may use all columns."""
    null: float
    """Error without any."""
    reference_text: str
    null_text: str
    """Both with the same decimals."""
    size: int
    """Number of columns of the smallest set that is practically as good."""
    no_change: bool
    """Whether the interval of the change of error holds zero."""
    open: str
    """The columns about which the rows cannot tell, in words; empty if there is none, or if all are of this kind."""
    open_price: float
    smaller: RelativeSize | None
    """Models of as many columns as are sure to be needed, if that is fewer."""
    over_null: ErrorDifference
    totals: DropTotals
    verdicts: list[ColumnVerdict]
    tolerance: float
    confidence: float
    outer_folds: int
    has_prices: bool
    warnings: list[str]
    """The codes of the warnings that a reader should see first."""


@sections.register("decision")
class Decision(Section[DecisionFindings]):
    """The drop-list, first thing on the page."""

    title = "The decision"
    of_table = True
    claims = (
        Claim(
            name="the-columns-predict-the-target",
            test=lambda f: True if f.predicts else False if f.over_null.low > 0 else "undecided",
        ),
        Claim(
            name="columns-can-go",
            test=lambda f: _something_can_go(f),
        ),
    )

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> DecisionFindings:
        totals = study.totals
        open_ = [] if not totals.dropped and not totals.kept else list(totals.open)
        decimals = max(0, 2 - math.floor(math.log10(study.reference_error))) if study.reference_error > 0 else 2
        return DecisionFindings(
            file=study.name,
            target=study.target,
            unit=study.target_unit,
            task=study.task,
            classes=list(study.classes),
            rows=study.rows,
            rows_in_file=study.rows_in_file,
            columns=len(study.verdicts),
            error_words=error_words(study),
            predicts=study.predicts,
            reference=study.reference_error,
            null=study.null_error,
            reference_text=number(study.reference_error, f",.{decimals}f"),
            null_text=number(study.null_error, f",.{decimals}f"),
            size=len(totals.smallest_set),
            no_change=totals.relative.low <= 0 <= totals.relative.high,
            open=join_words(open_),
            open_price=sum(verdict.price for verdict in study.verdicts if verdict.name in open_),
            smaller=_as_many_as_sure(study),
            over_null=study.over_null,
            totals=study.totals,
            verdicts=sorted(study.verdicts, key=lambda v: (list(VERDICTS).index(v.verdict), v.rank)),
            tolerance=study.tolerance,
            confidence=study.confidence,
            outer_folds=study.outer_folds,
            has_prices=study.totals.price > 0,
            warnings=[note.code for note in (*table_of(e).frame.notes, *study.notes) if note.code not in _TECHNICAL],
        )

    def media(
        self, e: Experiment, trained: Trained, study: StudyResult, findings: DecisionFindings
    ) -> Iterable[Picture]:
        rows = costs_in_percent(study.verdicts, study.reference_error)[:MOST_DRAWN]
        yield Picture(
            name="column-costs",
            figure="intervals",
            inputs={
                "rows": rows,
                "equivalence": (-100 * study.tolerance, 100 * study.tolerance),
                "xlabel": "rise of the error if this column alone is dropped, %",
            },
        )

    def tables(self, e: Experiment, findings: DecisionFindings) -> Iterable[Table]:
        scale = 100 / findings.reference if findings.reference else 0.0
        rows = [
            {
                "name": verdict.name,
                "verdict": VERDICTS[verdict.verdict],
                "why": REASONS[verdict.reason] + (f" ({join_words(verdict.partners)})" if verdict.partners else ""),
                "cost": verdict.cost.mean * scale,
                "low": verdict.cost.low * scale,
                "high": verdict.cost.high * scale,
                "p": verdict.p,
                "chosen": verdict.chosen_folds,
                "price": verdict.price,
            }
            for verdict in findings.verdicts
        ]
        columns = {
            "name": ("column", ""),
            "verdict": ("verdict", ""),
            "why": ("why", ""),
            "cost": ("error without it, %", "+.1f"),
            "low": ("from", "+.1f"),
            "high": ("to", "+.1f"),
            "p": ("p, adjusted", ".2g"),
            "chosen": ("in the best set", ".0%"),
        }
        if findings.has_prices:
            columns["price"] = ("price of a row", ".2f")
        yield table("drop-list", rows, columns)

    def headline(self, e: Experiment, findings: DecisionFindings) -> str:
        return decision_sentence(findings)


_TECHNICAL = ("S01", "S02")
"""Codes of warnings that change no verdict; they stand with the others."""


def _as_many_as_sure(study: StudyResult) -> RelativeSize | None:
    size = len(study.totals.kept) + len(study.totals.either)
    points = [point for point in study.sizes if point.size == size]
    if not points or size >= len(study.totals.smallest_set) or not study.reference_error:
        return None
    mean, low, high = (getattr(points[0].difference, part) / study.reference_error for part in ("mean", "low", "high"))
    return RelativeSize(size=size, mean=mean, low=low, high=high)


def _something_can_go(f: Any) -> bool | Outcome | None:
    if not f.predicts:
        return None
    return True if f.totals.dropped or f.totals.either else "undecided" if f.totals.open else False


def decision_sentence(f: DecisionFindings) -> str:
    """The decision in one sentence."""
    of = f"of {plural(f.columns, 'column')}"
    if not f.predicts:
        return (
            f"Nothing is shown to predict {f.target}: with all {f.columns} columns a model is not clearly better than "
            "one that knows none of them."
        )
    dropped = len(f.totals.dropped)
    if not dropped:
        known = " and of some similar ones only one is needed" if f.totals.either else ""
        return f"None {of} is shown to be dispensable{known}."
    relative = f.totals.relative
    change = describe_difference({"estimate": relative.mean, "low": relative.low, "high": relative.high}, ".1%")
    saved, price = number(f.totals.saved, ",.2f"), number(f.totals.price, ",.2f")
    saves = f" and save {saved} of {price} a row" if f.totals.saved else ""
    return f"{dropped} {of} can go{saves}: the error of models of {f.size} is {change}."
