import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.pictures.penalty_plane import SHAPES
from reportgen.statistics import plane

PROBLEM = plane.Quadratic(np.array([0.8, 2.0]), np.array([[1.0, 0.3], [0.3, 1.0]]))
nudges = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(np.array)


@pytest.mark.parametrize("of", SHAPES, ids=repr)
@given(level=st.floats(0.01, 20))
def test_a_penalty_is_level_on_its_level_line(of, level):
    np.testing.assert_allclose(plane.cost(of, plane.level_line(of, level)), level, rtol=1e-9)


@given(level=st.floats(0.01, 20))
def test_a_loss_is_level_on_its_ellipse(level):
    np.testing.assert_allclose(PROBLEM.loss(PROBLEM.level_line(level)), level, rtol=1e-9)


@pytest.mark.parametrize("of", SHAPES, ids=repr)
@given(strength=st.floats(0, 5), nudge=nudges)
def test_no_nudge_improves_on_a_solution(of, strength, nudge):
    (best,) = PROBLEM.solutions(of, np.array([strength]))

    def objective(w):
        return PROBLEM.loss(w) + strength * plane.cost(of, w)

    assert objective(best) <= objective(best + nudge) + 1e-12
