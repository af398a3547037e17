"""What the post of 2018 said, sentence by sentence, and what was measured."""

from reportgen.sections import Section, sections


@sections.register("ledger")
class Ledger(Section):
    """The claims of the post against those of this build; the page has the table from the sections that settle them."""

    title = "What holds of the post"
