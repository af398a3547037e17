"""Arms with settings of their own: what they change, what they share with the others, and which are refused."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.datasets.moons import Moons
from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment, Runs
from reportgen.experiment.file import parse
from reportgen.penalties.l1 import L1
from reportgen.sections.helpers import describe_other_networks, describe_own_settings, own_arm
from reportgen.store.keys import settings
from reportgen.training.network import Network
from reportgen.training.run import Training
from reportgen.training.stacking import groups

FILE = """
sections = ["errors"]
[data]
name = "moons"
[network]
hidden = [6, 6]
[training]
loss = "logistic"
batch_size = 8
[runs]
count = 2
[[arms]]
name = "none"
penalty = "none"
[[arms]]
name = "drop"
penalty = "l1"
strength = 0.1
dropout = 0.3
[[arms]]
name = "early"
penalty = "none"
early_stopping = 2
[[arms]]
name = "other"
penalty = "none"
hidden = [4]
optimizer = "adamw"
weight_decay = 0.1
learning_rate = 0.03
"""
E = parse(FILE)
ARMS = {arm.name: arm for arm in E.arms}


def test_an_arm_changes_what_it_names_and_nothing_else():
    plain, drop, early, other = (E.arm_runs(arm)[1] for arm in E.arms)
    short = {"optimizer": "adamw", "weight_decay": 0.1, "learning_rate": 0.03}

    assert plain == E.run(1)
    assert drop == replace(plain, network=replace(plain.network, dropout=0.3), penalty=L1(), strength=0.1)
    assert early == replace(plain, training=replace(plain.training, early_stopping=2))
    assert other.network.hidden == (4,)
    assert other.training == replace(plain.training, **short)


def test_runs_of_an_index_share_data_order_and_initial_weights():
    plain, drop, early, _ = (E.arm_runs(arm)[1] for arm in E.arms)
    data, held = plain.draw(), early.draw()
    for ours, theirs in zip(plain.initial_weights()[0], drop.initial_weights()[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(plain.order(), drop.order())

    # Early stopping trains on the same samples in the same order, less those that it holds out.
    seen = data.x_train[plain.order()[: plain.training.batches(100)].ravel()[:100]]
    kept = held.x_train[[row for row in early.order()[: early.training.batches(80)].ravel() if row >= 0]]
    validated = (seen[:, None] == held.x_validation[None]).all(axis=2).any(axis=1)
    assert validated.sum() == len(held.x_validation) == 20
    np.testing.assert_array_equal(seen[~validated], kept)
    np.testing.assert_array_equal(data.x_test, held.x_test)


def test_arms_with_other_programs_are_trained_apart():
    runs = [run for arm in E.arms for run in E.arm_runs(arm)]

    assert sorted(map(sorted, groups(runs))) == [[0, 1, 2, 3], [4, 5], [6, 7]]


def test_an_arm_with_settings_of_its_own_does_not_stand_for_its_penalty():
    assert own_arm(E, L1) is None
    assert [describe_own_settings(arm) for arm in E.arms] == [
        "",
        "dropout 0.3",
        "early stopping with a patience of 2 epochs",
        "hidden layer of 4 units, optimizer AdamW, learning rate 0.03, weight decay 0.1",
    ]
    assert describe_other_networks(E) == "The arm “other” has a network of another size, and is left out here."


def test_unused_settings_change_no_description_of_a_run():
    """So stored trainings and sections stay valid."""
    told = {*settings(E.run(0).training, "t"), *settings(Arm(name="a"), "a")}

    assert not {name for name in told if "early" in name or "decay" in name or name in ("t.validation", "a.dropout")}
    assert "t.validation" in settings(E.arm_runs(ARMS["early"])[0].training, "t")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("weight_decay = 0.1\n", "", '28:1: arms[4].optimizer: "adamw" needs a weight_decay above 0'),
        ('name = "none"', 'name = "none"\ndropout = 0.1', "arms: must have one without settings of its own"),
        ("early_stopping = 2", "early_stopping = -1", "arms[3].early_stopping: must be greater than or equal to 0"),
        ("hidden = [4]", "hidden = [0]", "arms[4].hidden[1]: must be greater than or equal to 1, got 0"),
        ("batch_size = 8", "batch_size = 90", "batch_size: must be at most the number of training samples (80)"),
        (
            "batch_size = 8",
            "batch_size = 8\nfull_batch_steps = 3",
            "full_batch_steps: must be 0 with early_stopping, which ends the training, got 3",
        ),
    ],
)
def test_arms_that_cannot_be_are_refused(old, new, told):
    with pytest.raises(ExperimentError) as refusal:
        parse(FILE.replace(old, new, 1), "mine.toml")

    assert told in str(refusal.value)


def test_without_a_file_too():
    with pytest.raises(ExperimentError, match="arms must have one without settings of its own"):
        Experiment(
            data=Moons(),
            network=Network(hidden=(3,)),
            training=Training(loss="logistic"),
            runs=Runs(count=1),
            arms=(Arm(name="a", dropout=0.2),),
        )
