"""How to write it: today's Keras, plain TensorFlow, and the proximal step."""

from reportgen.article.common import strength
from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.experiment import Experiment


@sections.register("implementation")
class Implementation(Section):
    """Code that the test suite runs, in `article/snippets`."""

    title = "In code"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {"strength": strength(e), "keras_l2": strength(e) / 2}
