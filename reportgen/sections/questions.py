"""Comparisons that answer one question, on one draw of the data and over fresh ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.sections.claims import Outcome, all_outcomes, difference_outcome
from reportgen.sections.helpers import as_findings
from reportgen.sections.wording import why_any_undecided
from reportgen.statistics.comparison import Difference, Values, compare_family

SCOPES = {"one": "one draw", "fresh": "fresh draws"}

ByScope = Mapping[str, Mapping[str, Values]]
"""Total errors [runs] by scope and by name, which is a kind of penalty, or a kind, a blank and more."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two penalties, compared on one draw of the data and over fresh ones."""

    first: str
    second: str
    by: str
    """How λ was chosen."""
    one: Difference
    fresh: Difference


@dataclass(frozen=True, kw_only=True)
class DecidedComparison:
    """A comparison in one scope with a verdict of "better" or "worse"."""

    first: str
    second: str
    by: str
    where: str
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Question:
    """The comparisons that answer one question; those on one draw are a family, and so are those over fresh ones."""

    comparisons: list[Compared]
    decided: list[DecidedComparison]
    undecided: int
    why: str
    """Why some are undecided."""


def ask(
    e: Experiment, errors: ByScope, pairs: Sequence[tuple[str, str]], by: str, titles: Mapping[str, str]
) -> Question:
    """Compare pairs of names in both scopes; `titles` is by kind; what follows a kind in a name is put into `by`."""
    families = [
        compare_family([(errors[scope][a], errors[scope][b]) for a, b in pairs], e.margin, e.comparison)
        for scope in SCOPES
    ]
    comparisons = [
        Compared(
            first=titles[a.partition(" ")[0]],
            second=titles[b.partition(" ")[0]],
            by=by.format(a.partition(" ")[2]),
            one=one,
            fresh=fresh,
        )
        for (a, b), one, fresh in zip(pairs, *families, strict=True)
    ]
    differences = [d for family in families for d in family]
    return Question(
        comparisons=comparisons,
        decided=[
            DecidedComparison(first=c.first, second=c.second, by=c.by, where=where, difference=difference)
            for c in comparisons
            for where, difference in (("on one draw", c.one), ("over fresh draws", c.fresh))
            if difference.verdict in ("better", "worse")
        ],
        undecided=sum(d.verdict == "undecided" for d in differences),
        why=why_any_undecided(map(as_findings, differences)),
    )


def all_equal(question: Any) -> Outcome | None:
    """The outcome of a claim that all comparisons are practically equal in both scopes; None if there are none."""
    return all_outcomes(
        *(difference_outcome(c[scope], "practically equal") for c in question.comparisons for scope in SCOPES)
    )
