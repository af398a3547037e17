"""How features become columns of numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import study_tables

from reportgen.tables.design import MOST_LEVELS, fit_design

NAN = np.nan
X = np.array([[1, 0, 5, 7], [2, 1, 5, NAN], [NAN, 2, 5, 3], [4, 0, 5, 5], [9, 3, 6, NAN], [-90, NAN, 5, 1]])
FRAME = study_tables.table(
    X, np.arange(6), ["size", "color", "same", "age"], levels={1: ("red", "green", "blue", "odd")}
)
TRAIN, TEST = np.arange(4), np.array([4, 5])


def test_missing_values_levels_and_constants_are_learned_from_the_training_rows():
    design = fit_design(FRAME, TRAIN)
    trained, tested = design.matrix(FRAME, TRAIN), design.matrix(FRAME, TEST)
    raw = tested * [c.scale for c in design.columns] + [c.center for c in design.columns]

    assert [c.name for c in design.columns] == [
        "size", "size (missing)", "color=red", "color=green", "color=blue", "age", "age (missing)",
    ]  # fmt: skip
    assert design.group.tolist() == [0, 0, 1, 1, 1, 3, 3]
    assert np.allclose(trained.mean(axis=0), 0)
    assert np.allclose(trained.std(axis=0), 1)
    # An unknown level, and a missing value where training had none, are zero in all levels.
    assert np.allclose(raw, [[9, 0, 0, 0, 0, 5, 1], [-90, 0, 0, 0, 0, 1, 0]])
    assert np.allclose(design.matrix(FRAME, TRAIN)[2, 0], 0)
    assert fit_design(FRAME, TRAIN, fill="median").columns[0].level == 2
    assert "color=(missing)" in [c.name for c in fit_design(FRAME, np.arange(6)).columns]


def test_weights_count_rows_as_often_as_they_say():
    weights = np.array([1.0, 2, 3, 1, 1, 4])
    often = np.repeat(np.arange(6), weights.astype(int))
    repeated = study_tables.table(
        X[often], often, ["size", "color", "same", "age"], levels={1: FRAME.features[1].levels}
    )

    weighted = fit_design(dataclasses.replace(FRAME, weights=weights / weights.mean()), np.arange(6))

    for ours, theirs in zip(weighted.columns, fit_design(repeated, np.arange(12)).columns, strict=True):
        assert ours.name == theirs.name
        assert [ours.center, ours.scale] == pytest.approx([theirs.center, theirs.scale])


def test_coefficients_in_original_units_predict_the_same():
    design = fit_design(FRAME, TRAIN)
    rng = np.random.default_rng(0)
    w, b = rng.normal(size=(2, len(design.columns), 3)), rng.normal(size=(2, 3))
    plain = fit_design(FRAME, TRAIN, scale=False)
    uncentered = plain.matrix(FRAME, TEST) + [c.center for c in plain.columns]

    original, intercept = design.original_units(w, b)

    expected = np.einsum("nd,ldk->lnk", design.matrix(FRAME, TEST), w) + b[:, None]
    assert np.allclose(np.einsum("nd,ldk->lnk", uncentered, original) + intercept[:, None], expected)


def test_rare_levels_of_the_training_rows_share_a_column():
    codes = np.repeat(np.arange(40.0), 2)
    codes[-2:] = NAN
    frame = study_tables.table(
        codes[:, None], np.arange(80.0), ["place"], levels={0: tuple(f"p{i}" for i in range(40))}
    )
    often = np.append(np.arange(76), np.arange(40, 70))  # p20 to p34 twice as often as the others
    design = fit_design(frame, often)
    raw = design.matrix(frame, np.arange(80)) * [c.scale for c in design.columns] + [c.center for c in design.columns]

    names = [column.name for column in design.columns]
    assert len(names) == MOST_LEVELS + 1
    assert names[-1] == "place=(other)"
    assert {f"place=p{i}" for i in range(20, 35)} <= set(names)
    # p38 is in no training row and counts as rare, too; a missing value is no level here.
    np.testing.assert_allclose(raw[[76, 77], -1], 1, atol=1e-9)
    np.testing.assert_allclose(raw[78:].sum(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(raw[:78].sum(axis=1), 1, atol=1e-9)


def test_a_column_far_from_zero_is_no_constant():
    x = np.column_stack([1e12 + np.arange(6), np.full(6, 1e15 + 0.3)])
    design = fit_design(study_tables.table(x, np.arange(6)), np.arange(6))

    assert [column.name for column in design.columns] == ["x0"]
    np.testing.assert_allclose(design.columns[0].scale, np.std(np.arange(6)), rtol=1e-3)
