"""Whether other rows would choose the same columns, and what chance alone would choose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Experiment
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import table
from reportgen.sections.table_words import MOST_DRAWN
from reportgen.sections.wording import join_words
from reportgen.studies.result import PickShares, ShuffledTargets, StudyResult


@dataclass(frozen=True, kw_only=True)
class ColumnShare:
    """How often a column was chosen."""

    name: str
    picked: float
    kept: float
    """The share of outer folds in which the lasso kept it."""
    chosen: float
    """The share of outer folds in which the best set of the size of the smallest has it."""


@dataclass(frozen=True, kw_only=True)
class ByChance:
    """What was kept of shuffled targets, and of the true one."""

    shuffles: int
    lasso: float
    """Mean number that the lasso keeps."""
    lasso_most: int
    lasso_true: int
    needed: float
    """Mean number that the test calls needed."""
    needed_most: int
    needed_true: int


@dataclass(frozen=True, kw_only=True)
class ColumnStabilityFindings:
    """Shares of halves of the rows."""

    columns: list[ColumnShare]
    picks: PickShares
    stable: str
    """The stable columns in words."""
    chance: ByChance | None


@sections.register("column_stability")
class ColumnStability(Section[ColumnStabilityFindings]):
    """Stability selection, and the same on shuffled targets."""

    title = "Would other rows choose the same?"
    of_table = True
    claims = (
        Claim(name="some-columns-are-stable", test=lambda f: bool(f.picks.stable)),
        Claim(
            name="chance-keeps-less",
            test=lambda f: None if f.chance is None else f.chance.lasso_most < f.chance.lasso_true,
        ),
    )

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> ColumnStabilityFindings:
        columns = [
            ColumnShare(name=verdict.name, picked=share, kept=verdict.kept_folds, chosen=verdict.chosen_folds)
            for verdict, share in zip(study.verdicts, study.picks.shares, strict=True)
        ]
        return ColumnStabilityFindings(
            columns=sorted(columns, key=lambda column: -column.picked),
            picks=study.picks,
            stable=join_words(study.picks.stable),
            chance=_by_chance(study.shuffled),
        )

    def media(
        self, e: Experiment, trained: Trained, study: StudyResult, findings: ColumnStabilityFindings
    ) -> Iterable[Picture]:
        rows = [
            {"label": column.name, "value": 100 * column.picked, "arm": 2} for column in findings.columns[:MOST_DRAWN]
        ]
        yield Picture(name="picked", figure="bars", inputs={"rows": rows, "xlabel": "halves that pick the column, %"})

    def tables(self, e: Experiment, findings: ColumnStabilityFindings) -> Iterable[Table]:
        columns = {
            "name": ("column", ""),
            "picked": ("picked by halves", ".0%"),
            "chosen": ("in the best set of outer folds", ".0%"),
            "kept": ("kept by the lasso in outer folds", ".0%"),
        }
        yield table("picked", findings.columns, columns, shown=30)


def _by_chance(shuffled: ShuffledTargets) -> ByChance | None:
    if not shuffled.by_lasso:
        return None
    return ByChance(
        shuffles=len(shuffled.by_lasso),
        lasso=float(np.mean(shuffled.by_lasso)),
        lasso_most=max(shuffled.by_lasso),
        lasso_true=shuffled.by_lasso_true,
        needed=float(np.mean(shuffled.needed)),
        needed_most=max(shuffled.needed),
        needed_true=shuffled.needed_true,
    )
