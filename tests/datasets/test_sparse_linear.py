import numpy as np
import pytest

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.errors import ExperimentError


@pytest.mark.parametrize("seed", range(5))
def test_ten_of_fifty_weights_count(seed):
    w = SparseLinear().weights(seed)

    assert w.shape == (50, 1)
    assert np.count_nonzero(w) == 10
    assert np.all(np.abs(w[w != 0]) >= 0.5)
    assert np.all(np.abs(w) <= 2)


def test_places_and_signs_change_with_the_seed():
    drawn = [SparseLinear().weights(seed) for seed in range(20)]

    assert len({tuple(np.flatnonzero(w)) for w in drawn}) == 20
    assert any((w > 0).any() and (w < 0).any() for w in drawn)


def test_without_noise_the_weights_explain_everything():
    dataset = SparseLinear(noise=0.0)
    data = dataset.draw(2)

    np.testing.assert_allclose(data.y_train, data.x_train @ dataset.weights(2), atol=1e-12)
    np.testing.assert_allclose(data.y_test, data.x_test @ dataset.weights(2), atol=1e-12)


def test_noise_has_the_size_asked_for():
    dataset = SparseLinear(noise=0.5)
    data = dataset.draw(0)

    assert (data.y_test - data.x_test @ dataset.weights(0)).std() == pytest.approx(0.5, rel=0.1)


def test_more_relevant_inputs_than_inputs_are_refused():
    with pytest.raises(ExperimentError) as error:
        SparseLinear(inputs=5, relevant=6)

    assert str(error.value) == "relevant must be at most inputs (5), got 6"
