"""Recording models of other people's: what Keras holds while it trains is what the trajectory says."""

import keras
import numpy as np
import pytest

from reportgen.errors import DataError, ExperimentError, MachineError
from reportgen.training.recorder import WeightRecorder

X = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def dense(**compiled):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="hidden"), keras.layers.Dense(1, name="out")]
    )
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def fit(model, recorder, epochs=2, x=X, y=Y, **options):
    model.fit(x, y, batch_size=8, epochs=epochs, verbose=0, shuffle=False, callbacks=[recorder], **options)
    return recorder


class Snoop(keras.callbacks.Callback):
    """All weights after every step, by the plainest means."""

    def on_train_begin(self, logs=None):
        self.seen = [self.model.get_weights()]

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(self.model.get_weights())


def test_what_is_recorded_is_what_the_model_held():
    recorder, snoop = WeightRecorder(every=5), Snoop()
    dense().fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[recorder, snoop])
    t = recorder.trajectory

    assert t.steps.tolist() == [0, 5, 10, 12]  # the last step always
    assert t.layers == ("hidden", "out")
    assert t.source is None
    assert t.diverged is None
    for record, step in enumerate(t.steps):
        kernels, biases = t.at(record)
        for mine, theirs in zip([kernels[0], biases[0], kernels[1], biases[1]], snoop.seen[step], strict=True):
            np.testing.assert_array_equal(mine, theirs, strict=True)


def test_steps_are_counted_over_fits_and_calls():
    model, recorder = dense(), WeightRecorder(every=6, layers=["out"])
    fit(model, recorder, epochs=1)
    fit(model, recorder, epochs=2, initial_epoch=1)
    at_once = fit(dense(steps_per_execution=3), WeightRecorder(every=2))

    assert recorder.trajectory.steps.tolist() == [0, 6, 12]
    assert recorder.trajectory.layers == ("out",)
    assert recorder.trajectory.kernels[0].shape == (3, 4, 1)
    assert at_once.trajectory.steps.tolist() == [0, 3, 6, 9, 12]


def test_every_kind_of_layer():
    inner = keras.Sequential(
        [keras.Input((6, 4)), keras.layers.Conv1D(5, 3, name="conv", use_bias=False)], name="inner"
    )
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Embedding(10, 4, name="words"),
            inner,
            keras.layers.LayerNormalization(name="norm"),
            keras.layers.SimpleRNN(2, name="rnn"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.compile("sgd", "mse")
    x = np.arange(48).reshape(8, 6) % 10
    t = fit(model, WeightRecorder(), x=x, y=x[:, :1]).trajectory
    shapes = {name: w.shape[1:] for name, w in zip(t.layers, t.kernels, strict=True)}

    assert shapes == {
        "words embeddings": (10, 4),
        "inner/conv": (3, 4, 5),
        "rnn/simple_rnn_cell": (5, 2),
        "rnn/simple_rnn_cell recurrent_kernel": (2, 2),
        "out": (2, 1),
    }
    assert [b.shape[1] for b in t.biases] == [0, 0, 2, 0, 1]
    named = fit(model, WeightRecorder(layers=["conv", "rnn"]), x=x, y=x[:, :1]).trajectory
    assert named.layers == ("inner/conv", "rnn/simple_rnn_cell", "rnn/simple_rnn_cell recurrent_kernel")


def test_a_training_that_diverges_ends_before_it():
    recorder = fit(dense(optimizer=keras.optimizers.SGD(1e12)), WeightRecorder(every=1), epochs=8)
    t = recorder.trajectory

    assert t.diverged == t.steps[-1] + 1
    assert all(np.isfinite(w).all() for w in (*t.kernels, *t.biases))


def test_what_cannot_be_recorded_is_told_before_the_first_step(tmp_path, messages):
    model, told = dense(), {}
    before = model.get_weights()
    with pytest.raises(ExperimentError) as caught:
        fit(model, WeightRecorder(layers=["hiden"]))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    told["a layer that is not there"] = caught.value

    bare = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5)])
    bare.compile("sgd", "mse")
    with pytest.raises(ExperimentError) as caught:
        fit(bare, WeightRecorder(), y=X)
    told["a model without weights"] = caught.value

    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile("sgd", "mse")
    recorder = fit(model, WeightRecorder())
    with pytest.raises(ExperimentError) as caught:
        fit(other, recorder)
    told["another model"] = caught.value

    with pytest.raises(DataError) as caught:
        WeightRecorder().trajectory  # noqa: B018  # asking is the test
    told["nothing"] = caught.value
    with pytest.raises(MachineError) as caught:
        recorder.save(tmp_path / "none" / "t")
    told["a folder that is not there"] = caught.value
    messages(**told)
