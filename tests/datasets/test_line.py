"""The data of the 2018 post, fact by fact."""

import numpy as np
import pytest

from reportgen.datasets.line import Line
from reportgen.errors import ExperimentError


def everything(line, seed):
    """(x, y, outlier) of all samples, from left to right."""
    data = line.draw(seed)
    x, y = np.concatenate([data.x_train, data.x_test])[:, 0], np.concatenate([data.y_train, data.y_test])[:, 0]
    order = x.argsort()
    return x[order], y[order], np.concatenate([data.outlier_train, data.outlier_test])[order]


def test_forty_samples_train_and_ten_test():
    data = Line().draw(0)

    assert (len(data.x_train), len(data.x_test)) == (40, 10)


def test_inputs_are_fifty_equal_steps_from_a_half_to_nine_and_a_half():
    x, _, _ = everything(Line(), 0)

    np.testing.assert_allclose(x, np.linspace(0.5, 9.5, 50))


@pytest.mark.parametrize("seed", range(10))
def test_ten_outliers_are_equally_spaced(seed):
    _, _, outlier = everything(Line(), seed)

    assert outlier.sum() == 10
    assert set(np.diff(np.flatnonzero(outlier))) == {5}


@pytest.mark.parametrize("seed", range(10))
def test_noise_only_ever_raises_a_sample(seed):
    x, y, outlier = everything(Line(), seed)

    noise = (y - 2 * x)[~outlier]

    assert noise.min() >= 0
    assert noise.max() <= 2
    assert 0.5 < noise.mean() < 1.5


@pytest.mark.parametrize("seed", range(10))
def test_outliers_share_one_raise(seed):
    x, y, outlier = everything(Line(noise=0.0), seed)

    raised = (y - 2 * x)[outlier]

    assert np.ptp(raised) < 1e-12
    assert 0 < raised[0] < 10


def test_the_raise_is_drawn_anew_for_every_seed():
    raises = [np.ptp(y - 2 * x) for x, y, _ in (everything(Line(noise=0.0), seed) for seed in range(200))]

    assert 4 < np.mean(raises) < 6
    assert min(raises) < 1
    assert max(raises) > 9


def test_a_clean_test_set_keeps_everything_but_its_outliers():
    dirty, clean = Line().draw(3), Line(clean_test=True).draw(3)

    np.testing.assert_array_equal(clean.x_test, dirty.x_test)
    np.testing.assert_array_equal(clean.y_train, dirty.y_train)
    np.testing.assert_array_equal(clean.y_test[~dirty.outlier_test], dirty.y_test[~dirty.outlier_test])
    assert np.all(clean.y_test[dirty.outlier_test] < dirty.y_test[dirty.outlier_test])
    assert not clean.outlier_test.any()


def test_without_outliers_none_are_marked():
    _, y, outlier = everything(Line(outliers=0), 0)

    assert not outlier.any()
    assert y.max() < 2 * 9.5 + 2


def test_truth_is_the_line_through_the_middle_of_the_noise():
    x, y = Line().draw(0).truth

    np.testing.assert_allclose(y, 2 * x + 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"test_samples": 50}, "test_samples must be below samples (50), got 50"),
        ({"samples": 10, "test_samples": 12}, "test_samples must be below samples (10), got 12"),
        ({"outliers": 51}, "outliers must be at most samples (50), got 51"),
        ({"start": 3.0, "stop": 3.0}, "start must be below stop (3.0), got 3.0"),
    ],
)
def test_a_line_that_cannot_be_drawn_says_why(fields, message):
    with pytest.raises(ExperimentError) as error:
        Line(**fields)

    assert str(error.value) == message
