"""The diabetes data: what is shipped is what was published, and nothing of the test patients reaches the training."""

from importlib import resources

import numpy as np
import pytest

from reportgen.datasets.diabetes import INPUTS, Diabetes, measurements
from reportgen.errors import ExperimentError

FOLDER = resources.files("reportgen.datasets")


def test_there_are_442_patients_with_ten_inputs_and_a_target():
    assert measurements().shape == (442, 11)
    assert (FOLDER / "diabetes.csv").read_text("utf-8").splitlines()[0] == ",".join([*INPUTS, "progression"])


def test_the_first_patient_is_the_published_one():
    np.testing.assert_array_equal(measurements()[0], [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87, 151])


def test_the_numbers_are_those_of_scikit_learn():
    from sklearn.datasets import load_diabetes

    inputs, target = load_diabetes(return_X_y=True, scaled=False)

    np.testing.assert_array_equal(measurements(), np.column_stack([inputs, target]))


def test_a_split_uses_every_patient_once():
    data = Diabetes().draw(3)
    x, patients = np.vstack([data.x_train, data.x_test]), measurements()[:, :-1]
    ranks = [np.unique(column, return_inverse=True)[1] for column in x.T]
    known = [np.unique(column, return_inverse=True)[1] for column in patients.T]

    assert (len(data.x_train), len(data.x_test)) == (332, 110)
    # Another scale and order, the same patients: standardising keeps the ranks.
    np.testing.assert_array_equal(np.unique(np.array(ranks), axis=1), np.unique(np.array(known), axis=1))


def test_training_samples_are_standardised_and_test_samples_by_the_same_scale():
    data = Diabetes().draw(0)

    for samples in (data.x_train, data.y_train):
        np.testing.assert_allclose(samples.mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(samples.std(axis=0), 1.0)
    for samples in (data.x_test, data.y_test):
        assert np.all(samples.mean(axis=0) != 0.0)
        assert np.all(np.abs(samples.mean(axis=0)) < 0.4)


def test_sex_takes_two_values():
    assert set(measurements()[:, 1]) == {1.0, 2.0}
    assert len(np.unique(Diabetes().draw(0).x_train[:, 1])) == 2


def test_least_squares_explains_as_much_as_it_is_known_to():
    """R² of 0.518 over all patients, as in the original analysis."""
    x, y = measurements()[:, :-1], measurements()[:, -1]
    x = np.column_stack([np.ones(442), x])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]

    assert 1 - left.var() / y.var() == pytest.approx(0.518, abs=0.001)


def test_source_and_license_lie_beside_the_numbers():
    note = (FOLDER / "diabetes.txt").read_text("utf-8")

    assert "Least Angle Regression" in note
    assert "BSD 3-Clause License" in note
    assert len((FOLDER / "diabetes.csv").read_bytes()) < 30_000


def test_more_test_patients_than_can_be_spared_are_refused():
    with pytest.raises(ExperimentError) as error:
        Diabetes(test_samples=441)

    assert str(error.value) == "test_samples must be less than or equal to 440, got 441"
