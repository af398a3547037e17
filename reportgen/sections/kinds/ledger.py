"""The claims of the page with their outcomes, beside those of the post of 2018 if its experiment is repeated."""

from reportgen.sections import Findings, Section, sections


@sections.register("ledger")
class Ledger(Section[Findings]):
    """The claims of the page and their outcomes; the page takes the table from the sections that decide them."""

    title = "What holds"
