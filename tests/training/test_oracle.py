"""The compiled trainer against plain Keras: a run's data, order and initial weights, replayed step by step."""

import os
from dataclasses import dataclass, replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf

from reportgen.datasets import Data, without_outliers
from reportgen.datasets.line import Line
from reportgen.datasets.moons import Moons
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.penalties import penalties
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.training import network
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

LINE = Line(samples=12, test_samples=2)
EVERY_STEP = Recording(every=1)
TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}
"""Some tens of steps in float32, summed in another order. Longer runs would need far more: once rounding flips the
sign of a residual under |r|, or of a weight under a subgradient of |w|, the two trajectories part by a whole step."""


@dataclass(frozen=True)
class TwoOutputs:
    """Three inputs and two outputs: no registered data set has several outputs."""

    shape: tuple[int, int] = (3, 2)
    training_samples: int = 10

    def draw(self, seed):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
        unmarked = np.zeros(10, bool), np.zeros(2, bool)
        return Data(x[:10], y[:10], x[10:], y[10:], *unmarked)


@dataclass(frozen=True)
class ThreeClasses:
    """Four inputs and three classes."""

    shape: tuple[int, int] = (4, 3)
    training_samples: int = 10
    task: str = "classes"

    def draw(self, seed):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(12, 4)), np.eye(3)[rng.integers(0, 3, 12)]
        return without_outliers(x[:10], y[:10], x[10:], y[10:], classes=("a", "b", "c"))


MOONS = Moons(samples=12, test_samples=2)


def run(*, hidden=(5, 4), activation="linear", dropout=0.0, **fields):
    ours = {"data", "penalty", "strength", "step", "init_seed", "fold"}
    how = {"learning_rate": 0.01, "epochs": 3, **{k: v for k, v in fields.items() if k not in ours}}
    rest = {"data": LINE, **{k: v for k, v in fields.items() if k in ours}}
    return Run(
        network=Network(hidden=hidden, activation=activation, dropout=dropout),
        training=Training(**how),
        recording=EVERY_STEP,
        data_seed=5,
        order_seed=6,
        **rest,
    )


CASES = {
    # One compiled program: one sample a step, linear units, plain steps.
    **{
        f"{name} {step}": run(penalty=penalties[name](), strength=0.3, step=step)
        for name in penalties.names()
        for step in ("subgradient", "proximal")
    },
    **{f"elastic net, mix {mix}": run(penalty=ElasticNet(mix=mix), strength=0.2) for mix in (0.1, 0.9)},
    "huber loss": run(loss="huber", penalty=L2(), strength=0.1),
    # A residual of 20 on an input of 10 makes steps of a hundred times the rate.
    "squared loss": run(loss="squared", penalty=L2(), strength=0.1, learning_rate=0.0003),
    **{
        f"{schedule} schedule": run(schedule=schedule, penalty=L1(), strength=0.3, step="proximal")
        for schedule in ("linear", "cosine")
    },
    "narrower, by groups, proximal": run(hidden=(3, 2), penalty=GroupLasso(), strength=0.1, step="proximal"),
    "a fold": run(fold=(1, 5), penalty=L2(), strength=0.1),
    # Other activations.
    **{
        f"{activation}": run(activation=activation, penalty=L1(), strength=0.05, init_seed=2)
        for activation in ("relu", "sigmoid")
    },
    # Other optimizers, with a last batch of two samples.
    "momentum, batch 4, proximal": run(
        optimizer="momentum", batch_size=4, epochs=10, penalty=GroupLasso(), strength=0.3, step="proximal"
    ),
    "adam, batch 4, proximal": run(
        optimizer="adam",
        schedule="linear",
        batch_size=4,
        epochs=10,
        penalty=ElasticNet(),
        strength=0.3,
        step="proximal",
    ),
    "adam, batch 1, tanh": run(optimizer="adam", activation="tanh", loss="huber", penalty=L2(), strength=0.1),
    "batch 8, relu": run(batch_size=8, epochs=20, activation="relu", order="reshuffled", loss="squared", init_seed=2),
    # Steps on all samples after the epochs, without momentum or dropout.
    "then all samples": run(penalty=L1(), strength=0.3, step="proximal", schedule="linear", full_batch_steps=7),
    "then all samples, a narrower one": run(hidden=(3, 2), fold=(0, 5), penalty=L2(), strength=0.1, full_batch_steps=7),
    "momentum, batch 4, then all samples": run(
        optimizer="momentum",
        batch_size=4,
        epochs=5,
        penalty=GroupLasso(),
        strength=0.3,
        step="proximal",
        full_batch_steps=10,
    ),
    "adam, dropout, then all samples": run(
        optimizer="adam", dropout=0.4, batch_size=4, penalty=L1(), strength=0.1, full_batch_steps=5
    ),
    # Dropout, in both layouts.
    "dropout, batch 1": run(dropout=0.4, activation="sigmoid", penalty=L1(), strength=0.1),
    "dropout, batch 4": run(dropout=0.4, activation="tanh", batch_size=4, epochs=10, penalty=L1(), strength=0.1),
    # Other depths, several inputs, several outputs.
    "no hidden layer": run(hidden=(), penalty=L1(), strength=0.1, step="proximal"),
    "fifty inputs": run(data=SparseLinear(samples=20), hidden=(4,), epochs=1, penalty=L1(), strength=0.1),
    "two outputs": run(data=TwoOutputs(), hidden=(4,), loss="squared", penalty=GroupLasso(), strength=0.1),
    "two outputs, batch 4": run(data=TwoOutputs(), hidden=(4,), loss="squared", batch_size=4, epochs=10),
    # Classes, in both layouts, with a smaller last batch.
    "two classes, batch 1": run(data=MOONS, loss="logistic", penalty=L1(), strength=0.01, step="proximal"),
    "two classes, batch 4": run(data=MOONS, loss="logistic", batch_size=4, epochs=5, activation="tanh"),
    "three classes, batch 1": run(data=ThreeClasses(), hidden=(4,), loss="softmax", activation="tanh"),
    "three classes, batch 4": run(
        data=ThreeClasses(), hidden=(4,), loss="softmax", activation="relu", batch_size=4, epochs=10
    ),
    # Weight decay beside any optimizer.
    "adamw, batch 4": run(optimizer="adamw", weight_decay=0.3, batch_size=4, epochs=10, activation="tanh"),
    "decay with momentum, then all samples": run(
        optimizer="momentum", weight_decay=0.3, batch_size=4, epochs=5, full_batch_steps=5, penalty=L1(), strength=0.1
    ),
}


