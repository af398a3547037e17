"""The code that the article shows is run here, and does what the trainer behind the figures does."""

import importlib
import pkgutil
import re

import pytest

from reportgen.penalties.l1 import L1
from reportgen.sections import snippets
from reportgen.store.keys import template_folder


def snippet(name):
    return importlib.import_module(f"reportgen.sections.snippets.{name}")


def test_every_snippet_is_shown_and_every_one_shown_exists():
    text = (template_folder() / "sections" / "implementation.html").read_text("utf-8")
    names = [module.name for module in pkgutil.iter_modules(snippets.__path__)]

    assert sorted(re.findall(r'm\.code\("(\w+)"', text)) == sorted(names)


@pytest.mark.parametrize("module", ["plain_tensorflow", "proximal_step"])
def test_the_steps_by_hand_are_those_of_the_trainer(module):
    import keras
    import tensorflow as tf

    from reportgen.training.compiled import train
    from reportgen.training.run import Recording, Run, Training

    step = {"plain_tensorflow": "subgradient", "proximal_step": "proximal"}[module]
    by_hand = getattr(snippet(module), f"{step}_step")
    run = Run(penalty=L1(), strength=0.3, step=step, training=Training(epochs=1), recording=Recording(every=10))
    model = keras.Sequential([keras.layers.Dense(units) for units in (10, 10, 10, 1)])
    model.build((None, 1))
    model.set_weights([array for pair in zip(*run.initial_weights(), strict=True) for array in pair])
    data = run.draw()

    for rows in run.order():
        x, y = (tf.constant(values[rows], tf.float32) for values in (data.x_train, data.y_train))
        by_hand(model, x, y, 0.3, 0.01)

    (trained,) = train([run])
    for layer, kernel in zip(model.layers, trained.at(-1)[0], strict=True):
        assert layer.kernel.numpy() == pytest.approx(kernel, rel=1e-3, abs=1e-5)
