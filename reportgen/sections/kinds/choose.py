"""Which penalty for which purpose: advice in one table, without results."""

from reportgen.sections import Findings, Section, sections


@sections.register("choose")
class Choose(Section[Findings]):
    """A table of purposes and penalties."""

    title = "Which should I use?"