LOSSES = {
    "absolute": keras.losses.MeanAbsoluteError(),
    "squared": keras.losses.MeanSquaredError(),
    "huber": keras.losses.Huber(delta=1.0),
    "logistic": keras.losses.BinaryCrossentropy(from_logits=True),
    "softmax": keras.losses.CategoricalCrossentropy(from_logits=True),
}


class Groups(keras.regularizers.Regularizer):
    """The group lasso as one would write it for Keras."""

    def __init__(self, strength):
        self.strength = strength

    def __call__(self, w):
        size = float(w.shape[1]) ** 0.5
        return self.strength * size * tf.reduce_sum(tf.norm(w, axis=1))


def regularizer(run):
    strength, mix = run.strength, getattr(run.penalty, "mix", 0.0)
    return {
        "none": lambda: None,
        "l1": lambda: keras.regularizers.L1(strength),
        "l2": lambda: keras.regularizers.L2(strength / 2),
        "elastic_net": lambda: keras.regularizers.L1L2(strength * mix, strength * (1 - mix) / 2),
        "group_lasso": lambda: Groups(strength),
    }[penalties.name_of(run.penalty)]()


def proximal_step(run, w, size):
    s, mix = size * run.strength, getattr(run.penalty, "mix", 0.0)
    name = penalties.name_of(run.penalty)
    if name == "group_lasso":
        norms = np.linalg.norm(w, axis=1, keepdims=True)
        size = w.shape[1] ** 0.5
        return np.where(norms > s * size, (1 - s * size / np.where(norms == 0, 1, norms)) * w, 0)
    l1, l2 = {"none": (0, 0), "l1": (s, 0), "l2": (0, s), "elastic_net": (s * mix, s * (1 - mix))}[name]
    return np.sign(w) * np.maximum(np.abs(w) - l1, 0) / (1 + l2)


def adam_factor(optimizer, variable, step):
    """Adam's step sizes over the learning rate; 1 for other optimizers, and for weights that had no gradient."""
    if not isinstance(optimizer, keras.optimizers.Adam):
        return 1.0
    v = np.asarray(optimizer._velocities[variable])
    return np.where(v > 0, np.sqrt(1 - 0.999 ** (step + 1)) / (np.sqrt(v) + 1e-7), 1.0)


def falling(schedule, done):
    return {"constant": 1.0, "linear": 1 - done, "cosine": (1 + np.cos(np.pi * done)) / 2}[schedule]


