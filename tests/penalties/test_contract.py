"""What every registered penalty promises, stated once and held against each of them."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from penalties.examples.log_sum import LogSum
from penalties.examples.mcp import MCP
from penalties.examples.scad import SCAD

from reportgen.penalties import penalties
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty

KERNEL = (3, 2)
kernels = arrays(np.float64, KERNEL, elements=st.floats(-5, 5, allow_subnormal=False))
sparse_kernels = arrays(np.float64, KERNEL, elements=st.sampled_from([0.0, 0.0, -1.5, 0.2, 3.0]))
weights = kernels | sparse_kernels
nudges = arrays(np.float64, KERNEL, elements=st.floats(-0.5, 0.5, allow_subnormal=False))
scales = st.floats(0.01, 10)

FORMULAS = {
    NoPenalty: lambda w: 0.0,
    L1: lambda w: sum(abs(v) for v in w.flat),
    L2: lambda w: sum(v**2 for v in w.flat) / 2,
    ElasticNet: lambda w: 0.5 * sum(abs(v) for v in w.flat) + 0.5 * sum(v**2 for v in w.flat) / 2,
    GroupLasso: lambda w: sum(len(unit) ** 0.5 * np.linalg.norm(unit) for unit in w),
    SCAD: lambda w: sum(integral(lambda t: min(1, max(0, (1.85 - t) / 1.35)), (0.5, 1.85), abs(v)) for v in w.flat),
    MCP: lambda w: sum(integral(lambda t: max(0, 1 - t / 1.5), (1.5,), abs(v)) for v in w.flat),
    LogSum: lambda w: sum(0.5 * np.log((0.5 + abs(v)) / 0.5) for v in w.flat),
}
"""Costs once more, weight by weight, at the defaults."""


def integral(slope, bends, end):
    """The integral from 0 to `end` of a function that is linear between its bends."""
    places = [0.0, *(bend for bend in bends if bend < end), end]
    return sum((b - a) * slope((a + b) / 2) for a, b in itertools.pairwise(places))


REGISTERED = [penalties[name]() for name in penalties.names()]
# The last of each is flatter sooner, so that a scale below 1 makes its proximal step jump.
EXAMPLES = [SCAD(), SCAD(knee=0.2, shape=2.5), MCP(), MCP(reach=0.5), LogSum(), LogSum(width=0.05)]
ALL = [*REGISTERED, *EXAMPLES]
every_penalty = pytest.mark.parametrize("penalty", ALL, ids=repr)
every_convex_one = pytest.mark.parametrize("penalty", [p for p in ALL if p.convex], ids=repr)
every_one_with_scales = pytest.mark.parametrize("penalty", [p for p in ALL if p.scale_per_weight], ids=repr)
every_other = pytest.mark.parametrize("penalty", [p for p in ALL if not p.convex], ids=repr)


@pytest.mark.parametrize("kind", FORMULAS, ids=lambda kind: kind.__name__)
@given(w=weights)
def test_cost_is_the_published_formula(kind, w):
    np.testing.assert_allclose(kind().cost(w, np), FORMULAS[kind](w), rtol=1e-12, atol=1e-12)


@every_penalty
def test_cost_of_no_weights_is_zero(penalty):
    assert penalty.cost(np.zeros(KERNEL), np) == 0


@every_convex_one
@given(w=weights, z=weights, share=st.floats(0, 1))
def test_cost_is_convex_along_every_segment(penalty, w, z, share):
    between = penalty.cost(share * w + (1 - share) * z, np)

    assert between <= (share * penalty.cost(w, np) + (1 - share) * penalty.cost(z, np)) * (1 + 1e-9) + 1e-9


@every_convex_one
@given(w=weights, z=weights)
def test_subgradient_supports_the_cost_from_below(penalty, w, z):
    g = penalty.subgradient(w, np)

    assert penalty.cost(z, np) >= penalty.cost(w, np) + np.sum(g * (z - w)) - 1e-9


@every_other
@given(w=weights, direction=nudges)
def test_subgradient_supports_the_cost_near_the_weights(penalty, w, direction):
    g, size = penalty.subgradient(w, np), 1e-5

    nearby = penalty.cost(w + size * direction, np)

    # The curvature costs what is quadratic in the distance; a false slope would cost what is linear in it.
    assert nearby >= penalty.cost(w, np) + size * np.sum(g * direction) - 1e3 * size**2


@every_other
def test_a_penalty_that_is_said_not_to_be_convex_is_not(penalty):
    ends = np.array([[0.0], [8.0]]), np.array([[8.0], [0.0]])
    middle = penalty.cost((ends[0] + ends[1]) / 2, np)

    assert middle > (penalty.cost(ends[0], np) + penalty.cost(ends[1], np)) / 2 + 1e-3


@pytest.mark.parametrize(("penalty", "scale"), [(SCAD(), 2.0), (MCP(), 2.0), (LogSum(), 1.5)], ids=repr)
def test_the_proximal_step_of_a_penalty_that_is_not_convex_jumps_between_two_best_points(penalty, scale):
    def moved(weight):
        return penalty.prox(np.array([[weight]]), scale, np)[0, 0]

    low, high = 0.0, 6.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if moved(middle) < 0.3 else (low, middle)

    z = np.array([moved(low), moved(high)])
    costs = scale * penalty.cost(z[:, None, None], np) + (z - low) ** 2 / 2
    assert z[1] - z[0] > 0.3
    assert costs[0] == pytest.approx(costs[1], abs=1e-9)


@every_penalty
def test_subgradient_is_zero_at_zero(penalty):
    assert np.all(penalty.subgradient(np.zeros(KERNEL), np) == 0)


@every_penalty
def test_subgradient_of_weights_whose_squares_underflow_is_no_larger_than_that_of_ordinary_ones(penalty):
    most = 1.001 * np.abs(penalty.subgradient(np.full(KERNEL, 1e-6, np.float32), np)).max()

    for size in (1e-18, 1e-19, 1e-20, 1e-23, 1e-30, 1e-38):
        assert np.abs(penalty.subgradient(np.full(KERNEL, size, np.float32), np)).max() <= most, size


@every_penalty
@given(w=weights, nudge=nudges, scale=scales)
def test_no_nudge_improves_on_prox(penalty, w, nudge, scale):
    def objective(z):
        return scale * penalty.cost(z, np) + ((z - w) ** 2).sum() / 2

    best = penalty.prox(w, scale, np)

    assert objective(best) <= objective(best + nudge) * (1 + 1e-9) + 1e-9


@every_one_with_scales
@given(w=weights, nudge=nudges, scale=arrays(np.float64, KERNEL, elements=st.floats(-6, 3).map(lambda k: 10**k)))
def test_no_nudge_improves_on_prox_with_a_scale_for_each_weight(penalty, w, nudge, scale):
    def objective(z):
        return penalty.cost(z, np) + ((z - w) ** 2 / (2 * scale)).sum()

    best = penalty.prox(w, scale, np)

    # Nudges of the size of the scale are those that the distance does not forbid.
    for z in (best + nudge, best + nudge * np.minimum(scale, 1), best + nudge * 1e-3, best * (1 + nudge * 1e-3)):
        assert objective(best) <= objective(z) * (1 + 1e-9) + 1e-9


@every_one_with_scales
@given(w=weights, scale=scales)
def test_equal_scales_for_all_weights_are_one_scale(penalty, w, scale):
    moved = penalty.prox(w, np.full(KERNEL, scale), np)

    np.testing.assert_allclose(moved, penalty.prox(w, scale, np), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(penalty.prox(w, np.zeros(KERNEL), np), w)


@every_convex_one
@given(w=weights, z=weights, scale=scales)
def test_prox_brings_no_two_kernels_further_apart(penalty, w, z, scale):
    moved = np.linalg.norm(penalty.prox(w, scale, np) - penalty.prox(z, scale, np))

    assert moved <= np.linalg.norm(w - z) * (1 + 1e-9) + 1e-12


@every_penalty
@given(w=weights)
def test_prox_of_no_strength_leaves_every_weight_as_it_is(penalty, w):
    # The trainer relies on it: runs without this penalty take its step too, with a scale of zero.
    w = w.astype(np.float32)

    np.testing.assert_array_equal(penalty.prox(w, np.float32(0), np), w)


@every_penalty
def test_prox_of_one_weight_is_where_a_search_over_a_grid_ends(penalty):
    grid = np.linspace(-3, 3, 6001)[:, None, None]
    for w, scale in itertools.product([-2.0, -0.4, 0.0, 0.1, 0.7, 2.5], [0.05, 0.5, 2.0]):
        objective = scale * penalty.cost(grid, np) + (grid[:, 0, 0] - w) ** 2 / 2

        best = penalty.prox(np.array([[w]]), scale, np)

        assert scale * penalty.cost(best, np) + (best[0, 0] - w) ** 2 / 2 <= objective.min() + 1e-12, (w, scale)
        if penalty.convex:
            assert best[0, 0] == pytest.approx(grid[objective.argmin(), 0, 0], abs=1e-3), (w, scale)


@every_convex_one
def test_prox_of_two_weights_is_where_a_search_over_a_grid_ends(penalty):
    axis = np.linspace(-2.5, 2.5, 501)
    for shape in [(1, 2), (2, 1)]:
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, *shape)
        costs = penalty.cost(grid, np)
        for w, scale in itertools.product([(1.0, 0.5), (-0.3, 0.2), (2.0, 0.0), (0.05, -1.5)], [0.1, 0.6]):
            objective = scale * costs + ((grid - np.reshape(w, shape)) ** 2).sum(axis=(1, 2)) / 2

            best = penalty.prox(np.reshape(w, shape), scale, np)

            # The grid is 0.01 wide, so its best point may lie half of that away, a little more across a flat valley.
            np.testing.assert_allclose(best, grid[objective.argmin()], atol=0.011)


@every_penalty
@pytest.mark.parametrize("moved", ["runs last", "runs between", "inputs and outputs swapped"])
def test_numbers_do_not_depend_on_where_the_axes_lie(penalty, moved):
    order = {"runs last": (1, 2, 0), "runs between": (1, 0, 2), "inputs and outputs swapped": (0, 2, 1)}[moved]
    axes = (order.index(1), order.index(2))
    w = np.random.default_rng(0).normal(size=(4, *KERNEL)) * [[[1], [0], [2]]]
    scale = np.array([0.1, 0.4, 1.0, 3.0])[:, None, None]
    there = np.transpose(w, order)

    np.testing.assert_allclose(penalty.cost(there, np, axes), penalty.cost(w, np))
    np.testing.assert_allclose(penalty.subgradient(there, np, axes), np.transpose(penalty.subgradient(w, np), order))
    np.testing.assert_allclose(
        penalty.prox(there, np.transpose(scale, order), np, axes), np.transpose(penalty.prox(w, scale, np), order)
    )


@every_penalty
def test_runs_beside_each_other_cost_what_each_costs_alone(penalty):
    w = np.random.default_rng(1).normal(size=(5, *KERNEL))

    np.testing.assert_allclose(penalty.cost(w, np), [penalty.cost(one, np) for one in w])


@every_penalty
def test_equal_penalties_are_equal_values(penalty):
    again = dataclasses.replace(penalty)

    assert again == penalty
    assert hash(again) == hash(penalty)
    assert repr(again) == repr(penalty)


@every_penalty
def test_every_penalty_states_its_formula_and_convention(penalty):
    assert type(penalty).__doc__
