"""Where to read on; the list is the experiment file's own, and the template takes it from there."""

from reportgen.sections import Section, sections


@sections.register("reading")
class Reading(Section):
    """The reading list."""

    title = "Reading on"
