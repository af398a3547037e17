"""The minima of ridge, in closed form, and of the lasso, by coordinate descent, against those that training finds."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.datasets import Array
from reportgen.experiment import Experiment
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim
from reportgen.sections.kinds.selection import DATA, UNIVERSAL, linear_run
from reportgen.training.run import Run

_DRAWS, _SHOWN = 30, 6
_PATHS = 10
"""Number of data sets for which the whole path is trained."""
STRENGTHS = tuple(float(UNIVERSAL * factor) for factor in np.geomspace(0.05, 10, 24))
"""The λ of the path, around the λ of the section `selection`: from nearly no effect to no weights left."""
_MARKED = 3
"""Every third strength is marked in the picture by scikit-learn's solution."""
CLOSE = 0.01
"""Weights agree if they differ by less than this share of the largest weight."""


@sections.register("closed_form")
class ClosedForm(Section[Findings]):
    """Training compared with the known minima of the same cost on the same data."""

    title = "L2 has a formula; training finds it too"
    claims = (
        Claim(
            name="training-finds-ridge",
            post="L2 has a closed form.",
            test=lambda f: f["ridge"]["difference"] < CLOSE * f["ridge"]["largest"],
        ),
        Claim(
            name="proximal-steps-find-the-lasso",
            test=lambda f: f["lasso"]["difference"] < CLOSE * f["lasso"]["largest"],
        ),
        Claim(
            name="both-find-the-same-zeros",
            test=lambda f: f["lasso"]["other_zeros"] <= f["lasso"]["weights"] / 1000,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (linear_run("l2", UNIVERSAL, draw) for draw in range(min(_DRAWS, e.runs.count)))
        yield from (linear_run("l1", λ, draw) for draw in range(self._path_count(e)) for λ in STRENGTHS)

    @staticmethod
    def _path_count(e: Experiment) -> int:
        return min(_PATHS, e.runs.count)

    def study(self, e: Experiment) -> list[Array]:
        """Scikit-learn's weights [strengths, inputs] for each draw."""
        return [lasso_path(linear_run("l1", 1.0, draw), STRENGTHS) for draw in range(self._path_count(e))]

    def findings(self, e: Experiment, trained: Trained, study: Any) -> Findings:
        pairs = self._weight_pairs(e, trained)
        ours = np.stack([self._trained_path(trained, draw) for draw in range(self._path_count(e))])
        theirs = np.stack(study)
        truth = DATA.weights(0)[:, 0]
        return {
            "strength": float(UNIVERSAL),
            "inputs": DATA.inputs,
            "draws": len(pairs),
            "paths": len(ours),
            "strengths": len(STRENGTHS),
            "least": STRENGTHS[0],
            "most": STRENGTHS[-1],
            "ridge": {
                "difference": float(max(np.abs(a - b).max() for a, b in pairs)),
                "largest": float(max(np.abs(b).max() for _, b in pairs)),
            },
            "lasso": {
                "difference": float(np.abs(ours - theirs).max()),
                "difference_by_strength": np.abs(ours - theirs).max(axis=(0, 2)).tolist(),
                "largest": float(np.abs(theirs).max()),
                "weights": theirs.size,
                "other_zeros": int(((ours == 0) != (theirs == 0)).sum()),
            },
            "path": {
                "strengths": list(STRENGTHS),
                "ours": ours[0].tolist(),
                "theirs": theirs[0].tolist(),
                "relevant": [bool(w) for w in truth],
            },
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        shown = self._weight_pairs(e, trained)[:_SHOWN]
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
            alt=f"{len(by_formula)} weights of {len(shown)} data sets by formula and by training lie about the "
            f"diagonal; the largest difference is {findings['ridge']['difference']:.1g}.",
        )
        path = findings["path"]
        marked = np.arange(0, len(STRENGTHS), _MARKED)
        yield Picture(
            name="lasso-path",
            figure="paths",
            inputs={
                "x": STRENGTHS,
                "lines": path["ours"],
                "marked_x": np.array(STRENGTHS)[marked],
                "marked": np.array(path["theirs"])[marked],
                "highlighted": path["relevant"],
                "labels": {
                    "highlighted": "proximal steps, input that counts",
                    "others": "proximal steps, other input",
                    "marked": "scikit-learn",
                },
                "arm": L1.look("proximal").arm,
                "xlabel": "λ",
                "ylabel": "weight",
                "mark": {"x": float(UNIVERSAL), "label": "λ fixed beforehand"},
            },
            alt=f"Weights of {DATA.inputs} inputs in one data set as λ grows from {STRENGTHS[0]:.2g} to "
            f"{STRENGTHS[-1]:.2g}: all shrink to zero, one after another. Markers of scikit-learn's solution lie on "
            f"the lines; the largest difference over all data sets is {findings['lasso']['difference']:.1g}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        path = findings["path"]
        yield Table(
            name="lasso-path",
            columns=(
                Column(label="λ", format=".3g"),
                Column(label="not zero, proximal steps", format="d"),
                Column(label="not zero, scikit-learn", format="d"),
                Column(label="largest difference", format=".1e"),
            ),
            rows=tuple(
                (λ, int(np.count_nonzero(ours)), int(np.count_nonzero(theirs)), difference)
                for λ, ours, theirs, difference in zip(
                    path["strengths"],
                    path["ours"],
                    path["theirs"],
                    findings["lasso"]["difference_by_strength"],
                    strict=True,
                )
            ),
            shown=6,
        )

    def _weight_pairs(self, e: Experiment, trained: Trained) -> list[tuple[Array, Array]]:
        runs = [linear_run("l2", UNIVERSAL, draw) for draw in range(min(_DRAWS, e.runs.count))]
        return [(trained[run].kernels[0][-1][:, 0], ridge(run)) for run in runs]

    @staticmethod
    def _trained_path(trained: Trained, draw: int) -> Array:
        """Trained weights [strengths, inputs]."""
        return np.stack([trained[linear_run("l1", λ, draw)].kernels[0][-1][:, 0] for λ in STRENGTHS])


def ridge(run: Run) -> Array:
    """Weights that minimize mean((x·w + b − y)²) + λ/2 · Σw², the bias b free: [inputs]."""
    x, y = _centered(run)
    gram = 2 / len(x) * x.T @ x + run.strength * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, 2 / len(x) * x.T @ y), np.float64)


def lasso_path(run: Run, strengths: Iterable[float]) -> Array:
    """Weights that minimize mean((x·w + b − y)²) + λ · Σ|w| by scikit-learn's coordinate descent: [strengths, inputs].

    Its loss has half of ours, so its alpha is λ/2.
    """
    from sklearn.linear_model import lasso_path as coordinate_descent

    x, y = _centered(run)
    falling = sorted(strengths, reverse=True)
    _, weights, _ = coordinate_descent(x, y, alphas=[λ / 2 for λ in falling], tol=1e-10, max_iter=100_000)
    return np.asarray(weights, np.float64).T[::-1]


def _centered(run: Run) -> tuple[Array, Array]:
    """Inputs and targets less their means, which replaces the bias."""
    data = run.draw()
    return data.x_train - data.x_train.mean(axis=0), (data.y_train - data.y_train.mean(axis=0))[:, 0]
