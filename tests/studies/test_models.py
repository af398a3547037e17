"""Penalized models against scikit-learn, the conditions of a minimum, and published results."""

from __future__ import annotations

import numpy as np
import pytest
import study_tables
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNetCV, LassoCV, LogisticRegression, Ridge

from reportgen.studies.crossvalidation import CANDIDATES, grids_of, strength_curves
from reportgen.studies.jobs import Job, run_job
from reportgen.studies.models import learn
from reportgen.studies.solver import Shrinkage, minimize_quadratic
from reportgen.tables.folds import outer_splits
from reportgen.tables.study_settings import StudySettings

SUGAR = load_diabetes()
DIABETES = study_tables.table(SUGAR.data, SUGAR.target, SUGAR.feature_names)
EVERY = np.arange(442)
RNG = np.random.default_rng(4)
MIXED_X = np.column_stack([RNG.normal(size=(150, 3)), RNG.integers(4, size=150), RNG.normal(size=150)])
MIXED_Y = MIXED_X[:, 0] + (MIXED_X[:, 3] == 2) + 0.3 * RNG.normal(size=150)
MIXED = study_tables.table(MIXED_X, MIXED_Y, levels={3: tuple("abcd")})
CLASSES = study_tables.table(
    MIXED_X, np.digitize(MIXED_Y, [-0.5, 0.8]), classes=("low", "middle", "high"), levels={3: tuple("abcd")}
)
TWO = study_tables.table(MIXED_X, MIXED_Y > 0, classes=("no", "yes"), levels={3: tuple("abcd")})


@pytest.mark.parametrize(("candidate", "theirs"), [(2, LassoCV), (3, ElasticNetCV)])
def test_errors_of_inner_folds_and_the_chosen_strength_are_those_of_scikit_learn(candidate, theirs):
    splits = outer_splits(DIABETES, 5, 1, 0)
    grids = grids_of(learn(DIABETES, EVERY, scale=False), 40)
    grid = grids[CANDIDATES[candidate].penalty]

    ours = strength_curves(DIABETES, splits, grids, scale=False)[candidate]
    pairs = [(s.train, s.test) for s in splits]
    model = theirs(alphas=grid, cv=pairs, tol=1e-10, max_iter=100_000).fit(SUGAR.data, SUGAR.target)

    assert np.allclose(model.alphas_, ours.strengths, rtol=1e-12)
    assert np.allclose(ours.means, model.mse_path_.mean(axis=1), rtol=1e-6)
    assert ours.strengths[ours.least] == pytest.approx(model.alpha_, rel=1e-12)
    assert ours.means[ours.simplest] <= ours.means[ours.least] + ours.errors[ours.least]
    assert ours.means[ours.simplest - 1] > ours.means[ours.least] + ours.errors[ours.least]


def test_least_squares_and_ridge_of_the_diabetes_data_are_those_published():
    model = learn(DIABETES, EVERY, scale=False)
    ridge = model.path("ridge", np.array([0.1 / 442])).w[0, :, 0]

    squares = [-10.0, -239.8, 519.8, 324.4, -792.2, 476.7, 101.0, 177.1, 751.3, 67.6]
    assert np.allclose(model.refit(range(10)).w[0, :, 0], squares, atol=0.051)
    assert np.allclose(ridge, [1.3, -207.2, 489.7, 301.8, -83.5, -70.8, -188.7, 115.7, 443.8, 86.7], atol=0.051)
    assert np.allclose(ridge, Ridge(alpha=0.1).fit(SUGAR.data, SUGAR.target).coef_)


def test_the_lasso_takes_the_columns_of_the_diabetes_data_in_the_published_order():
    found = run_job(DIABETES, StudySettings(inner_folds=2), Job("whole", 0))
    names = [SUGAR.feature_names[int(column)] for column in found["knots"][:, 1]]
    design = learn(DIABETES, EVERY).design
    where = [int(np.flatnonzero(found["path_strengths"] == strength)[0]) for strength in found["knots"][:, 0]]
    sums = np.abs(design.original_units(found["path_w"], found["path_b"])[0][where, :, 0]).sum(axis=1)

    assert names == ["bmi", "s5", "bp", "s3", "sex", "s6", "s1", "s4", "s2", "age", "s3", "s3"]
    assert found["knots"][:, 2].tolist() == [1] * 10 + [0, 1]
    published = [0, 60.1, 663.7, 888.9, 1250.7, 1440.8, 1537.1, 1914.6, 2115.7, 2195.8, 2802.4, 2863.0]
    assert np.allclose(sums, published, atol=0.06)


