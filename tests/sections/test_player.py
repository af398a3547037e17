"""What the page's players are given: every weight, packed small, and never more than fits."""

import base64
import dataclasses
import json
import zlib

import numpy as np
import pytest

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.l1 import L1
from reportgen.pictures import Animation, Panel, training_animation
from reportgen.sections import player
from reportgen.sections.player import pack_players, pack_trajectory, player_data
from reportgen.training.network import Network
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

EXPERIMENT = Experiment(
    network=Network(hidden=(4, 3)),
    arms=(Arm(name="none"), Arm(name="l1", label="L1", penalty=L1(), strength=0.3)),
    runs=Runs(count=7),
)


def trajectory(run, records=30, scale=1.0, seed=0):
    """Weights that wander from the initial ones."""
    rng = np.random.default_rng([seed, run.init_seed])

    def walk(start):
        moves = rng.normal(0, 0.05, (records, *start.shape))
        return (scale * (start + moves.cumsum(axis=0))).astype(np.float32)

    kernels, biases = run.initial_weights()
    return Trajectory(
        source=run,
        steps=np.arange(records, dtype=np.int32) * 20,
        kernels=tuple(map(walk, kernels)),
        biases=tuple(map(walk, biases)),
        loss=None,
        penalty=None,
    )


@pytest.fixture
def trained():
    return {run: trajectory(run) for arm in EXPERIMENT.arms for run in EXPERIMENT.arm_runs(arm)}


def shown(trained, *arms, name="weights", scenes=("weights",)):
    panels = [
        Panel(title=arm.label, trajectory=trained[EXPERIMENT.arm_runs(arm)[0]])
        for arm in EXPERIMENT.arms
        if arm.name in arms
    ]
    return training_animation(name, scenes, panels, alt="")


