"""The diabetes data: what is shipped is what was published, and nothing of the test patients reaches the training."""

from importlib import resources

import numpy as np

from reportgen.datasets.diabetes import INPUTS, Diabetes, measurements

FOLDER = resources.files("reportgen.datasets")


def test_the_numbers_are_those_of_scikit_learn_with_source_and_license_beside_them():
    from sklearn.datasets import load_diabetes

    inputs, target = load_diabetes(return_X_y=True, scaled=False)
    note = (FOLDER / "diabetes.txt").read_text("utf-8")

    assert measurements().shape == (442, 11)
    np.testing.assert_array_equal(measurements(), np.column_stack([inputs, target]))
    assert (FOLDER / "diabetes.csv").read_text("utf-8").splitlines()[0] == ",".join([*INPUTS, "progression"])
    assert "Least Angle Regression" in note
    assert "BSD 3-Clause License" in note


def test_training_samples_are_standardized_and_test_samples_by_the_same_scale():
    data = Diabetes().draw(0)

    for samples in (data.x_train, data.y_train):
        np.testing.assert_allclose(samples.mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(samples.std(axis=0), 1.0)
    for samples in (data.x_test, data.y_test):
        assert np.all(samples.mean(axis=0) != 0.0)
        assert np.all(np.abs(samples.mean(axis=0)) < 0.4)
