"""Runs that are trained together: each must come out as if it had been alone."""

import os
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from reportgen.datasets.line import Line
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.training import stacking
from reportgen.training.compiled import train
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Start, Training
from reportgen.training.stacking import groups

LINE = Line(samples=24, test_samples=4)
ENDS = Recording(every=None, loss=False)
TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}
"""Forty steps in float32. XLA adds in another order for another number of runs, and a longer run under |r| may part
from its twin by a whole step when that flips the sign of a residual."""


def small(**fields):
    return Run(
        **{
            "data": LINE,
            "network": Network(hidden=(5, 4)),
            "training": Training(epochs=2),
            "recording": Recording(every=7),
            "penalty": L1(),
            "strength": 0.3,
            **fields,
        }
    )


def assert_same(one, other, records=slice(None), other_records=slice(None)):
    assert one.run.shapes == other.run.shapes
    for a, b in zip([*one.kernels, *one.biases], [*other.kernels, *other.biases], strict=True):
        np.testing.assert_allclose(a[records], b[other_records], **TOLERANCE)


COMPANY = [
    small(),
    small(data_seed=1, penalty=L2(), strength=0.1),
    small(init_seed=1, penalty=GroupLasso(), strength=0.1, step="proximal"),
    small(order_seed=1, penalty=ElasticNet(), step="proximal"),
    small(penalty=NoPenalty(), strength=0.0),
    small(network=Network(hidden=(3, 2))),
    small(network=Network(hidden=(8, 6)), penalty=L2()),
    small(network=Network(hidden=(7, 1)), penalty=GroupLasso(), strength=0.1),
    small(network=Network(hidden=(2, 7)), penalty=GroupLasso(), strength=0.1, step="proximal"),
    small(training=Training(epochs=2, loss="huber", schedule="cosine")),
    small(recording=ENDS),
    small(network=Network(hidden=(3, 9)), recording=ENDS),
    small(network=Network(hidden=(5, 4), activation="tanh")),
    small(training=Training(batch_size=4, epochs=10)),
    small(training=Training(batch_size=6, epochs=10), data=Line(samples=23, test_samples=4)),
    small(training=Training(batch_size=6, epochs=10), data=Line(samples=28, test_samples=4), recording=ENDS),
    small(training=Training(batch_size=6, epochs=10, loss="huber"), fold=(1, 20), recording=ENDS),
    small(training=Training(epochs=2, full_batch_steps=9), data=Line(samples=30, test_samples=10)),
    small(training=Training(epochs=4, full_batch_steps=9), fold=(1, 2), recording=ENDS),
    small(data=Line(samples=30, test_samples=10, outliers=2)),
    small(recording=Recording(every=None, at=(3, 11))),
    small(network=Network(hidden=(3, 4), dropout=0.4)),
    small(network=Network(hidden=(3, 4), dropout=0.4), training=Training(batch_size=4, epochs=10)),
    small(),
]


@pytest.fixture(scope="module")
def together():
    return train(COMPANY)


def test_company_changes_no_run(together, subtests):
    assert [trajectory.run for trajectory in together] == COMPANY
    for i in (5, 8, 9, 14, 15, 16, 17, 18, 19, 22):
        with subtests.test(COMPANY[i]):
            (alone,) = train([COMPANY[i]])

            np.testing.assert_array_equal(alone.steps, together[i].steps)
            assert_same(alone, together[i])
            if alone.loss is not None:
                np.testing.assert_allclose(alone.loss, together[i].loss, **TOLERANCE)
                np.testing.assert_allclose(alone.penalty, together[i].penalty, **TOLERANCE)
    for one, other in zip(together[0].kernels, together[-1].kernels, strict=True):
        np.testing.assert_array_equal(one, other)  # equal runs


