import numpy as np
import pytest

from reportgen.datasets.polynomial import Polynomial
from reportgen.errors import ExperimentError


def test_without_noise_it_is_the_polynomial():
    data = Polynomial(noise=0.0).draw(0)

    np.testing.assert_allclose(data.y_train, 8 * data.x_train**3 - 6 * data.x_train, atol=1e-12)
    np.testing.assert_allclose(data.y_test, data.truth[1])


def test_coefficients_rise_with_their_powers():
    x = np.array([[-1.0], [0.0], [2.0]])

    np.testing.assert_allclose(Polynomial(coefficients=(1.0, 2.0, 3.0)).function(x), [[2.0], [1.0], [17.0]])


def test_unless_told_otherwise_it_turns_twice_between_its_ends():
    _, y = Polynomial(test_samples=1001).draw(0).truth

    assert np.count_nonzero(np.diff(np.sign(np.diff(y[:, 0])))) == 2
    assert (y.min(), y.max()) == (pytest.approx(-2.0), pytest.approx(2.0))


def test_noise_has_the_size_asked_for():
    data = Polynomial(noise=0.3, test_samples=2000).draw(0)

    assert (data.y_test - data.truth[1]).std() == pytest.approx(0.3, rel=0.1)
    assert (data.y_test - data.truth[1]).mean() == pytest.approx(0.0, abs=0.03)


def test_a_polynomial_without_coefficients_is_refused():
    with pytest.raises(ExperimentError) as error:
        Polynomial(coefficients=())

    assert str(error.value) == "coefficients must have at least one number, got none"
