"""Where to read on; the list comes from the experiment file."""

import dataclasses

from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.experiment import Experiment


@sections.register("reading")
class Reading(Section):
    """The reading list."""

    title = "Reading on"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {"entries": [dataclasses.asdict(entry) for entry in e.reading]}
