"""The claims of the page with their outcomes, beside those of the post of 2018 if its experiment is repeated."""

from dataclasses import dataclass

from reportgen.experiment import Experiment
from reportgen.sections import Section, Trained, sections

CARDS = (
    "l1-makes-zeros-and-l2-small-weights",
    "l1-selects-inputs",
    "adjusting-helps",
    "the-penalty-resists-outliers",
    "l2-beats-l1-at-its-own-strength",
    "test-error-falls-and-rises",
)
"""The claims of the post of 2018 that the page shows first; the others follow in a fold."""


@dataclass(frozen=True)
class LedgerFindings:
    """What the page shows first."""

    cards: list[str]


@sections.register("ledger")
class Ledger(Section[LedgerFindings]):
    """The claims of the page and their outcomes; the page takes them from the sections that decide them."""

    title = "What holds"

    def findings(self, e: Experiment, trained: Trained, study: object) -> LedgerFindings:
        return LedgerFindings(cards=list(CARDS))
