"""How to write it: today's Keras, plain TensorFlow, and the proximal step."""

from reportgen.experiment import Experiment
from reportgen.penalties.l2 import L2
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.helpers import own_arm


@sections.register("implementation")
class Implementation(Section[Findings]):
    """Code that the test suite runs, in `sections/snippets`."""

    title = "In code"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        l2 = own_arm(e, L2)
        return {"l2": {"label": l2.label, "strength": l2.strength, "keras": l2.strength / 2} if l2 else None}
