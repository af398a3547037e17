"""Both minima of the section on closed forms cannot be improved by a nudge."""

import numpy as np
import pytest

from reportgen.article.sections.closed_form import STRENGTHS, lasso_path, ridge
from reportgen.article.sections.selection import UNIVERSAL, linear_run

RUNS = {"l1": linear_run("l1", UNIVERSAL, 3), "l2": linear_run("l2", UNIVERSAL, 3)}


def cost(run, w):
    data = run.draw()
    x, y = data.x_train - data.x_train.mean(axis=0), (data.y_train - data.y_train.mean(axis=0))[:, 0]
    return ((x @ w - y) ** 2).mean() + run.strength * run.penalty.cost(w[:, None], np)


@pytest.mark.parametrize("kind", RUNS)
def test_no_nudge_improves_on_it(kind):
    run = RUNS[kind]
    best = ridge(run) if kind == "l2" else lasso_path(run, [run.strength])[0]
    rng = np.random.default_rng(0)

    assert min(cost(run, 1.01 * best), cost(run, 0.99 * best)) > cost(run, best)
    for size in (1e-3, 1e-1):
        nudges = size * rng.normal(size=(200, len(best)))
        assert min(cost(run, best + nudge) for nudge in nudges) > cost(run, best)


def test_the_path_comes_in_the_order_of_its_strengths_and_ends_in_nothing():
    path = lasso_path(RUNS["l1"], STRENGTHS)
    sizes = np.abs(path).sum(axis=1)

    assert path.shape == (len(STRENGTHS), 50)
    assert np.all(np.diff(sizes) <= 0)
    assert np.count_nonzero(path[-1]) == 0
    assert np.count_nonzero(path[0]) > 30