def replay(run):
    """The weights after every step, and the loss and the penalty they have, from Keras in eager mode."""
    t, data, (kernels, biases) = run.training, run.draw(), run.initial_weights()
    x, y = tf.constant(data.x_train, tf.float32), tf.constant(data.y_train, tf.float32)
    widths, last = [*run.network.hidden, run.data.shape[1]], len(run.network.hidden)
    layers = [
        keras.layers.Dense(
            units, activation=run.network.activation if i < last else "linear", kernel_regularizer=regularizer(run)
        )
        for i, units in enumerate(widths)
    ]
    model = keras.Sequential([keras.Input((run.data.shape[0],)), *layers])
    for layer, w, b in zip(layers, kernels, biases, strict=True):
        layer.set_weights([w, b])
    decay = t.weight_decay or None
    optimizer = {
        "sgd": lambda: keras.optimizers.SGD(weight_decay=decay),
        "momentum": lambda: keras.optimizers.SGD(momentum=t.momentum, weight_decay=decay),
        "adam": lambda: keras.optimizers.Adam(weight_decay=decay),
        "adamw": lambda: keras.optimizers.AdamW(weight_decay=decay),
    }[t.optimizer]()
    plain = keras.optimizers.SGD(weight_decay=decay)
    loss = LOSSES[t.loss]
    masks = run.masks() if run.network.dropout else None
    batches = [rows[rows >= 0] for rows in run.order()]
    finish = t.full_batch_steps

    def predict(x, mask):
        for i, layer in enumerate(layers):
            x = layer(x)
            if mask is not None and i < last:
                start = sum(widths[:i])
                x = x * mask[:, start : start + widths[i]].astype(np.float32) / (1 - run.network.dropout)
        return x

    def penalty():
        return sum(regularizer(run)(layer.kernel) for layer in layers) if regularizer(run) else 0.0

    def record():
        weights = [layer.get_weights() for layer in layers]
        return [w for w, _ in weights], [b for _, b in weights], float(loss(y, predict(x, None))), float(penalty())

    records, size = [record()], 0.0
    for step, rows in enumerate([*batches, *[np.arange(run.training_samples)] * finish]):
        rate, mask = t.learning_rate * falling(t.schedule, step / len(batches)), None
        if step < len(batches):
            mask = None if masks is None else masks[step][: len(rows)]
        else:
            optimizer, size = plain, 0.0
            rate = t.learning_rate * (1 - (step - len(batches)) / finish)
        optimizer.learning_rate.assign(rate)
        with tf.GradientTape() as tape:
            cost = loss(tf.gather(y, rows), predict(tf.gather(x, rows), mask))
            if run.step == "subgradient":
                cost += penalty()
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(cost, variables), variables, strict=True))
        if run.step == "proximal":
            # The threshold belongs to the size of the update, which the optimizer decides.
            size = rate + (t.momentum * size if optimizer is not plain and t.optimizer == "momentum" else 0.0)
            for i, layer in enumerate(layers):
                w, b = layer.get_weights()
                layer.set_weights([proximal_step(run, w, size * adam_factor(optimizer, 2 * i, step)), b])
        records.append(record())
    return records


def assert_same_trajectory(trajectory, replayed):
    assert list(trajectory.steps) == list(range(len(replayed)))
    for layer, w in enumerate(trajectory.kernels):
        np.testing.assert_allclose(w, [kernels[layer] for kernels, _, _, _ in replayed], **TOLERANCE)
    for layer, b in enumerate(trajectory.biases):
        np.testing.assert_allclose(b, [biases[layer] for _, biases, _, _ in replayed], **TOLERANCE)
    np.testing.assert_allclose(trajectory.loss, [loss for _, _, loss, _ in replayed], **TOLERANCE)
    np.testing.assert_allclose(trajectory.penalty, [penalty for *_, penalty in replayed], **TOLERANCE)


