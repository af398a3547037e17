"""The data of the 2018 post, fact by fact."""

import numpy as np

from reportgen.datasets.line import Line


def everything(line, seed):
    """(x, y, outlier) of all samples, from left to right."""
    data = line.draw(seed)
    x, y = np.concatenate([data.x_train, data.x_test])[:, 0], np.concatenate([data.y_train, data.y_test])[:, 0]
    order = x.argsort()
    return x[order], y[order], np.concatenate([data.outlier_train, data.outlier_test])[order]


def test_forty_samples_train_and_ten_test_at_fifty_equal_steps():
    data, (x, _, _) = Line().draw(0), everything(Line(), 0)

    assert (len(data.x_train), len(data.x_test)) == (40, 10)
    np.testing.assert_allclose(x, np.linspace(0.5, 9.5, 50))
    np.testing.assert_allclose(data.truth[1], 2 * data.truth[0] + 1, err_msg="through the middle of the noise")


def test_noise_raises_a_sample_by_up_to_two_and_ten_outliers_share_one_raise():
    for seed in range(10):
        x, y, outlier = everything(Line(), seed)
        noise = (y - 2 * x)[~outlier]
        assert outlier.sum() == 10
        assert set(np.diff(np.flatnonzero(outlier))) == {5}
        assert noise.min() >= 0
        assert noise.max() <= 2
        assert 0.5 < noise.mean() < 1.5

        x, y, outlier = everything(Line(noise=0.0), seed)
        raised = (y - 2 * x)[outlier]
        assert np.ptp(raised) < 1e-12
        assert 0 < raised[0] < 10


def test_outliers_can_be_kept_out_of_the_test_set_or_of_all_samples():
    dirty, clean = Line().draw(3), Line(clean_test=True).draw(3)
    _, y, outlier = everything(Line(outliers=0), 0)

    np.testing.assert_array_equal(clean.x_test, dirty.x_test)
    np.testing.assert_array_equal(clean.y_train, dirty.y_train)
    np.testing.assert_array_equal(clean.y_test[~dirty.outlier_test], dirty.y_test[~dirty.outlier_test])
    assert np.all(clean.y_test[dirty.outlier_test] < dirty.y_test[dirty.outlier_test])
    assert not clean.outlier_test.any()
    assert not outlier.any()
    assert y.max() < 2 * 9.5 + 2
