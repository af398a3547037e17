"""Both minima of the section on closed forms cannot be improved by a nudge."""

import numpy as np
import pytest

from reportgen.sections.kinds.closed_form import lasso_path, ridge
from reportgen.sections.kinds.selection import UNIVERSAL, linear_run


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
