"""Ridge has a closed form, and gradient descent finds it."""

from collections.abc import Iterable

import numpy as np

from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.article.sections.selection import DATA, UNIVERSAL, linear_run
from reportgen.datasets import Array
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run

_DRAWS, _SHOWN = 30, 6


@sections.register("closed_form")
class ClosedForm(Section):
    """Same data, same cost, two ways to its minimum."""

    title = "L2 has a formula; training finds it too"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [linear_run("l2", UNIVERSAL, draw) for draw in range(min(_DRAWS, e.runs.count))]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        pairs = self._pairs(e, trained)
        return {
            "strength": float(UNIVERSAL),
            "inputs": DATA.inputs,
            "draws": len(pairs),
            "largest_difference": float(max(np.abs(a - b).max() for a, b in pairs)),
            "largest_weight": float(max(np.abs(b).max() for _, b in pairs)),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        shown = self._pairs(e, trained)[:_SHOWN]
        by_training, by_formula = (np.concatenate(side) for side in zip(*shown, strict=True))
        yield Picture(
            name="closed-form",
            figure="agreement",
            inputs={
                "x": by_formula,
                "y": by_training,
                "xlabel": "weight by the formula",
                "ylabel": "weight by training",
            },
            alt=f"{len(by_formula)} weights of {len(shown)} data sets by formula and by training lie on the "
            f"diagonal; the largest difference is {findings['largest_difference']:.1g}.",
        )

    def _pairs(self, e: Experiment, trained: Trained) -> list[tuple[Array, Array]]:
        return [(trained[run].kernels[0][-1][:, 0], ridge(run)) for run in self.runs(e)]


def ridge(run: Run) -> Array:
    """Weights that minimise mean((x·w + b − y)²) + λ/2 · Σw², the bias b free: [inputs]."""
    data = run.draw()
    x, y = data.x_train - data.x_train.mean(axis=0), data.y_train - data.y_train.mean(axis=0)
    gram = 2 / len(x) * x.T @ x + run.strength * np.eye(x.shape[1])
    return np.linalg.solve(gram, 2 / len(x) * x.T @ y)[:, 0]
