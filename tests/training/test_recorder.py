"""Recording models of other people's: what Keras holds while it trains is what the trajectory says."""

import keras
import numpy as np
import pytest
from reportgen.recorder import WeightRecorder
from reportgen.trajectory import Trajectory

from reportgen.errors import DataError, ExperimentError, MachineError

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


def test_it_survives_the_file(tmp_path):
    recorder = fit(dense(), WeightRecorder(every=4))
    recorder.save(tmp_path / "mine.trajectory")
    loaded = Trajectory.load(tmp_path / "mine.trajectory")

    assert loaded.dump() == recorder.trajectory.dump()
    assert loaded.layers == ("hidden", "out")
    with pytest.raises(DataError) as error:
        loaded.run  # noqa: B018  # asking is the test
    assert str(error.value) == "a trajectory that was recorded from another model knows its weights, not its data"


def test_a_second_fit_is_counted_on():
    model, recorder = dense(), WeightRecorder(every=6)
    fit(model, recorder, epochs=1)
    fit(model, recorder, epochs=2, initial_epoch=1)

    assert recorder.trajectory.steps.tolist() == [0, 6, 12]


def test_steps_that_keras_takes_at_once_are_recorded_once():
    recorder = fit(dense(steps_per_execution=3), WeightRecorder(every=2))

    assert recorder.trajectory.steps.tolist() == [0, 3, 6, 9, 12]


def test_only_the_layers_asked_for():
    recorder = fit(dense(), WeightRecorder(layers=["out"]))

    assert recorder.trajectory.layers == ("out",)
    assert recorder.trajectory.kernels[0].shape == (2, 4, 1)


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


def test_nothing_recorded_is_told():
    with pytest.raises(DataError, match=r"^nothing has been recorded: pass the recorder to model\.fit\("):
        WeightRecorder().trajectory  # noqa: B018  # asking is the test


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0}, "every must be a whole number of at least 1, got 0"),
        ({"every": 2.5}, "every must be a whole number of at least 1, got 2.5"),
        ({"layers": "out"}, "layers must be a list of names, got the text 'out'"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(ExperimentError) as error:
        WeightRecorder(**settings)
    assert str(error.value) == message


def test_a_layer_that_is_not_there_is_told_before_the_first_step():
    model = dense()
    before = model.get_weights()
    with pytest.raises(ExperimentError) as error:
        fit(model, WeightRecorder(layers=["hiden"]))

    assert str(error.value) == (
        "the model has no layer 'hiden' with weights to record. Did you mean 'hidden'? Known: hidden, out."
    )
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_model_without_weights_is_told():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5)])
    model.compile("sgd", "mse")
    with pytest.raises(ExperimentError, match=r"^the model has no weights to record$"):
        fit(model, WeightRecorder(), y=X)


def test_a_recorder_does_not_mix_models():
    recorder = fit(dense(), WeightRecorder())
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(ExperimentError) as error:
        fit(other, recorder)
    assert str(error.value) == "a recorder records one model: make another WeightRecorder for this one"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    recorder = fit(dense(), WeightRecorder())
    with pytest.raises(MachineError, match=r"^cannot write trajectory .*No such file or directory$"):
        recorder.save(tmp_path / "none" / "t")
