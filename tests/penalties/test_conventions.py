"""How our penalties are scaled beside those of Keras, and how they contain each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2

W = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("penalty", "theirs"),
    [
        (L1(), {"l1": 0.3}),
        (L2(), {"l2": 0.15}),
        (ElasticNet(mix=0.25), {"l1": 0.3 * 0.25, "l2": 0.3 * 0.75 / 2}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
def test_keras_has_no_half(penalty, theirs):
    import keras

    assert 0.3 * penalty.cost(W, np) == pytest.approx(float(keras.regularizers.L1L2(**theirs)(W)), rel=1e-6)


@pytest.mark.parametrize(("mix", "pure"), [(1.0, L1()), (0.0, L2())], ids=["L1", "L2"])
@given(scale=st.floats(0.01, 10))
def test_elastic_net_ends_in_its_two_parts(mix, pure, scale):
    blend = ElasticNet(mix=mix)

    np.testing.assert_allclose(blend.cost(W, np), pure.cost(W, np), rtol=1e-6)
    np.testing.assert_allclose(blend.subgradient(W, np), pure.subgradient(W, np), rtol=1e-6)
    np.testing.assert_allclose(blend.prox(W, scale, np), pure.prox(W, scale, np), rtol=1e-6)


def test_group_lasso_over_single_weights_is_the_lasso():
    w = W[:, :1]

    np.testing.assert_allclose(GroupLasso().cost(w, np), L1().cost(w, np), rtol=1e-6)
    np.testing.assert_allclose(GroupLasso().subgradient(w, np), L1().subgradient(w, np), rtol=1e-6)
    np.testing.assert_allclose(GroupLasso().prox(w, 0.4, np), L1().prox(w, 0.4, np), rtol=1e-5, atol=1e-7)


def test_group_lasso_silences_units_not_single_weights():
    w = np.array([[0.1, -0.1], [2.0, 0.01]])

    gone, kept = GroupLasso().prox(w, 0.3, np)

    assert np.all(gone == 0)
    assert np.all(kept != 0)
