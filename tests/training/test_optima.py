"""Where the optimum is known, training must end in it."""

import os
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as TheirElasticNet
from sklearn.linear_model import Lasso

from reportgen.datasets import Data
from reportgen.datasets.diabetes import Diabetes
from reportgen.datasets.hinges import Hinges
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.statistics.sparsity import dead_units, kept_inputs, zeros_at_rest
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

DATA = SparseLinear(inputs=12, relevant=4, samples=60, test_samples=10, noise=0.5)
DESCENT = Training(loss="squared", learning_rate=0.1, schedule="linear", batch_size=60, epochs=1500)


def linear(penalty, strength, step):
    return Run(
        data=DATA,
        network=Network(hidden=()),
        training=DESCENT,
        penalty=penalty,
        strength=strength,
        step=step,
        recording=Recording(every=None, loss=False),
        data_seed=3,
    )


RUNS = {
    "none": linear(NoPenalty(), 0.0, "subgradient"),
    "ridge, subgradient": linear(L2(), 0.4, "subgradient"),
    "ridge, proximal": linear(L2(), 0.4, "proximal"),
    "lasso, subgradient": linear(L1(), 0.4, "subgradient"),
    "lasso, proximal": linear(L1(), 0.4, "proximal"),
    "elastic net, proximal": linear(ElasticNet(mix=0.7), 0.4, "proximal"),
    "group lasso, proximal": linear(GroupLasso(), 0.4, "proximal"),
    "lasso beyond all weights": linear(L1(), 100.0, "proximal"),
}


@pytest.fixture(scope="module")
def ends():
    """(weights, intercept) of each run after the last step."""
    trajectories = train(RUNS.values())
    return {
        name: (t.kernels[0][-1, :, 0].astype(float), float(t.biases[0][-1, 0]))
        for name, t in zip(RUNS, trajectories, strict=True)
    }


@pytest.fixture(scope="module")
def data():
    drawn = RUNS["none"].draw()
    return drawn.x_train, drawn.y_train[:, 0]


def ridge(x, y, strength):
    """The minimum of mean((x w + b - y)**2) + strength / 2 * sum(w**2), the intercept b left free."""
    xc, yc = x - x.mean(axis=0), y - y.mean()
    w = np.linalg.solve(2 / len(x) * xc.T @ xc + strength * np.eye(x.shape[1]), 2 / len(x) * xc.T @ yc)
    return w, y.mean() - x.mean(axis=0) @ w


def test_l2_ends_in_the_closed_form(ends, data):
    for name, strength in (("none", 0), ("ridge, subgradient", 0.4), ("ridge, proximal", 0.4)):
        w, b = ridge(*data, strength)

        np.testing.assert_allclose(ends[name][0], w, atol=1e-4, err_msg=name)
        assert ends[name][1] == pytest.approx(b, abs=1e-4), name


def test_proximal_steps_end_where_scikit_learn_does(ends, data):
    # Their squared error has a half and ours has none, so half our strength is their alpha.
    exact = {"alpha": 0.2, "tol": 1e-10, "max_iter": 100_000}
    others = {"lasso, proximal": Lasso(**exact), "elastic net, proximal": TheirElasticNet(l1_ratio=0.7, **exact)}
    for name, theirs in others.items():
        theirs.fit(*data)

        np.testing.assert_allclose(ends[name][0], theirs.coef_, atol=1e-4, err_msg=name)
        assert ends[name][1] == pytest.approx(theirs.intercept_, abs=1e-4), name
        np.testing.assert_array_equal(ends[name][0] != 0, theirs.coef_ != 0, err_msg=name)
        assert 0 < np.count_nonzero(theirs.coef_) < len(theirs.coef_), name


def test_subgradient_steps_come_close_to_the_lasso_without_its_zeros_and_groups_of_one_end_there(ends):
    proximal, subgradient = ends["lasso, proximal"][0], ends["lasso, subgradient"][0]

    np.testing.assert_allclose(subgradient, proximal, atol=3e-3)
    assert np.count_nonzero(subgradient) > np.count_nonzero(proximal)
    np.testing.assert_allclose(ends["group lasso, proximal"][0], proximal, atol=1e-5)


@dataclass(frozen=True)
class ThreeOutputs:
    """Eight correlated inputs, of which four count, and three outputs: groups of three weights."""

    shape: tuple[int, int] = (8, 3)
    training_samples: int = 60

    def draw(self, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(70, 8)) + rng.normal(size=(70, 1)) * 0.5
        true = rng.normal(size=(8, 3)) * (np.arange(8) < 4)[:, None]
        y = x @ true + rng.normal(size=(70, 3)) + [1.0, -2.0, 0.5]
        return Data(x[:60], y[:60], x[60:], y[60:], np.zeros(60, bool), np.zeros(10, bool))


OPTIMIZERS = {
    "sgd": Training(loss="squared", learning_rate=0.2, schedule="linear", batch_size=60, epochs=1500),
    "momentum 0.5": Training(
        optimizer="momentum", momentum=0.5, loss="squared", learning_rate=0.1, batch_size=60, epochs=1500
    ),
    "momentum 0.9": Training(
        optimizer="momentum", loss="squared", learning_rate=0.02, schedule="linear", batch_size=60, epochs=1500
    ),
    "adam": Training(optimizer="adam", loss="squared", schedule="linear", batch_size=60, epochs=1500),
}
PENALTIES = {"lasso": L1(), "elastic net": ElasticNet(mix=0.7), "group lasso": GroupLasso(), "ridge": L2()}
λ = 0.15