def test_batches_that_are_filled_up_share_a_program_with_full_ones():
    assert sorted(run.training_samples for run in COMPANY[14:17]) == [19, 19, 24]
    assert len(groups(COMPANY[14:17])) == 1
    assert [run.training_samples for run in COMPANY[17:19]] == [20, 10]
    assert len(groups(COMPANY[17:19])) == 1


def test_padding_is_cut_away_and_every_run_starts_from_its_own_initial_weights(together):
    for trajectory in together:
        kernels, biases = trajectory.run.initial_weights()
        for recorded, drawn in zip([*trajectory.kernels, *trajectory.biases], [*kernels, *biases], strict=True):
            assert recorded.shape[1:] == drawn.shape
            np.testing.assert_array_equal(recorded[0], drawn)


def test_what_is_recorded_does_not_change_what_is_trained(together, subtests):
    for recording in (Recording(every=1, loss=False), Recording(every=None, at=(3, 11, 999)), ENDS):
        with subtests.test(recording=recording):
            (trajectory,) = train([small(recording=recording)])

            np.testing.assert_array_equal(trajectory.steps, recording.steps(40))
            assert (trajectory.loss is not None) == (trajectory.penalty is not None) == recording.loss
            assert_same(trajectory, together[0], [0, -1], [0, -1])


def test_more_runs_than_fit_one_call_come_out_the_same(monkeypatch):
    runs = [small(init_seed=seed) for seed in range(5)]
    at_once = train(runs)
    monkeypatch.setattr(stacking, "_MAX_RUNS", 2)

    assert sorted(map(len, groups(runs))) == [1, 2, 2]

    for one, other in zip(train(runs), at_once, strict=True):
        assert one.run == other.run
        assert_same(one, other)


def test_runs_that_differ_in_numbers_alone_share_a_program_and_others_stay_apart():
    apart = {
        "activation": Run(network=Network(activation="tanh")),
        "depth": Run(network=Network(hidden=(10, 10))),
        "optimizer": Run(training=Training(optimizer="adam")),
        "batch size": Run(training=Training(batch_size=4, epochs=400)),
        "steps": Run(training=Training(epochs=99)),
        "steps on all samples": Run(training=Training(epochs=99, full_batch_steps=40)),
        "inputs": Run(data=SparseLinear(samples=40, inputs=2, relevant=1)),
    }
    alike = {
        "penalty": Run(strength=0.3, penalty=GroupLasso(), step="proximal"),
        "widths": Run(network=Network(hidden=(3, 12, 1))),
        "dropout": Run(network=Network(hidden=(3, 12, 1), dropout=0.5)),
        "loss and schedule": Run(training=Training(loss="huber", schedule="linear", learning_rate=0.1)),
        "order": Run(training=Training(order="reshuffled")),
        "data": Run(data=Line(noise=0.0), data_seed=4),
        "ends only": Run(recording=ENDS),
    }

    assert {name: len(groups([Run(), other])) for name, other in apart.items()} == dict.fromkeys(apart, 2)
    assert {name: len(groups([Run(), other])) for name, other in alike.items()} == dict.fromkeys(alike, 1)


@pytest.mark.parametrize(("batch_size", "step"), [(1, "subgradient"), (4, "proximal")])
def test_to_stop_and_begin_again_from_the_weights_is_to_go_on(batch_size, step):
    """A fixed order, a constant rate and plain steps have no memory but the weights."""
    half = small(training=Training(epochs=2, batch_size=batch_size), step=step)
    whole = replace(half, training=Training(epochs=4, batch_size=batch_size))
    (first,) = train([half])

    second, at_once, other = train(
        [replace(half, start=Start.from_arrays(*first.at(-1))), whole, replace(half, network=Network(hidden=(9, 9)))]
    )

    last = {"records": [-1], "other_records": [-1]}
    assert_same(second, at_once, **last)
    np.testing.assert_array_equal(second.kernels[0][0], first.kernels[0][-1])
    assert other.run.shapes != second.run.shapes
