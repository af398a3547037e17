"""What sections say about data whose targets are classes."""

import dataclasses
import random
from functools import cache, partial

import numpy as np
import pytest
from sections.test_any_experiment import World, invented, made_report, running_text
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from reportgen.datasets.digits import Digits
from reportgen.datasets.moons import Moons
from reportgen.experiment import Arm, Comparison, Experiment, Runs
from reportgen.page.article import render
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.statistics.class_areas import class_indices, class_probabilities
from reportgen.statistics.total_error import mean_measures, total_error
from reportgen.training.network import Network
from reportgen.training.run import Recording, Training

ARMS = (
    Arm(name="free"),
    Arm(name="lasso", penalty=L1(), strength=0.01, step="proximal"),
    Arm(name="ridge", penalty=L2(), strength=0.01),
    Arm(name="early", early_stopping=2),
    Arm(name="tiny", hidden=(2,), optimizer="adamw", weight_decay=0.1),
)
MOONS = Experiment(
    data=Moons(),
    network=Network(hidden=(4, 4), activation="relu"),
    training=Training(loss="logistic", batch_size=16, epochs=3),
    recording=Recording(every=5),
    runs=Runs(count=6),
    comparison=Comparison(resamples=200),
    arms=ARMS,
)
DIGITS = dataclasses.replace(
    MOONS, data=Digits(), network=Network(hidden=(4,)), training=Training(loss="softmax", batch_size=64, epochs=1)
)
EVERY = {"moons": MOONS, "digits": DIGITS}


@cache
def page_of(name, sections):
    e = dataclasses.replace(EVERY[name], sections=sections)
    return running_text(render(made_report(e, partial(invented, World(random.Random(5)))), single_file=False))


@pytest.mark.parametrize("e", EVERY.values(), ids=EVERY)
def test_errors_are_those_of_scikit_learn(e):
    t = World(random.Random(5)).trajectory(e.run(0))
    data, chances = t.run.draw(), class_probabilities(t, t.run.draw().x_test)
    labels, classes = class_indices(data.y_test), range(len(data.classes))
    told = mean_measures(t)

    assert total_error(t) == pytest.approx(log_loss(labels, chances, normalize=False, labels=classes), rel=1e-4)
    assert told["log-loss"] == pytest.approx(total_error(t) / len(labels))
    assert told["error rate"] == pytest.approx(1 - accuracy_score(labels, chances.argmax(axis=1)))
    if len(data.classes) == 2:
        assert told["Brier score"] == pytest.approx(brier_score_loss(labels, chances[:, 1]), rel=1e-4)


def test_the_margin_is_a_tenth_of_a_nat_for_each_test_sample_of_two_equal_classes():
    balance = MOONS.run(0).draw().y_train.mean()
    assert MOONS.margin == pytest.approx(0.2 * np.sqrt(balance * (1 - balance)) * 100)
    assert MOONS.margin == pytest.approx(10, rel=0.01)
    assert pytest.approx(0.06 * 450, rel=0.01) == DIGITS.margin


@pytest.mark.parametrize("name", EVERY)
def test_the_article_tells_of_classes_and_not_of_residuals(name):
    page = page_of(name, ("experiment", "errors", "motion", "method"))

    assert "log-loss, −ln of the probability given to the sample's class, in nats" in page
    assert "the error rate on the test samples is" in page
    assert "|prediction − target|" not in page
    assert "outlier" not in page
    assert ("The likelier class over the plane of the inputs" in page) == (name == "moons")
    assert ("another split of the same collected samples" in page) == (name == "digits")
    assert "in the settings that Table" in page


@pytest.mark.parametrize("name", EVERY)
def test_sections_about_layers_leave_other_networks_out_and_say_so(name):
    for section in ("sparsity", "adjusted"):
        assert "The arm “tiny” has a network of another size, and is left out here." in page_of(name, (section,))


def test_tables_have_the_settings_of_arms_and_the_measures():
    e = dataclasses.replace(MOONS, sections=("experiment", "errors"))
    tables = made_report(e, partial(invented, World(random.Random(5)))).tables
    arms, measures, samples = (tables[name] for name in ("arms", "measures", "samples"))

    assert [row[-1] for row in arms.rows] == [
        *["–"] * 3,
        "early stopping with a patience of 2 epochs",
        "hidden layer of 2 units, optimizer AdamW, weight decay 0.1",
    ]
    assert [column.label for column in measures.columns] == ["arm", "log-loss", "error rate", "Brier score"]
    assert [column.label for column in samples.columns] == ["x1", "x2", "y", "part"]
