"""Why anyone would hold a model back: the cost, and what λ does to it."""

from reportgen.experiment import Experiment
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.helpers import strength


@sections.register("why")
class Why(Section):
    """The opening."""

    title = "Why hold a model back"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {"strength": strength(e)}
