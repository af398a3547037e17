import numpy as np
import pytest

from reportgen.training.network import Network


def test_the_default_network_has_the_251_parameters_of_the_post():
    assert Network().shapes(1, 1) == ((1, 10), (10, 10), (10, 10), (10, 1))
    assert Network().parameters(1, 1) == 251
    assert Network(hidden=()).shapes(50, 1) == ((50, 1),)


def test_initial_weights_have_the_variance_of_the_paper():
    for initializer, variance, limit in (
        ("glorot_uniform", 2 / 300, (6 / 300) ** 0.5),
        ("glorot_normal", 2 / 300, np.inf),
        ("he_uniform", 2 / 100, (6 / 100) ** 0.5),
        ("he_normal", 2 / 100, np.inf),
    ):
        (w,), _ = Network(hidden=(), initializer=initializer).initial_weights(100, 200, 0)

        assert w.dtype == np.float32, initializer
        assert w.mean() == pytest.approx(0, abs=0.003), initializer
        assert w.var() == pytest.approx(variance, rel=0.05), initializer
        assert np.abs(w).max() <= limit, initializer
