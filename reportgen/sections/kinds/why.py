"""The introduction: the cost function, and the role of λ."""

from reportgen.experiment import Experiment
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.wording import is_post, join_words


@sections.register("why")
class Why(Section[Findings]):
    """The introduction of the article."""

    title = "Why hold a model back"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        penalties = dict.fromkeys(type(arm.penalty).title for arm in e.arms if arm.strength > 0)
        return {"post": is_post(e), "penalties": join_words(list(penalties)), "runs": e.runs.count}
