"""How to write it: today's Keras, plain TensorFlow, and the proximal step."""

from reportgen.experiment import Experiment
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.helpers import strength


@sections.register("implementation")
class Implementation(Section):
    """Code that the test suite runs, in `sections/snippets`."""

    title = "In code"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {"strength": strength(e), "keras_l2": strength(e) / 2}
