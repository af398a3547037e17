"""The code that the article shows is run here, and does what the trainer behind the figures does."""

import importlib
import pkgutil

import numpy as np
import pytest

import reportgen.article.snippets as snippets
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2

NAMES = [module.name for module in pkgutil.iter_modules(snippets.__path__)]


def test_every_snippet_is_shown_and_every_one_shown_exists():
    import re

    from reportgen.sources import template_folder

    text = (template_folder() / "sections" / "implementation.html").read_text("utf-8")
    assert sorted(re.findall(r'm\.code\("(\w+)"', text)) == sorted(NAMES)


@pytest.fixture(scope="module", params=NAMES)
def snippet(request):
    return request.param, importlib.import_module(f"reportgen.article.snippets.{request.param}")


def test_the_keras_network_has_the_regularizer_of_its_comment():
    keras_today = importlib.import_module("reportgen.article.snippets.keras_today")
    model = keras_today.model
    model.build((None, 1))
    kernels = [layer.kernel.numpy() for layer in model.layers]

    assert [kernel.shape for kernel in kernels] == [(1, 10), (10, 10), (10, 10), (10, 1)]
    ours = 0.3 * sum(L2().cost(kernel, np) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(ours, rel=1e-5)


@pytest.mark.parametrize(
    ("module", "function", "step"),
    [("plain_tensorflow", "subgradient_step", "subgradient"), ("proximal_step", "proximal_step", "proximal")],
)
def test_the_steps_by_hand_are_those_of_the_trainer(module, function, step):
    import keras
    import tensorflow as tf

    from reportgen.run import Recording, Run, Training
    from reportgen.training import train

    by_hand = getattr(importlib.import_module(f"reportgen.article.snippets.{module}"), function)
    run = Run(penalty=L1(), strength=0.3, step=step, training=Training(epochs=1), recording=Recording(every=10))
    model = keras.Sequential([keras.layers.Dense(units) for units in (10, 10, 10, 1)])
    model.build((None, 1))
    kernels, biases = run.initial_weights()
    model.set_weights([array for pair in zip(kernels, biases, strict=True) for array in pair])
    data = run.draw()

    for rows in run.order():
        by_hand(
            model, tf.constant(data.x_train[rows], tf.float32), tf.constant(data.y_train[rows], tf.float32), 0.3, 0.01
        )

    (trained,) = train([run])
    for layer, kernel in zip(model.layers, trained.at(-1)[0], strict=True):
        assert layer.kernel.numpy() == pytest.approx(kernel, rel=1e-3, abs=1e-5)
