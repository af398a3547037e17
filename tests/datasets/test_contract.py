"""What every registered data set promises, stated once and held against each of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.datasets import datasets, split
from reportgen.datasets.table import TableFile
from reportgen.experiment.table_example import TARGET, example_files

ARRAYS = ("x_train", "y_train", "x_test", "y_test", "outlier_train", "outlier_test")


@pytest.fixture(scope="session")
def patients(tmp_path_factory):
    """The file of the example of a table."""
    path = tmp_path_factory.mktemp("table") / "patients.csv"
    path.write_bytes(example_files()[path.name])
    return path


@pytest.fixture(params=datasets.names())
def dataset(request, patients):
    if request.param == "table":
        return TableFile(file=str(patients), target=TARGET)
    return datasets[request.param]()


def test_a_seed_draws_the_same_data_every_time(dataset):
    one, other = dataset.draw(7), dataset.draw(7)

    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_another_seed_draws_other_data(dataset):
    one, other = dataset.draw(0), dataset.draw(1)

    assert not np.array_equal(one.y_train, other.y_train)
    assert not np.array_equal(one.y_test, other.y_test)


def test_arrays_have_the_declared_shapes(dataset):
    inputs, outputs = dataset.shape
    data = dataset.draw(0)

    assert data.x_train.shape == (dataset.training_samples, inputs)
    assert data.y_train.shape == (dataset.training_samples, outputs)
    assert data.x_test.shape == (len(data.y_test), inputs)
    assert data.y_test.shape == (len(data.x_test), outputs)
    assert data.outlier_train.shape == (dataset.training_samples,)
    assert data.outlier_test.shape == (len(data.x_test),)
    assert len(data.x_test) > 0


def test_every_number_is_finite_and_no_sample_is_both_trained_on_and_tested(dataset):
    for seed in range(5):
        data = dataset.draw(seed)
        for name in ARRAYS[:4]:
            assert np.isfinite(getattr(data, name)).all()
            assert getattr(data, name).dtype == np.float64
        samples = np.concatenate([np.hstack([data.x_train, data.y_train]), np.hstack([data.x_test, data.y_test])])
        assert len(np.unique(samples, axis=0)) == len(samples)


@given(samples=st.integers(2, 200), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_split_deals_every_sample_to_one_side(samples, share, seed):
    wanted = int(share * (samples - 1))

    train, test = split(samples, wanted, np.random.default_rng(seed))

    assert len(test) == wanted
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(samples))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(test) > 0)
