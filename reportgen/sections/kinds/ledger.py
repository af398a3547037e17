"""The claims of the post of 2018, and what was measured."""

from reportgen.sections import Section, sections


@sections.register("ledger")
class Ledger(Section):
    """The claims of the post and their outcomes; the page takes the table from the sections that decide them."""

    title = "What holds of the post"
