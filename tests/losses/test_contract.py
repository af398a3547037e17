"""What every registered loss promises: it is Keras' loss, finite for huge outputs, with scikit-learn's measures."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import brier_score_loss, log_loss

from reportgen.errors import ExperimentError
from reportgen.experiment.file import parse, schema
from reportgen.losses import fitting, losses, names_in_order
from reportgen.training.compiled import _XP

RNG = np.random.default_rng(4)
SAMPLES = 7
OUTPUTS = RNG.normal(scale=2.0, size=(SAMPLES, 3)).astype(np.float32)
TARGETS = {
    "regression": RNG.normal(size=(SAMPLES, 3)).astype(np.float32),
    "binary": RNG.integers(0, 2, (SAMPLES, 3)).astype(np.float32),
    "classes": np.eye(3, dtype=np.float32)[RNG.integers(0, 3, SAMPLES)],
}
HUGE = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [0.0, 0.0, 0.0]], np.float32)


@pytest.fixture(params=names_in_order())
def loss(request):
    return losses[request.param]()


def targets_of(loss):
    return TARGETS[loss.tasks[0]]


def test_it_is_the_loss_of_keras_with_its_gradient(loss):
    theirs, targets = getattr(keras.losses, loss.in_keras.partition("(")[0]), targets_of(loss)
    options = eval(f"dict{loss.in_keras.removeprefix(theirs.__name__)}")  # our own text
    with tf.GradientTape() as tape:
        outputs = tf.Variable(OUTPUTS)
        value = theirs(**options)(targets, outputs)

    np.testing.assert_allclose(loss.value(OUTPUTS, targets, np).mean(), value, rtol=1e-5)
    np.testing.assert_allclose(
        loss.derivative(OUTPUTS, targets, np) / OUTPUTS.size, tape.gradient(value, outputs), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("part", ["value", "derivative", "prediction"])
def test_training_computes_the_same_along_any_axis(loss, part):
    given = [OUTPUTS] if part == "prediction" else [OUTPUTS, targets_of(loss)]
    turned = [tf.constant(np.stack([array, array[::-1]]).transpose(1, 2, 0)) for array in given]

    ours, inside = getattr(loss, part)(*given, np), getattr(loss, part)(*turned, _XP, 1).numpy()

    np.testing.assert_allclose(inside[..., 0], ours, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inside[::-1, :, 1], ours, rtol=1e-5, atol=1e-6)


def test_huge_outputs_give_finite_losses_without_a_warning(loss):
    targets = np.eye(3, dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        for part in (loss.value, loss.derivative):
            assert np.isfinite(part(HUGE, targets, np)).all()
        for measure in loss.measures:
            assert np.isfinite(measure.of(HUGE, targets)).all()


@pytest.mark.parametrize("task", ["binary", "classes"])
def test_measures_of_classes_are_those_of_scikit_learn(task):
    (name,) = fitting(task)
    loss = losses[name]()
    outputs, targets = (OUTPUTS[:, :1], TARGETS[task][:, :1]) if task == "binary" else (OUTPUTS, TARGETS[task])
    labels = targets[:, 0] if task == "binary" else targets.argmax(axis=1)
    found = {measure.title: float(measure.of(outputs, targets).mean()) for measure in loss.measures}
    probabilities = loss.prediction(outputs.astype(np.float64), np)
    both = np.hstack([1 - probabilities, probabilities]) if task == "binary" else probabilities
    options = {} if task == "binary" else {"scale_by_half": False}

    assert found == {
        "log-loss": pytest.approx(log_loss(labels, both), rel=1e-5),
        "error rate": pytest.approx((both.argmax(axis=1) != labels).mean()),
        "Brier score": pytest.approx(
            brier_score_loss(labels, both[:, 1] if task == "binary" else both, labels=range(both.shape[1]), **options)
            if task == "classes"
            else brier_score_loss(labels, both[:, 1])
        ),
    }
    assert loss.errors(outputs, targets).mean() == pytest.approx(found["log-loss"])


def test_every_kind_of_target_has_a_loss_and_the_schema_lists_all():
    assert all(fitting(task) for task in TARGETS)
    assert schema()["$defs"]["Training"]["properties"]["loss"]["enum"] == list(names_in_order())


@pytest.mark.parametrize(
    ("data", "loss", "told"),
    [
        ("moons", "absolute", '"logistic" with the data set "moons", whose targets are 0 and 1 for two classes'),
        ("digits", "logistic", '"softmax" with the data set "digits", whose targets are one-hot columns for classes'),
        ("diabetes", "softmax", '"absolute" or "squared" or "huber" with the data set "diabetes", whose targets are'),
        ("moons", "logstic", "one of 'absolute', 'squared', 'huber', 'logistic' or 'softmax', got 'logstic'. Did you"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(data, loss, told):
    text = f'sections = ["errors"]\n[data]\nname = "{data}"\n[training]\nloss = "{loss}"\n[[arms]]\nname = "a"\n'
    with pytest.raises(ExperimentError) as refusal:
        parse(f'{text}penalty = "none"', "mine.toml")

    assert told in str(refusal.value)
    assert str(refusal.value).startswith("mine.toml:5:1: ")
