"""What every registered penalty promises, stated once and held against each of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reportgen.penalties import penalties

KERNEL = (3, 2)
kernels = arrays(np.float64, KERNEL, elements=st.floats(-5, 5, allow_subnormal=False))
sparse_kernels = arrays(np.float64, KERNEL, elements=st.sampled_from([0.0, 0.0, -1.5, 0.2, 3.0]))
weights = kernels | sparse_kernels
nudges = arrays(np.float64, KERNEL, elements=st.floats(-0.5, 0.5, allow_subnormal=False))
scales = st.floats(0.01, 10)

FORMULAS = {
    "none": lambda w: 0.0,
    "l1": lambda w: sum(abs(v) for v in w.flat),
    "l2": lambda w: sum(v**2 for v in w.flat) / 2,
    "elastic_net": lambda w: 0.5 * sum(abs(v) for v in w.flat) + 0.5 * sum(v**2 for v in w.flat) / 2,
    "group_lasso": lambda w: sum(len(unit) ** 0.5 * np.linalg.norm(unit) for unit in w),
}
"""Each cost once more, weight by weight, at the defaults. A new penalty adds its own line."""


pytestmark = pytest.mark.parametrize("penalty", [penalties[name]() for name in penalties.names()], ids=repr)


@given(w=weights)
def test_cost_is_the_published_formula(penalty, w):
    name = penalties.name_of(penalty)
    assert name in FORMULAS, f"add the formula of {name} to FORMULAS above, written without its code"
    np.testing.assert_allclose(penalty.cost(w, np), FORMULAS[name](w), rtol=1e-12, atol=1e-12)


@given(w=weights, z=weights, share=st.floats(0, 1))
def test_cost_is_convex_along_every_segment(penalty, w, z, share):
    between = penalty.cost(share * w + (1 - share) * z, np)

    assert between <= (share * penalty.cost(w, np) + (1 - share) * penalty.cost(z, np)) * (1 + 1e-9) + 1e-9


@given(w=weights, z=weights)
def test_subgradient_supports_the_cost_from_below(penalty, w, z):
    g = penalty.subgradient(w, np)

    assert penalty.cost(z, np) >= penalty.cost(w, np) + np.sum(g * (z - w)) - 1e-9


def test_cost_and_subgradient_are_zero_at_zero(penalty):
    assert penalty.cost(np.zeros(KERNEL), np) == 0
    assert np.all(penalty.subgradient(np.zeros(KERNEL), np) == 0)


def test_subgradient_of_weights_whose_squares_underflow_is_no_larger_than_that_of_ordinary_ones(penalty, subtests):
    for size in [1e-18, 1e-19, 1e-20, 1e-23, 1e-30, 1e-38]:
        with subtests.test(size=size):
            tiny = np.full(KERNEL, size, np.float32)

            assert (
                np.abs(penalty.subgradient(tiny, np)).max()
                <= 1.001 * np.abs(penalty.subgradient(tiny / tiny, np)).max()
            )


@given(w=weights, nudge=nudges, scale=scales)
def test_no_nudge_improves_on_prox(penalty, w, nudge, scale):
    def objective(z):
        return scale * penalty.cost(z, np) + ((z - w) ** 2).sum() / 2

    best = penalty.prox(w, scale, np)

    assert objective(best) <= objective(best + nudge) * (1 + 1e-9) + 1e-9


@given(w=weights, z=weights, scale=scales)
def test_prox_brings_no_two_kernels_further_apart(penalty, w, z, scale):
    moved = np.linalg.norm(penalty.prox(w, scale, np) - penalty.prox(z, scale, np))

    assert moved <= np.linalg.norm(w - z) * (1 + 1e-9) + 1e-12


@given(w=weights)
def test_prox_of_no_strength_leaves_every_weight_as_it_is(penalty, w):
    # The trainer relies on it: runs without this penalty take its step too, with a scale of zero.
    w = w.astype(np.float32)

    np.testing.assert_array_equal(penalty.prox(w, np.float32(0), np), w)


def test_prox_is_where_a_search_over_a_grid_ends(penalty):
    line = np.linspace(-3, 3, 6001)[:, None, None]
    for w, scale in itertools.product((-2.0, -0.4, 0.0, 0.1, 0.7, 2.5), (0.05, 0.5, 2.0)):
        objective = scale * penalty.cost(line, np) + (line[:, 0, 0] - w) ** 2 / 2
        best = penalty.prox(np.array([[w]]), scale, np)[0, 0]
        assert best == pytest.approx(line[objective.argmin(), 0, 0], abs=1e-3), (w, scale)

    axis = np.linspace(-2.5, 2.5, 501)
    pairs = (1.0, 0.5), (-0.3, 0.2), (2.0, 0.0), (0.05, -1.5)
    for shape, w, scale in itertools.product(((1, 2), (2, 1)), pairs, (0.1, 0.6)):
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, *shape)
        objective = scale * penalty.cost(grid, np) + ((grid - np.reshape(w, shape)) ** 2).sum(axis=(1, 2)) / 2
        # The grid is 0.01 wide, so its best point may lie half of that away, and more across a flat valley.
        best = penalty.prox(np.reshape(w, shape), scale, np)
        np.testing.assert_allclose(best, grid[objective.argmin()], atol=0.011, err_msg=f"{shape} {w} {scale}")


def test_numbers_do_not_depend_on_where_the_axes_lie(penalty, subtests):
    for moved in ["runs last", "runs between", "inputs and outputs swapped"]:
        with subtests.test(moved=moved):
            order = {"runs last": (1, 2, 0), "runs between": (1, 0, 2), "inputs and outputs swapped": (0, 2, 1)}[moved]
            axes = (order.index(1), order.index(2))
            w = np.random.default_rng(0).normal(size=(4, *KERNEL)) * [[[1], [0], [2]]]
            scale = np.array([0.1, 0.4, 1.0, 3.0])[:, None, None]
            there = np.transpose(w, order)

            np.testing.assert_allclose(penalty.cost(there, np, axes), penalty.cost(w, np))
            np.testing.assert_allclose(
                penalty.subgradient(there, np, axes), np.transpose(penalty.subgradient(w, np), order)
            )
            np.testing.assert_allclose(
                penalty.prox(there, np.transpose(scale, order), np, axes),
                np.transpose(penalty.prox(w, scale, np), order),
            )


def test_runs_beside_each_other_cost_what_each_costs_alone(penalty):
    w = np.random.default_rng(1).normal(size=(5, *KERNEL))

    np.testing.assert_allclose(penalty.cost(w, np), [penalty.cost(one, np) for one in w])


def test_equal_penalties_are_equal_values_that_state_their_convention(penalty):
    again = type(penalty)()

    assert (again, hash(again), repr(again)) == (penalty, hash(penalty), repr(penalty))
    assert type(penalty).__doc__