def unpacked(packed):
    """[S, weights] as `player.js` sees them."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed["weights"])), np.uint8).astype(int)
    folded = (planes[: len(planes) // 2] + 256 * planes[len(planes) // 2 :]).reshape(-1, len(packed["steps"])).T
    whole = ((folded >> 1) ^ -(folded & 1)).cumsum(axis=0).astype(np.int16)
    return np.where(whole == -32768, np.nan, whole / 32767 * packed["largest"])


def flat(t):
    arrays = [a for pair in zip(t.kernels, t.biases, strict=True) for a in pair]
    return np.concatenate([a.reshape(len(t.steps), -1) for a in arrays], axis=1)


def test_weights_come_back_to_within_a_32767th_of_the_largest():
    for scale in (1e-6, 1.0, 1e30):
        t = trajectory(Run(), scale=scale)
        assert np.abs(unpacked(pack_trajectory(t)) - flat(t)).max() <= 0.51 * np.abs(flat(t)).max() / 32767, scale

    packed = pack_trajectory(trajectory(Run(), scale=0.0))
    assert (unpacked(packed) == 0).all()
    assert packed["largest"] == packed["limit"] == 1.0


def test_zeros_stay_zero_and_nothing_else_becomes_zero():
    t = trajectory(Run())
    t.kernels[1][::2] = 0.0
    t.kernels[2][3], t.kernels[2][4] = 1e-9, -1e-9

    assert (np.sign(unpacked(pack_trajectory(t))) == np.sign(flat(t))).all()


def test_what_is_no_number_stays_none_and_spoils_no_other():
    t = trajectory(Run())
    t.kernels[1][5:9, 0, 0] = np.nan
    t.kernels[1][12, 1, 1] = -np.inf

    packed = pack_trajectory(t)

    w, back = flat(t), unpacked(packed)
    finite = np.isfinite(w)
    assert (np.isnan(back) == ~finite).all()
    assert np.abs(back - w)[finite].max() <= 0.51 * np.abs(w[finite]).max() / 32767
    json.dumps(packed, allow_nan=False)


def test_long_trajectories_are_thinned_between_their_ends():
    for records, kept in [(1, 1), (2, 2), (101, 101), (102, 101), (10_000, 101)]:
        t = trajectory(Run(network=Network(hidden=())), records=records)
        packed = pack_trajectory(t)
        assert len(packed["steps"]) == kept
        assert (packed["steps"][0], packed["steps"][-1]) == (0, 20 * (records - 1))
        assert np.abs(unpacked(packed)[-1] - flat(t)[-1]).max() <= 1e-4, records


def test_what_is_drawn_beside_the_weights_is_there():
    t = dataclasses.replace(trajectory(Run(network=Network(hidden=(3,), activation="tanh"))), diverged=77)

    packed = pack_trajectory(t)

    assert packed["layers"] == [[1, 3, 3], [3, 1, 1]]
    assert (packed["activation"], packed["diverged"]) == ("tanh", 77)
    assert packed["limit"] == max(np.abs(k).max() for k in t.kernels)
    np.testing.assert_allclose(packed["samples"]["x"], t.run.draw().x_train[:, 0], rtol=1e-4)


def packed_page(animations, trained):
    return pack_players([player_data(EXPERIMENT, animations, trained)])


def test_runs_that_differ_only_by_seeds_can_be_chosen_the_shown_one_first(trained):
    players = packed_page([shown(trained, "l1")], trained)

    (series,) = players.series
    assert series.arm == "L1"
    runs = EXPERIMENT.arm_runs(EXPERIMENT.arms[1])
    assert len(series.trajectories) == player.RUNS
    for packed, run in zip(series.trajectories, runs, strict=False):
        np.testing.assert_allclose(unpacked(packed), flat(trained[run]), atol=1e-4)


def test_figures_that_show_the_same_share_their_data(trained):
    both = [shown(trained, "l1"), shown(trained, "none", "l1", name="both", scenes=("weights", "fit"))]

    data = json.loads(json.dumps(packed_page(both, trained).data()))

    assert [series["arm"] for series in data["series"]] == ["L1", "none"]
    assert data["players"]["weights"]["panels"] == [{"title": "L1", "series": 0}]
    assert [panel["series"] for panel in data["players"]["both"]["panels"]] == [1, 0]
    assert data["players"]["both"]["scenes"] == ["weights", "fit"]
    assert len(data["shared"]) == 3


def test_a_training_outside_of_the_arms_is_shown_but_not_offered_as_one(trained):
    run = dataclasses.replace(EXPERIMENT.run(0), strength=0.7, penalty=L1())
    trained[run] = trajectory(run)
    other = training_animation("other", ["weights"], [Panel(title="before", trajectory=trained[run])], alt="")

    players = packed_page([other], trained)

    assert [(series.arm, len(series.trajectories)) for series in players.series] == [(None, 1)]


def test_what_a_page_cannot_draw_keeps_its_gif(trained):
    theory = Animation(name="path", scenes=("constraint_path",), alt="")
    paths = shown(trained, "l1", name="paths", scenes=("weights", "paths"))

    assert not packed_page([theory, paths], trained)


def test_a_page_that_holds_one_player_holds_no_more_data_than_that_needs(trained):
    players = packed_page([shown(trained, "none"), shown(trained, "l1", name="alone")], trained)

    alone = players.only("alone")

    assert list(alone.players) == ["alone"]
    assert alone.players["alone"].panels == (("L1", 0),)
    assert alone.series == players.series[1:]


def test_further_runs_make_room_before_players_do(trained, monkeypatch):
    wanted = [shown(trained, "none"), shown(trained, "l1", name="second")]
    sizes = [len(pack_trajectory(trained[EXPERIMENT.arm_runs(arm)[0]])["weights"]) for arm in EXPERIMENT.arms]

    monkeypatch.setattr(player, "BUDGET", sum(sizes))
    all_players = packed_page(wanted, trained)
    monkeypatch.setattr(player, "BUDGET", sizes[0])
    one_player = packed_page(wanted, trained)
    monkeypatch.setattr(player, "BUDGET", 10)
    none = packed_page(wanted, trained)

    assert [len(series.trajectories) for series in all_players.series] == [1, 1]
    assert list(all_players.players) == ["weights", "second"]
    assert list(one_player.players) == ["weights"]
    assert not none


def test_networks_far_too_large_for_a_page_are_not_even_tried(trained, monkeypatch):
    monkeypatch.setattr(player, "BUDGET", 100)
    monkeypatch.setattr(player, "pack_trajectory", lambda t: pytest.fail("packed"))

    assert not packed_page([shown(trained, "none")], trained)
