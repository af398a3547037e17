"""What could take the place of a column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.experiment import Experiment
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.helpers import table
from reportgen.sections.table_words import error_words
from reportgen.sections.wording import join_words
from reportgen.studies.result import StudyResult, Substitute
from reportgen.text import number


@dataclass(frozen=True, kw_only=True)
class GoodSubstitute:
    """A substitute that is practically as good, with its price."""

    column: str
    instead: str
    price: str
    """As "2.50 a row cheaper"; empty if both have the same price."""


@dataclass(frozen=True, kw_only=True)
class SubstitutesFindings:
    """Pairs of a column of the smallest set and one outside of it."""

    error_words: str
    tried: list[Substitute]
    good: list[GoodSubstitute]
    without: str
    """Columns of the set for which no other does as well, in words."""
    tolerance: float


@sections.register("substitutes")
class Substitutes(Section[SubstitutesFindings]):
    """Or instead."""

    title = "Or instead"
    of_table = True

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> SubstitutesFindings:
        prices = {verdict.name: verdict.price for verdict in study.verdicts}
        good = [
            GoodSubstitute(column=s.column, instead=s.instead, price=_price_words(prices[s.column] - prices[s.instead]))
            for s in study.substitutes
            if s.as_good
        ]
        replaced = {s.column for s in good}
        return SubstitutesFindings(
            error_words=error_words(study),
            tried=list(study.substitutes),
            good=good,
            without=join_words([name for name in study.totals.smallest_set if name not in replaced]),
            tolerance=study.tolerance,
        )

    def tables(self, e: Experiment, findings: SubstitutesFindings) -> Iterable[Table]:
        if not findings.tried:
            return
        yield table(
            "substitutes",
            findings.tried,
            {
                "column": ("in place of", ""),
                "instead": ("column", ""),
                "correlation": ("correlation, in size", ".2f"),
                "cost.mean": ("change of error", "+.3g"),
                "cost.low": ("from", "+.3g"),
                "cost.high": ("to", "+.3g"),
            },
        )


def _price_words(saved: float) -> str:
    if not saved:
        return ""
    return f"{number(abs(saved), ',.2f')} a row {'cheaper' if saved > 0 else 'dearer'}"
