"""What the section gives to the script in the page."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from penalties.examples.log_sum import LogSum
from planted import decide

from reportgen.datasets.digits import Digits
from reportgen.datasets.line import Line
from reportgen.datasets.moons import Moons
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm, Experiment
from reportgen.penalties import penalties
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.sections.kinds.live import (
    Live,
    LiveFindings,
    _data,
    _differences,
    _run,
    _start_settings,
    _suggested_settings,
    _task,
    penalties_in_page,
)
from reportgen.sections.page_training import WORK
from reportgen.store.keys import template_folder
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Training

L1_ARM = Arm(name="l1", penalty=L1(), strength=0.3)
QUICK = Experiment(arms=(Arm(name="none"), L1_ARM), training=Training(epochs=4))


def changed(**changes: Any) -> Experiment:
    return dataclasses.replace(QUICK, **changes)


def findings(e: Experiment) -> LiveFindings:
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
    assert task["order"] * run.training.epochs == run.order().tolist()


def test_batches_have_only_samples_that_are_there() -> None:
    e = changed(training=Training(epochs=4, batch_size=7, full_batch_steps=5))
    task = _task(_run(e, _start_settings(e)), 0.5)

    assert [len(batch) for batch in task["order"]] == [7, 7, 7, 7, 7, 5]
    assert sorted(sample for batch in task["order"] for sample in batch) == list(range(40))
    assert (task["steps"], task["fullBatchSteps"]) == (29, 5)


def test_the_page_trains_as_the_experiment_does_or_names_the_difference() -> None:
    adam = changed(training=Training(optimizer="adam", batch_size=7, epochs=4, full_batch_steps=5))
    assert _run(adam, _start_settings(adam)).training == adam.training
    assert (findings(adam).same, findings(adam).differences) == (True, "")

    long = changed(training=Training(epochs=4000, full_batch_steps=2000), network=Network(dropout=0.1))
    run = _run(long, _start_settings(long))
    parameters = long.network.parameters(1, 1)
    assert parameters * run.training_samples * (run.training.epochs + run.training.full_batch_steps) <= WORK
    assert _differences(long, run) == (
        f"without dropout, with {run.training.epochs:,} of 4,000 passes over the data and with "
        f"{run.training.full_batch_steps:,} of 2,000 steps on all samples"
    )


def test_what_the_page_cannot_train_is_not_trained() -> None:
    of_classes = Training(loss="softmax", epochs=4)
    for changes in (
        {"data": SparseLinear()},
        {"data": Digits(), "training": of_classes},
        {"network": Network(hidden=(200, 200))},
    ):
        e = changed(**changes)
        assert list(Live().runs(e)) == []
        assert Live().findings(e, {}, None) == LiveFindings(possible=False)


def test_two_classes_in_a_plane_are_trained_by_their_own_loss() -> None:
    found = findings(changed(data=Moons(samples=40, test_samples=20), training=Training(loss="logistic", epochs=2)))

    assert found.possible
    assert found.data["classes"] == list(Moons().draw(0).classes)
    assert {len(x) for x in found.data["train"]["x"]} == {2}
    assert found.losses == {"logistic": "logistic"}
    assert found.start["loss"] == "logistic"
    assert all(one.furthest is None for one in found.tried.values())
    assert "logistic" not in findings(QUICK).losses


def test_the_page_names_the_penalties_that_its_trainer_knows() -> None:
    source = (template_folder() / "static" / "train.js").read_text("utf-8")
    block = source.partition("const PENALTIES = {\n")[2].partition("\n  };")[0]

    assert list(penalties_in_page()) == re.findall(r"^    (\w+): ", block, re.MULTILINE)


def test_a_penalty_that_the_page_cannot_train_is_absent_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(penalties._known, "log_sum", LogSum)
    arms = (Arm(name="mine", penalty=LogSum(), strength=0.1, step="proximal"), Arm(name="none"))
    found = findings(dataclasses.replace(QUICK, arms=arms))

    assert "log_sum" not in found.penalties
    assert found.arm == "none"


def test_what_a_penalty_does_to_a_run_does_not_depend_on_its_company() -> None:
    """To the last bit, because near a kink that bit decides: else the page would end elsewhere than the article."""
    e = changed(training=Training())
    alone = _run(e, _start_settings(e))
    others = [dataclasses.replace(alone, init_seed=1, training=Training(loss="huber", learning_rate=0.003))]

    (first,), (second, _) = train([alone]), train([alone, *others])
    third = train(list(Live().runs(e)))[0]

    for other in (second, third):
        assert all(np.array_equal(a, b) for a, b in zip(first.kernels, other.kernels, strict=True))


def tried(**results: dict[str, Any]) -> dict[str, Any]:
    """Findings with the results of some of the suggested settings."""
    return {"tried": results, "start": {"loss": "absolute"}, "task": {"schedule": "constant"}}


def sizes(first: float, second: float, *names: str) -> dict[str, Any]:
    """Distances from the truth: the first named setting is `first` away, the second `second`."""
    return tried(**dict(zip(names, ({"furthest": first}, {"furthest": second}, {"furthest": 1.0}), strict=False)))


def counts(base: float, near: float, proximal: float) -> dict[str, Any]:
    """Shares of weights at zero and near it by the gradient, and at zero by a proximal step."""
    ended = {"diverged": None}
    return tried(base={"zero": base, "below": near, **ended}, proximal={"zero": proximal, **ended})


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        ("smaller-steps-settle", *(sizes(x, 1.0, "base", "slower") for x in (3.0, 0.8, 1.5))),
        ("colors-hide-what-a-count-shows", counts(0.0, 0.97, 0.97), counts(0.0, 0.2, 0.0), counts(0.0, 0.9, 0.2)),
        ("the-loss-shows-in-one-network", *(sizes(x, 1.0, "squared", "absolute", "huber") for x in (3.0, 0.8, 1.5))),
    ],
)
def test_every_claim_comes_out_as_the_trainings_were_planted(
    claim: str, supported: dict[str, Any], refuted: dict[str, Any], undecided: dict[str, Any]
) -> None:
    (found,) = [c for c in Live.claims if c.name == claim]
    worlds = {"supported": supported, "not supported": refuted, "undecided": undecided}
    told = {outcome: decide(found, "live", world, QUICK) for outcome, world in worlds.items()}

    assert {outcome: claim.outcome for outcome, claim in told.items()} == {o: o for o in worlds}
    assert all(claim.sentence for claim in told.values())


def test_suggestions_use_the_strength_of_the_experiments_l1_or_one_of_their_own() -> None:
    weak, off = (dataclasses.replace(L1_ARM, strength=λ) for λ in (0.1, 0.0))
    assert _suggested_settings(changed(arms=(weak,)))["base"]["strength"] == 0.1
    assert _suggested_settings(changed(arms=(off,)))["base"]["strength"] == 0.3


def test_the_page_does_not_end_where_an_arm_did_that_does_not_exist() -> None:
    strong = Arm(name="ridge", penalty=GroupLasso(), strength=0.3, step="proximal")
    e = changed(arms=(strong,))
    assert findings(e).same
    assert not findings(changed(arms=(dataclasses.replace(strong, penalty=LogSum()),))).same
