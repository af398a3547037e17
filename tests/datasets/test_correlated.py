import numpy as np
import pytest

from reportgen.datasets.correlated import Correlated
from reportgen.errors import ExperimentError


def test_inputs_correlate_within_their_group_and_with_nothing_else():
    dataset = Correlated(groups=3, size=4, correlation=0.8, samples=20_000)
    measured = np.corrcoef(dataset.draw(0).x_train, rowvar=False)
    group = np.repeat(np.arange(3), 4)
    planted = np.where(group[:, None] == group, 0.8, 0.0)
    np.fill_diagonal(planted, 1.0)

    np.testing.assert_allclose(measured, planted, atol=0.03)


def test_every_input_has_the_same_spread():
    x = Correlated(samples=20_000).draw(1).x_train

    np.testing.assert_allclose(x.std(axis=0), 1.0, atol=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_members_of_a_group_count_alike(seed):
    w = Correlated().weights(seed).reshape(8, 4)

    assert np.all(w == w[:, :1])
    assert np.all(w[3:] == 0)
    assert np.all((np.abs(w[:3].sum(axis=1)) >= 1) & (np.abs(w[:3].sum(axis=1)) <= 3))


def test_signs_change_with_the_seed():
    signs = {tuple(np.sign(Correlated().weights(seed)[::4, 0])) for seed in range(50)}

    assert len(signs) == 8


def test_without_noise_the_weights_explain_everything():
    dataset = Correlated(noise=0.0)
    data = dataset.draw(2)

    np.testing.assert_allclose(data.y_train, data.x_train @ dataset.weights(2), atol=1e-12)
    np.testing.assert_allclose(data.y_test, data.x_test @ dataset.weights(2), atol=1e-12)


def test_the_lasso_chooses_where_ridge_shares():
    """What the data are for: of near copies the lasso keeps some, and ridge treats all alike (Zou and Hastie 2005)."""
    from sklearn.linear_model import Lasso, Ridge

    dataset = Correlated(correlation=0.98)
    within, kept = {"lasso": [], "ridge": []}, []
    for seed in range(10):
        data = dataset.draw(seed)
        for name, model in {"lasso": Lasso(alpha=0.1), "ridge": Ridge(alpha=10.0)}.items():
            w = model.fit(data.x_train, data.y_train[:, 0]).coef_.reshape(8, 4)[:3]
            within[name].append(np.mean(w.std(axis=1) / np.abs(w.mean(axis=1))))
            if name == "lasso":
                kept.append(np.count_nonzero(w, axis=1).mean())

    assert np.median(within["lasso"]) > 3 * np.median(within["ridge"])
    assert np.mean(kept) < 3


def test_more_relevant_groups_than_groups_are_refused():
    with pytest.raises(ExperimentError) as error:
        Correlated(groups=2, relevant=3)

    assert str(error.value) == "relevant must be at most groups (2), got 3"
