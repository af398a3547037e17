"""What the section gives to the script in the page."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from penalties.examples.log_sum import LogSum

from reportgen.datasets.line import Line
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm, Experiment
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.sections.kinds.live import Live, _data, _run, _start_settings, _task, penalties_in_page
from reportgen.store.keys import template_folder
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Training

L1_ARM = Arm(name="l1", penalty=L1(), strength=0.3)
QUICK = Experiment(arms=(Arm(name="none"), L1_ARM), training=Training(epochs=4))


def changed(**changes: Any) -> Experiment:
    return dataclasses.replace(QUICK, **changes)


def findings(e: Experiment) -> dict[str, Any]:
    section = Live()
    runs = list(section.runs(e))
    return section.findings(e, dict(zip(runs, train(runs), strict=True)), None)


def test_samples_can_be_made_for_every_size_of_outliers() -> None:
    for data in (Line(), Line(clean_test=True), Line(outliers=3, noise=0.5, slope=-1.0)):
        e = changed(data=data)
        given = _data(_run(e, _start_settings(e)))
        for size in (0.0, 10.0, 33.0):
            drawn = dataclasses.replace(data, outlier_size=size).draw(0)
            for side, y in (("train", drawn.y_train), ("test", drawn.y_test)):
                made = [c + lift * size for c, lift in zip(given[side]["clean"], given[side]["lift"], strict=True)]
                assert made == y[:, 0].tolist(), (data, size, side)
        assert given["train"]["outlier"] == drawn.outlier_train.tolist()


def test_initial_weights_and_order_arrive_unchanged() -> None:
    run = _run(QUICK, _start_settings(QUICK))
    task = _task(run, 0.5)
    flat = np.concatenate([part.ravel() for layer in zip(*run.initial_weights(), strict=True) for part in layer])

    assert np.array_equal(np.array(task["weights"], np.float32), flat)
    assert np.array_equal(np.tile(task["order"], run.training.epochs), run.order()[:, 0])


def test_what_the_page_cannot_train_is_not_trained() -> None:
    for changes, curve, inputs in [
        ({"data": SparseLinear()}, False, "50 inputs"),
        ({"network": Network(hidden=(200, 200))}, True, "1 input"),
    ]:
        e = changed(**changes)
        assert list(Live().runs(e)) == []
        found = Live().findings(e, {}, None)
        assert found == {"possible": False, "curve": curve, "inputs": inputs, "outputs": "1 output"}


def test_the_page_names_the_penalties_that_its_trainer_knows() -> None:
    source = (template_folder() / "static" / "train.js").read_text("utf-8")
    block = source.partition("const PENALTIES = {\n")[2].partition("\n  };")[0]

    assert list(penalties_in_page()) == re.findall(r"^    (\w+): ", block, re.MULTILINE)


def test_a_penalty_that_the_page_cannot_train_is_absent_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(penalties._known, "log_sum", LogSum)
    arms = (Arm(name="mine", penalty=LogSum(), strength=0.1, step="proximal"), Arm(name="none"))
    found = findings(dataclasses.replace(QUICK, arms=arms))

    assert "log_sum" not in found["penalties"]
    assert found["arm"] == "none"


def test_what_a_penalty_does_to_a_run_does_not_depend_on_its_company() -> None:
    """To the last bit, because near a kink that bit decides: else the page would end elsewhere than the article."""
    e = changed(training=Training())
    alone = _run(e, _start_settings(e))
    others = [dataclasses.replace(alone, init_seed=1, training=Training(loss="huber", learning_rate=0.003))]

    (first,), (second, _) = train([alone]), train([alone, *others])
    third = train(list(Live().runs(e)))[0]

    for other in (second, third):
        assert all(np.array_equal(a, b) for a, b in zip(first.kernels, other.kernels, strict=True))
