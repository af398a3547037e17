"""The reading list, which the template takes from the experiment."""

from reportgen.sections import Section, sections


@sections.register("reading")
class Reading(Section):
    """The reading list."""

    title = "Reading on"
