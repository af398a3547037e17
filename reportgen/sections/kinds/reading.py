"""The reading list, which the template takes from the experiment."""

from reportgen.sections import Findings, Section, sections


@sections.register("reading")
class Reading(Section[Findings]):
    """The reading list."""

    title = "Reading on"
