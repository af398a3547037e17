"""What is published, what is lost, what was assumed, and how to do it again."""

import platform

from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.experiment import Experiment


@sections.register("method")
class Method(Section):
    """The small print, in readable size."""

    title = "Method and provenance"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        return {
            "runs": e.runs.count,
            "seed": e.runs.seed,
            "data_seed": e.data_seed,
            "resamples": e.comparison.resamples,
            "bootstrap_seed": e.comparison.seed,
            "confidence": e.comparison.confidence,
            "equivalence": e.comparison.equivalence,
            "python": platform.python_version(),
        }
