"""Penalties that are not convex, from training to picture."""

import dataclasses

import html5lib
import numpy as np
from penalties.examples.log_sum import LogSum
from penalties.examples.mcp import MCP
from penalties.examples.scad import SCAD

import reportgen
from reportgen.datasets.line import Line
from reportgen.experiment import Arm, Comparison, Experiment, Runs, Sweep
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.pictures import style
from reportgen.pictures.stills import figures
from reportgen.sections.helpers import arm_styles
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

EXAMPLES = (SCAD(), MCP(), LogSum())
STEPS = ("subgradient", "proximal")


def example_run(penalty, step):
    return Run(
        data=Line(samples=24),
        network=Network(hidden=(4,), activation="tanh"),
        training=Training(epochs=2, learning_rate=0.03, loss="squared"),
        penalty=penalty,
        strength=0.2,
        step=step,
        recording=Recording(every=1),
    )


def by_hand(run):
    """The last kernels of a run whose every step NumPy takes."""
    data = run.draw()
    kernels, biases = ([part.astype(np.float64) for part in parts] for parts in run.initial_weights())
    rate, λ = run.training.learning_rate, run.strength
    for row in run.order().reshape(-1):
        x, y = data.x_train[row : row + 1], data.y_train[row : row + 1]
        hidden = np.tanh(x @ kernels[0] + biases[0])
        delta = 2 * (hidden @ kernels[1] + biases[1] - y)
        back = (delta @ kernels[1].T) * (1 - hidden**2)
        gradients = [x.T @ back, hidden.T @ delta]
        if run.step == "subgradient":
            gradients = [g + λ * run.penalty.subgradient(w, np) for g, w in zip(gradients, kernels, strict=True)]
        kernels = [w - rate * g for w, g in zip(kernels, gradients, strict=True)]
        biases = [b - rate * d[0] for b, d in zip(biases, (back, delta), strict=True)]
        if run.step == "proximal":
            kernels = [run.penalty.prox(w, rate * λ, np) for w in kernels]
    return kernels


def test_they_are_trained_by_both_kinds_of_step_as_numpy_trains_them():
    runs = [example_run(penalty, step) for penalty in EXAMPLES for step in STEPS]

    for run, t in zip(runs, train(runs), strict=True):
        for found, expected in zip(t.at(-1)[0], by_hand(run), strict=True):
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4, err_msg=f"{run.penalty} {run.step}")


def test_they_are_drawn():
    with style.look():
        drawn = figures["penalty_curves"](shown=(L1(), *EXAMPLES))
        drawn.canvas.draw()

    texts = {text.get_text() for axes in drawn.axes for text in axes.texts} | {
        axes.get_title("left") for axes in drawn.axes
    }
    texts |= {text.get_text() for legend in drawn.legends for text in legend.get_texts()}
    assert {penalty.title for penalty in EXAMPLES} <= texts


def test_their_arms_have_colors_of_their_own():
    arms = [Arm(name="none"), Arm(name="l1", penalty=L1(), strength=0.3), Arm(name="s", penalty=SCAD(), strength=0.3)]
    e = Experiment(arms=tuple(arms), runs=Runs(count=1))

    assert arm_styles(e) == {"none": 0, "l1": L1.look(arms[1].step).arm, "s": SCAD.look().arm}
    assert arm_styles(
        dataclasses.replace(e, arms=(*arms, Arm(name="t", penalty=SCAD(), strength=0.1)))
    ) == dict.fromkeys(("none", "l1", "s", "t"))


def article(folder, *arms, hidden=(4,)):
    """The text of an article with these arms, trained and swept in this process."""
    e = Experiment(
        data=Line(samples=24),
        network=Network(hidden=hidden),
        training=Training(epochs=2),
        runs=Runs(count=2),
        comparison=Comparison(resamples=100),
        arms=arms,
        sections=("penalties", "errors", "landscape", "method"),
        sweep=Sweep(arm=arms[0].name, strengths=(0.0, 0.3), learning_rates=(0.01, 0.03), count=2),
    )
    reportgen.build(e, folder / "out", cache=folder / "cache", executor="serial")
    return " ".join(" ".join(html5lib.parse((folder / "out" / "index.html").read_text("utf-8")).itertext()).split())


def test_an_article_has_a_penalty_of_ones_own_and_says_that_it_is_not_convex(tmp_path, monkeypatch):
    monkeypatch.setitem(penalties._known, "scad", SCAD)

    text = article(tmp_path, Arm(name="mine", penalty=SCAD(), strength=0.3, step="proximal"), Arm(name="none"))

    assert "SCAD : L1 up to `knee`, from there ever flatter" in text
    assert "It is not convex, so minimizing loss plus penalty is not the same" in text
    assert "That cost is not convex. It may have several minima" in text
    assert "0.3 · SCAD" in text


def test_a_linear_model_with_convex_penalties_has_a_convex_cost(tmp_path):
    text = article(tmp_path, Arm(name="l1", penalty=L1(), strength=0.3), Arm(name="none"), hidden=())

    assert "So both kinds of step lower the same cost" in text
    assert "That cost is not convex" not in text
