"""How to write it: today's Keras, plain TensorFlow, and the proximal step."""

from dataclasses import dataclass

from reportgen.experiment import Experiment
from reportgen.penalties.l2 import L2
from reportgen.sections import Section, Trained, sections
from reportgen.sections.helpers import own_arm


@dataclass(frozen=True)
class KerasL2:
    """The L2 of the experiment, as Keras counts it."""

    strength: float
    keras: float


@dataclass(frozen=True)
class ImplementationFindings:
    """What the text needs from the experiment."""

    l2: KerasL2 | None


@sections.register("implementation")
class Implementation(Section[ImplementationFindings]):
    """Code that the test suite runs, in `sections/snippets`."""

    title = "In code"

    def findings(self, e: Experiment, trained: Trained, study: object) -> ImplementationFindings:
        l2 = own_arm(e, L2)
        return ImplementationFindings(KerasL2(l2.strength, l2.strength / 2) if l2 else None)
