"""What the section gives to the script in the page."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import html5lib
import numpy as np
import pytest
from penalties.examples.log_sum import LogSum
from reports import section

from reportgen.datasets.line import Line
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.datasets.wave import Wave
from reportgen.experiment import Arm, Experiment
from reportgen.page.article import render
from reportgen.page.report import Report
from reportgen.penalties import penalties
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.sections.claims import decide
from reportgen.sections.kinds.live import (
    STRENGTHS,
    WORK,
    Live,
    _data,
    _epoch_count,
    _run,
    _start_settings,
    _task,
    penalties_in_page,
)
from reportgen.store.keys import template_folder
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Training
from reportgen.values import json_value

L1_ARM = Arm(name="l1", penalty=L1(), strength=0.3)
QUICK = Experiment(arms=(Arm(name="none"), L1_ARM), training=Training(epochs=4))


def changed(**changes: Any) -> Experiment:
    return dataclasses.replace(QUICK, **changes)


def findings(e: Experiment) -> dict[str, Any]:
    section = Live()
    runs = list(section.runs(e))
    return section.findings(e, dict(zip(runs, train(runs), strict=True)), None)


def text_of(e: Experiment) -> str:
    """The text of the section, with the page around it."""
    f = findings(e)
    claims = tuple(decide(claim, "live", json_value(f), e) for claim in Live.claims)
    live = section("live", title=Live.title, findings=f, claims=claims)
    report = Report(experiment=e, sections=(live,), media={}, tables={})
    main = html5lib.parse(render(report, single_file=True), namespaceHTMLElements=False).find(".//main")
    return " ".join("".join(main.itertext()).split())


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


def test_it_starts_with_the_first_arm_that_has_a_penalty() -> None:
    settings = {"penalty": "l1", "strength": 0.3, "step": "subgradient", "loss": "absolute", "rate": 0.01, "size": 10.0}

    assert _start_settings(QUICK) == settings
    assert findings(QUICK)["same"]


def test_every_setting_that_is_named_has_a_place_on_its_slider() -> None:
    odd = changed(
        data=Line(outlier_size=12.34),
        arms=(Arm(name="en", penalty=ElasticNet(mix=0.25), strength=0.123, step="proximal"),),
        training=Training(epochs=2, learning_rate=0.0123),
    )
    found = findings(odd)

    for settings in (found["start"], *(t["settings"] for t in found["tried"].values())):
        for name, stops in found["stops"].items():
            assert settings[name] in stops
            assert stops == sorted(set(stops))
    assert found["task"]["mix"] == 0.25
    assert {t["settings"]["strength"] for t in found["tried"].values()} == {0.123, *(s for s in STRENGTHS if s > 0.123)}
    without = findings(changed(data=Line(outliers=0)))
    assert without["start"]["size"] is without["data"]["train"]["lift"] is None, "no outliers have no size"
    assert "size" not in without["stops"]
    assert "squared" not in without["tried"]


def test_what_the_page_cannot_train_is_not_trained() -> None:
    for changes, curve, said in [
        ({"data": SparseLinear()}, False, "data have 50 inputs"),
        ({"network": Network(hidden=(200, 200))}, True, "too large for a browser"),
    ]:
        e = changed(**changes)
        assert list(Live().runs(e)) == []
        assert Live().findings(e, {}, None) == {"possible": False, "curve": curve}
        assert said in text_of(e)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": Wave(), "network": Network(activation="tanh")},
        {"training": Training(epochs=2, loss="squared", learning_rate=1e3), "arms": (Arm(name="none"),)},
        {"network": Network(hidden=())},
    ],
    ids=["another curve", "every run diverges without a penalty", "no hidden layer"],
)
def test_the_text_says_only_what_was_found(changes: dict[str, Any]) -> None:
    text = text_of(changed(**changes))

    assert "Figure 1" in text
    assert "–" not in text.partition('{"data"')[0]


def test_long_trainings_are_cut_and_others_become_plain_steps() -> None:
    long = changed(training=Training(epochs=1_000_000), recording=Recording(every=None))
    assert 0 < _epoch_count(long) * 40 * long.network.parameters(1, 1) <= WORK

    found = findings(changed(training=Training(epochs=2, optimizer="adam", batch_size=8), network=Network(dropout=0.2)))
    assert found["task"]["steps"] == 2 * 40
    assert not found["same"]


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


def test_what_a_penalty_in_the_gradient_does_to_a_run_does_not_depend_on_its_company() -> None:
    """To the last bit, because near a kink that bit decides: else the page would end elsewhere than the article."""
    e = changed(training=Training())
    alone = _run(e, _start_settings(e))
    others = [dataclasses.replace(alone, init_seed=1, training=Training(loss="huber", learning_rate=0.003))]

    (first,), (second, _) = train([alone]), train([alone, *others])
    third = train(list(Live().runs(e)))[0]

    for other in (second, third):
        assert all(np.array_equal(a, b) for a, b in zip(first.kernels, other.kernels, strict=True))