def group_lasso(x, y, strength):
    """The minimum of mean((x w + b - y)**2) + strength * sqrt(outputs) * sum of the norms of w's rows."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    rate = y.size / (2 * np.linalg.norm(x, 2) ** 2)
    w = np.zeros((x.shape[1], y.shape[1]))
    for _ in range(20_000):
        w = w - rate * 2 / y.size * x.T @ (x @ w - y)
        norms = np.linalg.norm(w, axis=1, keepdims=True)
        w = np.where(
            norms == 0, 0, w * np.maximum(1 - rate * strength * y.shape[1] ** 0.5 / np.maximum(norms, 1e-300), 0)
        )
    return w


def test_a_proximal_step_minimizes_the_cost_that_is_written_with_any_optimizer(subtests):
    runs = {
        (optimizer, penalty): Run(
            data=ThreeOutputs(),
            network=Network(hidden=()),
            training=training,
            penalty=PENALTIES[penalty],
            strength=λ,
            step="proximal",
            recording=Recording(every=None, loss=False),
        )
        for optimizer, training in OPTIMIZERS.items()
        for penalty in PENALTIES
    }
    drawn = ThreeOutputs().draw(0)
    x, y = drawn.x_train, drawn.y_train
    # The mean over three outputs and the missing half: their alpha is half of three times our strength.
    exact = {"alpha": λ * 3 / 2, "tol": 1e-10, "max_iter": 100_000}
    best = {
        "lasso": Lasso(**exact).fit(x, y).coef_.T,
        "elastic net": TheirElasticNet(l1_ratio=0.7, **exact).fit(x, y).coef_.T,
        "group lasso": group_lasso(x, y, λ),
        "ridge": np.stack([ridge(x, one, 3 * λ)[0] for one in y.T], axis=1),
    }
    ended = dict(zip(runs, train(runs.values()), strict=True))

    for name, run in runs.items():
        with subtests.test(name):
            w, w_best = ended[name].kernels[0][-1], best[name[1]]

            np.testing.assert_allclose(w, w_best, atol=1e-3)
            np.testing.assert_array_equal(w == 0, w_best == 0)
            assert run.penalty == L2() or 0 < np.count_nonzero(w) < w.size


def test_adam_removes_no_unit_for_being_inactive_in_the_first_batch():
    run = Run(
        data=Hinges(samples=50),
        network=Network(hidden=(20,), activation="relu", initializer="he_normal"),
        training=Training(optimizer="adam", epochs=1),
        penalty=L1(),
        strength=0.001,
        step="proximal",
        recording=Recording(every=1),
    )
    x = run.draw().x_train[run.order()[0]]

    (trajectory,) = train([run])

    inactive = (x @ trajectory.kernels[0][0] < 0)[0]
    assert 0 < inactive.sum() < 20
    assert not dead_units(trajectory.at(1)[0], 0.0)[0][inactive].any()


def test_steps_on_all_samples_end_with_the_inputs_of_the_lasso_after_single_samples():
    strengths = (0.1, 0.2, 0.5)
    runs = [
        Run(
            data=Diabetes(),
            network=Network(hidden=()),
            training=Training(
                loss="squared", learning_rate=0.02, schedule="linear", epochs=10, full_batch_steps=finish
            ),
            penalty=L1(),
            strength=strength,
            step="proximal",
            recording=Recording(every=50, loss=False),
        )
        for finish in (0, 2000)
        for strength in strengths
    ]
    data = runs[0].draw()

    trained = train(runs)

    for noisy, rested, strength in zip(trained[:3], trained[3:], strengths, strict=True):
        best = Lasso(alpha=strength / 2, tol=1e-12, max_iter=100_000).fit(data.x_train, data.y_train[:, 0]).coef_
        assert 0 < np.count_nonzero(best) < 10
        assert kept_inputs(noisy.at(-1)[0]).sum() > np.count_nonzero(best), strength
        np.testing.assert_array_equal(kept_inputs(rested.at(-1)[0]), best != 0)
        np.testing.assert_allclose(rested.kernels[0][-1, :, 0], best, atol=1e-4)
        assert zeros_at_rest(rested, 1000)
        assert not zeros_at_rest(rested, 2500)


def test_steps_on_all_samples_drop_whole_inputs_of_a_network():
    run = Run(
        data=Hinges(samples=200),
        network=Network(hidden=(10,), activation="tanh"),
        training=Training(batch_size=50, epochs=30, learning_rate=0.15, loss="squared", full_batch_steps=1500),
        penalty=GroupLasso(),
        strength=0.15,
        step="proximal",
        recording=Recording(every=50, loss=False),
    )

    (trajectory,) = train([run])

    kept = kept_inputs(trajectory.at(-1)[0])
    counts = np.isin(run.data.roles, ("counts", "has a double"))
    assert kept[counts].all()
    assert kept.sum() < 40
    assert zeros_at_rest(trajectory, 200)
    assert not zeros_at_rest(trajectory, 1400)
