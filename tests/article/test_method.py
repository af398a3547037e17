"""The method page: what it says about other programs is what those programs do."""

from pathlib import Path

import numpy as np
import pytest

import reportgen
from reportgen.article.sections.method import LIBRARIES, SEEDS, Method, in_keras, in_scikit_learn
from reportgen.datasets.diabetes import Diabetes
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm, Experiment
from reportgen.experiment.file import on_offer, parse, shipped
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sources import template_folder

ARMS = [
    Arm(name="l1", penalty=L1(), strength=0.3),
    Arm(name="l2", penalty=L2(), strength=0.3),
    Arm(name="en", penalty=ElasticNet(mix=0.25), strength=0.3),
]
W = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def tables(e):
    section = Method()
    return {table.name: table for table in section.tables(e, section.findings(e, {}, None))}


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_keras_adds_what_the_table_says_it_adds(arm):
    import keras

    theirs = eval(f"keras.regularizers.{in_keras(arm)}", {"keras": keras})

    assert float(theirs(W)) == pytest.approx(arm.strength * arm.penalty.cost(W, np), rel=1e-6)


@pytest.mark.parametrize("arm", [Arm(name="none"), *ARMS], ids=lambda arm: arm.name)
def test_the_model_of_scikit_learn_is_at_our_minimum(arm):
    """No nudge of its weights lowers our cost: mean squared error plus the whole penalty."""
    from sklearn import linear_model

    data = SparseLinear(inputs=5, relevant=3, samples=40).draw(0)
    x, y = data.x_train, data.y_train[:, 0]
    model = eval(in_scikit_learn(arm, len(x)), vars(linear_model)).fit(x, y)

    def cost(w):
        w = w[:, None]
        return np.mean((x @ w[:, 0] + model.intercept_ - y) ** 2) + arm.strength * arm.penalty.cost(w, np)

    rng = np.random.default_rng(1)
    nudges = rng.normal(size=(200, 5)) * rng.choice([1e-3, 1e-2, 1e-1], (200, 1))
    assert min(cost(model.coef_ + nudge) for nudge in nudges) >= cost(model.coef_) - 1e-6


def test_what_neither_library_has_is_left_blank():
    e = Experiment(arms=(Arm(name="group", penalty=GroupLasso(), strength=0.3),))

    assert tables(e)["translations"].rows == (("group", "0.3 · Σ √|g|·‖w_g‖", "–", "–"),)


@pytest.mark.parametrize("name", on_offer())
def test_settings_hold_what_the_file_says(name):
    e = parse(shipped(name))
    settings = dict(tables(e)["settings"].rows)

    assert settings["runs.count"] == str(e.runs.count)
    assert settings["training.epochs"] == str(e.training.epochs)
    assert settings["data.fresh"] == str(e.fresh_data).lower()
    assert settings["network.hidden"] == str(list(e.network.hidden))
    assert not any("kind" in key for key in settings)


def test_settings_change_with_the_experiment():
    one, other = (tables(Experiment(data=d))["settings"].rows for d in (SparseLinear(), Diabetes()))

    assert ("data.name", '"sparse_linear"') in one
    assert ("data.test_samples", "110") in other


def test_versions_name_all_that_numbers_come_from():
    import numpy
    import sklearn

    versions = dict(tables(Experiment())["versions"].rows)

    assert versions["numpy"] == numpy.__version__
    assert versions["scikit-learn"] == sklearn.__version__
    assert set(LIBRARIES) | {"reportgen", "Python", "machine"} == set(versions)


def test_every_stream_in_the_sources_is_in_the_table():
    """A stream is a number beside a seed; one that is missing from the table would be one that readers cannot draw."""
    import re

    package = Path(reportgen.__file__).parent
    sources = "\n".join(file.read_text("utf-8") for file in package.rglob("*.py"))
    used = set(re.findall(r"default_rng\(\[\w*\.?\w*seed, (\d)\]\)", sources))

    assert used == {stream[-2] for _, _, stream in SEEDS}


def test_the_post_is_spoken_of_only_where_its_data_are():
    section = Method()

    assert section.findings(Experiment(), {}, None)["replica"]
    assert not section.findings(Experiment(data=Diabetes()), {}, None)["replica"]


def test_nothing_about_how_busy_the_machine_was_is_on_the_page():
    text = (template_folder() / "sections" / "method.html").read_text("utf-8")
    findings = Method().findings(Experiment(), {}, None)

    assert not {"cpus", "hostname", "date", "seconds"} & set(findings)
    assert "now()" not in text
