"""The section on penalties: what is planted is what is told of corners, and of minima that are known exactly."""

import numpy as np
import pytest
from planted import RULE, outcomes, rates

from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.kinds import penalties
from reportgen.sections.kinds.penalties import SCALE, STEPS, agreement, count_zeros, random_losses, walk

OUTCOMES = ["supported", "not supported", "undecided"]


def agreed(difference, zeros=0):
    exact = np.linspace(1.0, 2.0, 3000).reshape(10, 300)
    trained = exact + difference
    trained.flat[:zeros] = 0.0
    found = agreement(trained, exact)
    return {"draws": 10, "difference": difference, "largest": found.largest, "weights": found.weights} | {
        "other_zeros": found.other_zeros
    }


MISSING = {**agreed(0.0), "difference": None, "other_zeros": None}


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("corners-give-zeros", [{"losses": 30, "zeros": rates(a, b)} for a, b in ((25, 0), (0, 25), (6, 5))]),
        ("training-finds-ridge", [{"ridge": world} for world in (agreed(0.019), agreed(0.021), MISSING)]),
        ("proximal-steps-find-the-lasso", [{"lasso": world} for world in (agreed(0.019), agreed(0.021), MISSING)]),
        ("both-find-the-same-zeros", [{"lasso": world} for world in (agreed(0.0, 3), agreed(0.0, 4), MISSING)]),
        ("both-find-the-same-zeros", [{"lasso": world} for world in (agreed(0.0), agreed(0.0, 900), MISSING)]),
    ],
)
def test_each_claim_can_come_out_in_every_way(claim, worlds):
    assert outcomes("penalties", claim, worlds) == OUTCOMES


def test_zeros_are_counted_where_they_are():
    """A best fit along one axis of a loss without correlation is zero under both; far off the axes under neither."""
    level = np.repeat(np.eye(2)[None], 2, axis=0)
    minima = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert (found := count_zeros(minima, level, RULE)).first == found.second == 1

    # λ is half of what empties L1, so that one weight below it is dropped by L1 alone.
    (found) = count_zeros(np.array([[1.0, 0.4], [1.0, 0.6]]), level, RULE)
    assert (found.first, found.second) == (1, 0)


def test_few_losses_decide_nothing():
    assert count_zeros(*random_losses(3), RULE).verdict == "undecided"
    assert count_zeros(*random_losses(300), RULE).verdict == "more often"


def test_random_losses_are_those_that_the_text_names():
    minima, curvatures = random_losses(500)
    sizes = np.linalg.eigvalsh(curvatures)
    np.testing.assert_allclose(sizes[:, 1], 1.0)
    assert 0.1 <= sizes[:, 0].min() < sizes[:, 0].max() <= 1
    assert abs(minima.mean()) < 0.1
    assert abs(minima.std() - 1) < 0.1


@pytest.mark.parametrize("start", [0.3, 1.5])
def test_one_weight_arrives_under_l1_and_shrinks_by_a_share_under_l2(start):
    l1, l2 = walk(L1(), start), walk(L2(), start)

    np.testing.assert_allclose(l1, np.maximum(start - SCALE * np.arange(STEPS + 1), 0), atol=1e-12)
    np.testing.assert_allclose(l2, start / (1 + SCALE) ** np.arange(STEPS + 1))
    assert l1[-1] == 0.0 < l2[-1]


def test_the_default_loss_shows_what_the_text_says(compute):
    """The first picture has a zero under L1 and none under L2; the weight of the other arrives."""
    found = compute("penalties").result.findings
    meeting = found["meeting"]
    ends = [
        penalties.plane.least_cost(
            kind(), np.array(meeting["minimum"]), np.array(meeting["curvature"]), np.array([meeting["strength"]])
        )[0]
        for kind in (L1, L2)
    ]
    assert [int((w == 0).sum()) for w in ends] == [1, 0]
    assert found["weight"]["arrived"] == 30


def test_shapes_are_levels_of_their_penalties(compute):
    for name, shape in compute("penalties").result.findings["shapes"].items():
        of = penalties._SHOWN[name]()
        costs = [penalties.plane.cost(of, np.array(line)) for line in shape["levels"]]
        means = [cost.mean() for cost in costs]
        for cost, mean in zip(costs, means, strict=True):
            np.testing.assert_allclose(cost, mean, rtol=0.01)
        np.testing.assert_allclose(means, [means[-1] / 3, 2 * means[-1] / 3, means[-1]], rtol=0.01)
