"""Both minima of the section on closed forms cannot be improved by a nudge; what it says of planted differences."""

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Experiment
from reportgen.sections.kinds.closed_form import ClosedForm, lasso_path, ridge
from reportgen.sections.kinds.selection import UNIVERSAL, linear_run

E = Experiment()
OUTCOMES = ["supported", "not supported", "undecided"]


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_no_nudge_improves_on_it(kind):
    run = linear_run(kind, UNIVERSAL, 3)
    data = run.draw()
    x, y = data.x_train - data.x_train.mean(axis=0), (data.y_train - data.y_train.mean(axis=0))[:, 0]
    best = ridge(run) if kind == "l2" else lasso_path(run, [run.strength])[0]
    nudges = np.random.default_rng(0).normal(size=(200, len(best)))

    def cost(w):
        return ((x @ w - y) ** 2).mean() + run.strength * run.penalty.cost(w[:, None], np)

    others = [1.01 * best, 0.99 * best, *(best + size * nudge for nudge in nudges for size in (1e-3, 1e-1))]
    assert min(map(cost, others)) > cost(best)


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        ("training-finds-ridge", {"ridge": 0.019}, {"ridge": 0.021}, {"ridge": None}),
        ("proximal-steps-find-the-lasso", {"lasso": 0.029}, {"lasso": 0.031}, {"lasso": None}),
        ("both-find-the-same-zeros", {"zeros": 12}, {"zeros": 13}, {"zeros": None}),
        ("both-find-the-same-zeros", {"zeros": 0}, {"zeros": 900}, {"zeros": None}),
    ],
)
def test_what_is_planted_is_what_is_said(claim, supported, refuted, undecided):
    def told(ridge=0.0, lasso=0.0, zeros=0):
        weights = {"inputs": 50, "draws": 30, "strengths": 24, "paths": 10}
        found = {"difference": lasso, "largest": 3.0, "weights": 12_000, "other_zeros": zeros}
        return decide(
            asked, "closed_form", {**weights, "ridge": {"difference": ridge, "largest": 2.0}, "lasso": found}, E
        )

    (asked,) = [c for c in ClosedForm.claims if c.name == claim]
    assert [told(**world).outcome for world in (supported, refuted, undecided)] == OUTCOMES
