"""The introduction: the cost function, and the role of λ."""

from reportgen.experiment import Experiment
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.helpers import strength


@sections.register("why")
class Why(Section):
    """The introduction of the article."""

    title = "Why hold a model back"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {"strength": strength(e)}
