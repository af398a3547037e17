"""How many columns a table needs, and which penalty: errors on rows that took no part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import table
from reportgen.sections.table_words import error_words, penalty_label
from reportgen.studies.result import PenaltyScore, SizePoint, StudyResult


@dataclass(frozen=True, kw_only=True)
class PenaltyRow:
    """A way to fit, with its name for readers."""

    label: str
    rule: str
    score: PenaltyScore


@dataclass(frozen=True, kw_only=True)
class ColumnErrorsFindings:
    """Errors by the number of columns and by penalty."""

    columns: int
    error_words: str
    further: list[str]
    reference: float
    null: float
    margin: float
    tolerance: float
    sizes: list[SizePoint]
    smallest: int | None
    """The least number of columns that is practically as good; None if none is shown to be."""
    penalties: list[PenaltyRow]
    best: PenaltyRow
    every_set: bool
    """Whether every set of columns was tried; otherwise they were dropped one after another."""
    outer_folds: int
    confidence: float


@sections.register("column_errors")
class ColumnErrors(Section[ColumnErrorsFindings]):
    """The error over the number of columns, and the penalties compared."""

    title = "How many columns it takes"
    of_table = True
    claims = (
        Claim(
            name="fewer-columns-are-as-good",
            test=lambda f: "undecided" if f.smallest is None else f.smallest < f.columns,
        ),
        Claim(name="a-penalty-beats-none", test=lambda f: _beats_none(f)),
    )

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> ColumnErrorsFindings:
        rows = [
            PenaltyRow(
                label=penalty_label(score.penalty, score.refitted),
                rule="λ of least error" if score.rule == "least" else "simplest within one standard error",
                score=score,
            )
            for score in study.penalties
            if score.penalty != "group_lasso" or study.has_groups
        ]
        good = [point.size for point in study.sizes if point.as_good]
        return ColumnErrorsFindings(
            columns=len(study.verdicts),
            error_words=error_words(study),
            further=list(study.further_names),
            reference=study.reference_error,
            null=study.null_error,
            margin=study.margin,
            tolerance=study.tolerance,
            sizes=list(study.sizes),
            smallest=min(good) if good else None,
            penalties=rows,
            best=min(rows, key=lambda row: row.score.error),
            every_set=study.every_set,
            outer_folds=study.outer_folds,
            confidence=study.confidence,
        )

    def media(
        self, e: Experiment, trained: Trained, study: StudyResult, findings: ColumnErrorsFindings
    ) -> Iterable[Picture]:
        sizes, base = findings.sizes, findings.reference
        panel = {
            "xlabel": "columns at most",
            "ylabel": f"{findings.error_words} on held-out rows",
            "series": [
                {
                    "label": "best model of so many columns",
                    "x": [point.size for point in sizes],
                    "y": [point.error for point in sizes],
                    "low": [base + point.difference.low for point in sizes],
                    "high": [base + point.difference.high for point in sizes],
                }
            ],
            "levels": [{"y": base + findings.margin, "label": f"all columns, plus {findings.tolerance:.0%}"}],
            "marks": [{"x": findings.smallest, "label": "as good"}] if findings.smallest is not None else [],
        }
        yield Picture(name="errors-by-size", figure="curves", inputs={"panels": [panel]})
        rows = [
            {
                "label": row.label,
                "estimate": row.score.difference.mean,
                "low": row.score.difference.low,
                "high": row.score.difference.high,
                "verdict": f"{row.score.kept:.1f} kept",
            }
            for row in findings.penalties
            if row.score.rule == "least"
        ]
        yield Picture(
            name="penalty-errors",
            figure="intervals",
            inputs={
                "rows": rows,
                "equivalence": (-findings.margin, findings.margin),
                "xlabel": f"{findings.error_words}, less that of the best choice by inner folds",
            },
        )

    def tables(self, e: Experiment, findings: ColumnErrorsFindings) -> Iterable[Table]:
        yield table(
            "errors-by-size",
            findings.sizes,
            {
                "size": ("columns at most", "d"),
                "error": ("error", ".4g"),
                "difference.mean": ("more than with all", "+.3g"),
                "difference.low": ("from", "+.3g"),
                "difference.high": ("to", "+.3g"),
            },
        )
        rows = [
            {
                "label": row.label,
                "rule": row.rule,
                **{f"further{i}": value for i, value in enumerate(row.score.further)},
                "score": row.score,
            }
            for row in findings.penalties
        ]
        yield table(
            "penalties-of-table",
            rows,
            {
                "label": ("penalty", ""),
                "rule": ("λ", ""),
                "score.strength": ("median λ", ".3g"),
                "score.kept": ("columns kept", ".1f"),
                "score.error": ("error", ".4g"),
                "score.difference.mean": ("difference", "+.3g"),
                "score.difference.low": ("from", "+.3g"),
                "score.difference.high": ("to", "+.3g"),
                **{f"further{i}": (name, ".3g") for i, name in enumerate(findings.further)},
                "score.chosen": ("best by inner folds", ".0%"),
            },
        )


def _beats_none(f: Any) -> bool | Outcome | None:
    plain = next((row.score for row in f.penalties if row.score.penalty == "none"), None)
    if plain is None:
        return None
    return True if plain.difference.low > 0 else False if plain.difference.high <= 0 else "undecided"
