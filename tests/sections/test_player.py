"""What the page's players are given: every weight, packed small, and never more than fits."""

import base64
import json
import zlib

import numpy as np
import pytest

from reportgen.experiment import Arm, Experiment, Runs
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Panel, training_animation
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


def test_what_is_no_number_stays_none_and_only_zeros_become_zero():
    t = trajectory(Run())
    t.kernels[1][5:9, 0, 0] = np.nan
    t.kernels[1][12, 1, 1] = -np.inf
    t.kernels[2][::2] = 0.0
    t.kernels[2][3], t.kernels[2][5] = 1e-9, -1e-9

    packed = pack_trajectory(t)

    w, back = flat(t), unpacked(packed)
    finite = np.isfinite(w)
    assert (np.isnan(back) == ~finite).all()
    assert (np.sign(back) == np.sign(w))[finite].all()
    json.dumps(packed, allow_nan=False)


def test_long_trajectories_are_thinned_between_their_ends():
    for records, kept in [(1, 1), (2, 2), (61, 61), (62, 61), (10_000, 61)]:
        t = trajectory(Run(network=Network(hidden=())), records=records)
        packed = pack_trajectory(t)
        assert len(packed["steps"]) == kept
        assert (packed["steps"][0], packed["steps"][-1]) == (0, 20 * (records - 1))
        assert np.abs(unpacked(packed)[-1] - flat(t)[-1]).max() <= 1e-4, records


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


def test_what_a_page_cannot_draw_keeps_its_gif(trained):
    theory = Animation(name="path", scenes=("constraint_path",), alt="")
    paths = shown(trained, "l1", name="paths", scenes=("weights", "predicted"))

    assert not packed_page([theory, paths], trained)


def test_further_runs_make_room_before_players_do(trained, monkeypatch):
    wanted = [shown(trained, "none"), shown(trained, "l1", name="second")]
    sizes = [len(pack_trajectory(trained[EXPERIMENT.arm_runs(arm)[0]])["weights"]) for arm in EXPERIMENT.arms]

    shown_and_runs = []
    for budget in (sum(sizes), sizes[0], 10):
        monkeypatch.setattr(player, "BUDGET", budget)
        players = packed_page(wanted, trained)
        shown_and_runs.append((list(players.players), [len(series.trajectories) for series in players.series]))

    assert shown_and_runs == [(["weights", "second"], [1, 1]), (["weights"], [1]), ([], [])]