def test_keras_takes_the_same_path(subtests):
    trained = dict(zip(CASES, train(CASES.values()), strict=True))
    for case, run in CASES.items():
        with subtests.test(case):
            moved = np.abs(trained[case].kernels[0][-1] - trained[case].kernels[0][0]).max()

            assert moved > 0.01
            assert_same_trajectory(trained[case], replay(run))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_keras_fit_takes_the_same_path_with_a_smaller_last_batch(optimizer):
    decay = 0.1 if optimizer == "adamw" else 0.0
    ours = run(
        optimizer=optimizer,
        weight_decay=decay,
        batch_size=4,
        epochs=5,
        penalty=L2(),
        strength=0.1,
        activation="tanh",
    )
    data, (kernels, biases) = ours.draw(), ours.initial_weights()
    order = [row for row in ours.order()[:3].ravel() if row >= 0]
    widths = [*ours.network.hidden, 1]
    layers = [
        keras.layers.Dense(units, activation="tanh" if i < 2 else "linear", kernel_regularizer=regularizer(ours))
        for i, units in enumerate(widths)
    ]
    model = keras.Sequential([keras.Input((1,)), *layers])
    for layer, w, b in zip(layers, kernels, biases, strict=True):
        layer.set_weights([w, b])
    theirs = {
        "sgd": keras.optimizers.SGD(0.01),
        "momentum": keras.optimizers.SGD(0.01, momentum=0.9),
        "adam": keras.optimizers.Adam(0.01),
        "adamw": keras.optimizers.AdamW(0.01, weight_decay=decay),
    }
    model.compile(theirs[optimizer], "mae")

    model.fit(data.x_train[order], data.y_train[order], batch_size=4, epochs=5, shuffle=False, verbose=0)
    (trajectory,) = train([ours])

    assert len(order) == 10
    assert trajectory.steps[-1] == 15
    for layer, w, b in zip(layers, *trajectory.at(-1), strict=True):
        their_w, their_b = layer.get_weights()
        np.testing.assert_allclose(w, their_w, **TOLERANCE)
        np.testing.assert_allclose(b, their_b, **TOLERANCE)


def test_keras_stops_as_early_and_restores_the_same_weights():
    ours = run(
        data=Moons(samples=40, test_samples=10, noise=0.4),
        hidden=(8,),
        activation="tanh",
        loss="logistic",
        optimizer="adam",
        learning_rate=0.03,
        batch_size=5,
        epochs=40,
        early_stopping=3,
    )
    longer = replace(ours, training=replace(ours.training, early_stopping=39))
    data, (kernels, biases) = ours.draw(), ours.initial_weights()
    per_epoch = ours.training.batches(ours.training_samples)
    order = [row for row in ours.order()[:per_epoch].ravel() if row >= 0]
    layers = [keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    for layer, w, b in zip(layers, kernels, biases, strict=True):
        layer.set_weights([w, b])
    model.compile(keras.optimizers.Adam(0.03), LOSSES["logistic"])

    early = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    held_out = (data.x_validation, data.y_validation)
    history = model.fit(
        data.x_train[order],
        data.y_train[order],
        batch_size=5,
        epochs=40,
        shuffle=False,
        verbose=0,
        validation_data=held_out,
        callbacks=[early],
    )
    trajectory, to_the_end = train([ours, longer])

    assert len(held_out[0]) == 6
    assert len(order) == 24
    assert trajectory.stopped == len(history.history["loss"]) * per_epoch < ours.steps
    assert trajectory.restored == (early.best_epoch + 1) * per_epoch == trajectory.stopped - 3 * per_epoch
    assert to_the_end.stopped is None
    assert (to_the_end.kernels[0][-1] == to_the_end.kernels[0][to_the_end.steps == to_the_end.restored]).all()
    after = trajectory.steps >= trajectory.stopped
    for layer, w, b in zip(layers, trajectory.kernels, trajectory.biases, strict=True):
        their_w, their_b = layer.get_weights()
        np.testing.assert_allclose(w[-1], their_w, **TOLERANCE)
        np.testing.assert_allclose(b[-1], their_b, **TOLERANCE)
        assert (w[after] == w[trajectory.steps == trajectory.restored]).all()
    assert Trajectory.parse(trajectory.dump()).stopped == trajectory.stopped


def scaled(function):
    return lambda *given: function(*given) * 1.01


MUTATIONS = {
    "gradients of the layers below": lambda patch: patch.setattr(
        network.RunsLast, "dense_back", scaled(network.RunsLast.dense_back)
    ),
    "subgradient": lambda patch: patch.setattr(L1, "subgradient", scaled(L1.subgradient)),
    "learning rate": lambda patch: patch.setattr(Training, "rates", scaled(Training.rates)),
}
CHECKED = run(optimizer="momentum", penalty=L1(), strength=0.3, epochs=2)


def test_the_oracle_notices_one_per_cent(monkeypatch, subtests):
    # The momentum differs below so that every mutation compiles a program of its own; too little to be noticed.
    replayed = replay(CHECKED)
    assert_same_trajectory(train([CHECKED])[0], replayed)
    for i, (mutation, mutate) in enumerate(MUTATIONS.items()):
        unnoticeable = CHECKED.training.momentum + 1e-9 * (1 + i)
        with subtests.test(mutation), monkeypatch.context() as patch:
            mutate(patch)

            (trajectory,) = train([replace(CHECKED, training=replace(CHECKED.training, momentum=unnoticeable))])

            with pytest.raises(AssertionError, match="Not equal to tolerance"):
                assert_same_trajectory(trajectory, replayed)
