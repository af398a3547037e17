import numpy as np
import pytest

from reportgen.datasets.wave import Wave


def test_without_noise_it_is_a_sine():
    data = Wave(noise=0.0).draw(0)

    np.testing.assert_allclose(data.y_train, np.sin(np.pi * data.x_train))
    np.testing.assert_allclose(data.y_test, data.truth[1])


def test_noise_has_the_size_asked_for():
    data = Wave(noise=0.3, test_samples=2000).draw(0)

    assert (data.y_test - data.truth[1]).std() == pytest.approx(0.3, rel=0.1)


def test_inputs_stay_within_one_period():
    data = Wave().draw(0)

    assert np.abs(data.x_train).max() <= 1
    np.testing.assert_allclose(data.x_test[[0, -1], 0], [-1, 1])
