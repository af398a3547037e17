"""The method page: what it says about other programs is what those programs do."""

import re
from pathlib import Path

import numpy as np
import pytest

import reportgen
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm
from reportgen.experiment.file import parse, shipped, shipped_descriptions
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.sections.kinds.method import SEEDS, Method, in_keras, in_scikit_learn

ARMS = [Arm(name=f"arm-{i}", penalty=p, strength=0.3) for i, p in enumerate((L1(), L2(), ElasticNet(mix=0.25)))]


def tables(e):
    section = Method()
    return {table.name: table.rows for table in section.tables(e, section.findings(e, {}, None))}


def test_keras_adds_what_the_table_says_it_adds():
    import keras

    w = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for arm in ARMS:
        theirs = eval(f"keras.regularizers.{in_keras(arm)}", {"keras": keras})
        assert float(theirs(w)) == pytest.approx(arm.strength * arm.penalty.cost(w, np), rel=1e-6), arm.name


def test_the_model_of_scikit_learn_is_at_our_minimum():
    """No nudge of its weights lowers our cost: mean squared error plus the whole penalty."""
    from sklearn import linear_model

    data = SparseLinear(inputs=5, relevant=3, samples=40).draw(0)
    x, y = data.x_train, data.y_train[:, 0]
    rng = np.random.default_rng(1)
    nudges = rng.normal(size=(200, 5)) * rng.choice([1e-3, 1e-2, 1e-1], (200, 1))
    for arm in [Arm(name="none"), *ARMS]:
        model = eval(in_scikit_learn(arm, len(x)), vars(linear_model)).fit(x, y)

        def cost(w, arm=arm, model=model):
            return np.mean((x @ w + model.intercept_ - y) ** 2) + arm.strength * arm.penalty.cost(w[:, None], np)

        assert min(cost(model.coef_ + nudge) for nudge in nudges) >= cost(model.coef_) - 1e-6, arm.name


def test_settings_hold_what_the_file_says():
    for name in shipped_descriptions():
        e = parse(shipped(name))
        settings = dict(tables(e)["settings"])
        assert settings["runs.count"] == str(e.runs.count), name
        assert settings["training.epochs"] == str(e.training.epochs), name
        assert settings["network.hidden"] == str(list(e.network.hidden)), name


def test_every_stream_in_the_sources_is_in_the_table():
    """One that is missing from the table would be one that readers cannot draw."""
    sources = "\n".join(file.read_text("utf-8") for file in Path(reportgen.__file__).parent.rglob("*.py"))
    drawn = re.findall(r"default_rng\((\[.*?\]|\w+)\)", sources)
    # A seed has a name, or is that of the copy of a run.
    streams = {re.sub(r"[\w.]*(seed|nudge)(?=,)", "seed", stream) for stream in drawn}
    states = set(re.findall(r"(random_state=\w+)", sources)) | set(re.findall(r"kmeans2\(.*(seed=\w+)\)", sources))

    assert len(drawn) == sources.count("default_rng(")
    assert streams | states == {stream for _, _, stream in SEEDS}
