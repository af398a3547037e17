"""Nothing is learned from a test row: a trap that runs over every step, and leaky steps that fall into it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import study_tables

from reportgen.studies.crossvalidation import column_order, fits, grids_of, learn_rows, strength_curve, strength_curves
from reportgen.studies.evidence import WaldTests
from reportgen.studies.models import learn
from reportgen.tables import Frame
from reportgen.tables.design import fit_design
from reportgen.tables.folds import inner_splits, outer_splits
from reportgen.tables.study_settings import StudySettings

SETTINGS = StudySettings(inner_folds=2)


def frame_of(kind: str) -> Frame:
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(size=(90, 3)), rng.integers(3, size=90), rng.normal(size=90)])
    x[rng.random(size=x.shape) < 0.05] = np.nan
    y = np.nan_to_num(x[:, 0]) + rng.normal(size=90)
    levels, of = {3: tuple("abcde")}, np.arange(90) // 6
    match kind:
        case "classes":
            return study_tables.table(x, np.digitize(y, [-0.5, 0.5]), classes=("a", "b", "c"), levels=levels)
        case "two":
            return study_tables.table(x, y > 0, classes=("a", "b"), levels=levels)
        case "groups":
            return study_tables.table(x, y, groups=of, levels=levels)
        case "time":
            return study_tables.table(x, y, time=np.arange(90.0), levels=levels)
    return study_tables.table(x, y, levels=levels, weights=np.linspace(0.5, 1.5, 90))


def with_wild_values(frame: Frame, rows: np.ndarray) -> Frame:
    """The frame with other values in some rows: huge and missing ones, unknown levels, other targets and weights."""
    features = []
    for feature in frame.features:
        values = feature.values.copy()
        values[rows] = 4.0 if feature.levels else 1e6
        values[rows[::3]] = np.nan
        features.append(dataclasses.replace(feature, values=values))
    target = frame.target.copy()
    target[rows] = len(frame.classes) - 1 if frame.classes else -1e6
    weights = None
    if frame.weights is not None:
        weights = frame.weights.copy()
        weights[rows] = 77.0
    return dataclasses.replace(frame, features=tuple(features), target=target, weights=weights)


def leaks(step: Callable[[Frame, np.ndarray], dict[str, np.ndarray]], frame: Frame, seed: int = 0) -> list[str]:
    """The names of what a step learns from `train` that depends on rows which are not in it."""
    train = outer_splits(frame, 3, 1, seed)[-1].train
    others = np.setdiff1d(np.arange(frame.rows), train)
    honest, tempted = step(frame, train), step(with_wild_values(frame, others), train)
    return [name for name in honest if not np.array_equal(honest[name], tempted[name], equal_nan=True)]


def whole_fold(frame, train):
    return learn_rows(frame, train, SETTINGS).arrays()


def needed(frame, train):
    tests = WaldTests(frame, train, [0, 1, 3])
    return {"p": np.array([tests.p_value([f]) for f in (0, 1, 3)])}


@pytest.mark.parametrize("kind", ["numbers", "two", "classes", "groups", "time"])
@pytest.mark.parametrize("step", [whole_fold, needed])
def test_no_step_learns_from_a_row_outside_its_own(kind, step):
    assert leaks(step, frame_of(kind)) == []


def filled_by_all(frame, train):
    return {"fill": np.array([c.level for c in fit_design(frame, np.arange(frame.rows)).columns if c.kind == "value"])}


def scaled_by_all(frame, train):
    return {"scale": np.array([c.scale for c in fit_design(frame, np.arange(frame.rows)).columns])}


def levels_of_all(frame, train):
    return {
        "levels": np.array([c.level for c in fit_design(frame, np.arange(frame.rows)).columns if c.kind == "level"])
    }


def target_centered_by_all(frame, train):
    return {"mean": np.array(frame.target.mean())}


def strength_by_the_test_rows(frame, train):
    model = learn(frame, train)
    grids = grids_of(model)
    test = np.setdiff1d(np.arange(frame.rows), train)
    losses = model.losses(fits(model, grids)[2], test)
    return {"strength": np.array(strength_curve(grids["lasso"], losses[None]).least)}


def strength_by_folds_of_all(frame, train):
    splits = inner_splits(frame, np.arange(frame.rows), 3, 0)
    return {"strength": strength_curves(frame, splits, grids_of(learn(frame, train)))[2].means}


def selected_on_all(frame, train):
    model = learn(frame, np.arange(frame.rows))
    return {"order": column_order(model, model.null)}


def refitted_on_all(frame, train):
    return {"w": learn(frame, np.arange(frame.rows)).refit([0, 1]).w}


@pytest.mark.parametrize(
    "leaky",
    [
        filled_by_all,
        scaled_by_all,
        levels_of_all,
        target_centered_by_all,
        strength_by_the_test_rows,
        strength_by_folds_of_all,
        selected_on_all,
        refitted_on_all,
    ],
)
def test_a_leaky_step_falls_into_the_trap(leaky):
    assert leaks(leaky, frame_of("numbers")) != []


def shared(labels, splits):
    """How many labels stand on both sides of a split, over all splits."""
    return sum(len(set(labels[s.train]) & set(labels[s.test])) for s in splits)


def test_splits_that_ignore_groups_or_time_are_seen():
    grouped, timed = frame_of("groups"), frame_of("time")
    blind = outer_splits(dataclasses.replace(grouped, groups=None), 3, 1, 0)

    def future(splits):
        return sum((timed.time[s.train][:, None] > timed.time[s.test]).any() for s in splits)

    assert shared(grouped.groups, outer_splits(grouped, 3, 1, 0)) == 0
    assert shared(grouped.groups, blind) > 0
    assert future(outer_splits(timed, 3, 1, 0)) == 0
    assert future(blind) > 0