@pytest.mark.parametrize("frame", [MIXED, CLASSES, TWO], ids=["number", "classes", "two"])
@pytest.mark.parametrize("penalty", ["lasso", "elastic_net", "group_lasso", "ridge"])
def test_no_direction_leads_down_from_a_penalized_minimum(frame, penalty):
    """The conditions of Karush, Kuhn and Tucker, with the gradient of the loss by differences."""
    model = learn(frame, np.arange(150))
    strengths = model.grid(penalty, 12)[[0, 3, 6, 9]]
    weights = model.path(penalty, strengths)
    scale = strengths[:, None] * np.sqrt(np.bincount(model.group))[model.group]

    def loss(w, b):
        measured = model.measures(type(weights)(w[None], b[None]), np.arange(150))[0, 0]
        return measured / 2 if frame.task == "regression" else measured

    for at, (w, b) in enumerate(zip(weights.w, weights.b, strict=True)):
        gradient = np.empty_like(w)
        for index in np.ndindex(w.shape):
            nudge = np.zeros_like(w)
            nudge[index] = 1e-4
            gradient[index] = (loss(w + nudge, b) - loss(w - nudge, b)) / 2e-4
        slack = 4e-3 * max(np.abs(model.slope()).max(), 1e-3)
        if penalty == "ridge":
            assert np.abs(gradient + strengths[at] * w).max() < slack
        elif penalty == "group_lasso":
            for feature in model.present:
                block = model.group == feature
                size, limit = np.linalg.norm(w[block]), scale[at][block][0]
                if size == 0:
                    assert np.linalg.norm(gradient[block]) <= limit + slack
                else:
                    assert np.abs(gradient[block] + limit * w[block] / size).max() < slack
        else:
            mix = 0.5 if penalty == "elastic_net" else 1.0
            pull = gradient + strengths[at] * (1 - mix) * w
            assert np.abs(pull[w != 0] + strengths[at] * mix * np.sign(w[w != 0])).max(initial=0) < slack
            assert np.abs(pull[w == 0]).max(initial=0) <= strengths[at] * mix + slack
    if penalty != "ridge":
        assert not weights.w[0].any()
        assert weights.w[-1].any()


def test_the_levels_of_a_category_leave_together_under_the_group_lasso_only():
    model = learn(MIXED, np.arange(150))

    def torn(penalty):
        weights = model.path(penalty, model.grid(penalty, 30)).w[:, model.group == 3, 0] != 0
        return (weights.any(axis=1) & ~weights.all(axis=1)).any()

    assert not torn("group_lasso")
    assert torn("lasso")


def test_a_group_of_one_column_is_the_lasso_and_one_of_all_columns_has_one_factor():
    gram = np.eye(3) + 0.3
    linear = np.array([3.0, -1.0, 0.2])[:, None, None]
    zero, strength = np.zeros(1), np.full(1, 0.5)
    start = np.zeros((3, 1, 1))
    each, whole = np.arange(3), np.zeros(1, np.intp)

    alone = minimize_quadratic(gram, linear, Shrinkage(zero, zero, strength, each), start)
    lasso = minimize_quadratic(gram, linear, Shrinkage(strength, zero, zero, each), start)
    round_ = minimize_quadratic(np.eye(3), linear, Shrinkage(zero, zero, strength, whole), start)

    assert np.allclose(alone, lasso)
    norm = np.linalg.norm(linear)
    assert np.allclose(round_, linear * (1 - 0.5 * np.sqrt(3) / norm))


@pytest.mark.parametrize("frame", [CLASSES, TWO], ids=["classes", "two"])
def test_refits_of_classes_are_those_of_scikit_learn(frame):
    model = learn(frame, np.arange(150))
    ours = model.refit([0, 3])
    columns = np.isin(model.group, [0, 3])
    theirs = LogisticRegression(C=1 / (model.STABLE * 150), tol=1e-10, max_iter=10_000)
    theirs.fit(model.x[:, columns], frame.target)

    mine = model.x @ ours.w[0] + ours.b[0]
    other = model.x[:, columns] @ theirs.coef_.T + theirs.intercept_
    if len(frame.classes) > 2:  # only differences of classes count
        mine, other = mine - mine[:, :1], other - other[:, :1]
    assert np.allclose(
        mine - mine[:, :1] * (len(frame.classes) > 2), other - other[:, :1] * (len(frame.classes) > 2), atol=0.02
    )
    assert not ours.w[0][~columns].any()


def test_the_adaptive_lasso_spares_large_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 8))
    model = learn(study_tables.table(x, 5 * x[:, 0] + rng.normal(size=200)), np.arange(200))

    def bias_where_others_are_gone(penalty):
        path = model.path(penalty, model.grid(penalty, 100))
        alone = np.flatnonzero((path.w[:, 0, 0] != 0) & (path.w[:, 1:, 0] == 0).all(axis=1))[-1]
        return abs(path.w[alone, 0, 0] - model.refit([0]).w[0, 0, 0])

    assert bias_where_others_are_gone("adaptive_lasso") < 0.2 * bias_where_others_are_gone("lasso")


def test_backward_elimination_is_that_by_refits_without_each_column():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 6)) + rng.normal(size=(80, 1))
    frame = study_tables.table(x, x @ [2, 1, 0.5, 0.2, 0.1, 0] + rng.normal(size=80))
    model, rows = learn(frame, np.arange(80)), np.arange(80)
    left, gone = list(range(6)), []
    while left:
        losses = [model.losses(model.refit([f for f in left if f != g]), rows)[0] for g in left]
        gone.append(left.pop(int(np.argmin(losses))))

    assert model.elimination_order().tolist() == gone[::-1]
    without = model.without_each(0.3).w[1:, :, 0]
    for feature in range(6):
        others = [f for f in range(6) if f != feature]
        ridge = Ridge(alpha=0.3 * 80).fit(model.x[:, others], frame.target).coef_
        assert np.allclose(without[feature][others], ridge)
