"""Sweeps: what is trained equals single runs, is trained once, and never lies in memory all at once."""

import dataclasses
import os
from concurrent.futures import Future

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from reportgen.errors import MachineError, RefusedError
from reportgen.executors.serial import Serial
from reportgen.experiment import Arm, Experiment, Sweep
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.statistics.sparsity import below_share, zero_share
from reportgen.statistics.total_error import total_error
from reportgen.store import sweep
from reportgen.store.encoding import encode
from reportgen.training.compiled import train, train_ends
from reportgen.training.network import Network
from reportgen.training.run import Recording, Training

E = Experiment(
    training=Training(epochs=3),
    network=Network(hidden=(4, 3)),
    arms=(Arm(name="l1", penalty=L1(), strength=0.3, step="proximal"),),
    sweep=Sweep(arm="l1", strengths=(0.0, 0.3), learning_rates=(0.01, 0.03), count=300),
)
CELLS = 4


def changed(**values):
    return dataclasses.replace(E, sweep=dataclasses.replace(E.sweep, **values))


class Memory:
    """A store."""

    def __init__(self):
        self.entries = {}

    def recall(self, kind, key):
        return self.entries.get((kind, key))

    def keep(self, kind, key, value):
        self.entries[kind, key] = value
        return value


class Made(Serial):
    """Does not train: what comes back is made up, and what was asked for is remembered."""

    def __init__(self, fail_after=None):
        self.jobs, self.fail_after = [], fail_after

    def submit(self, task, job, weights, versions):
        if self.fail_after is not None and len(self.jobs) >= self.fail_after:
            raise KeyboardInterrupt
        self.jobs.append(list(job))
        return super().submit(_made_up, job, weights)

    @property
    def chunks(self):
        return [chunk for job in self.jobs for chunk in job]


def _made_up(job, weights):
    names = ("test", "train", "zero", "dead", "size")
    found = [{sweep.SUMMARY: {name: np.full(c.count, c.first.order_seed, np.float32) for name in names}} for c in job]
    for chunk, of_chunk in zip(job, found, strict=True):
        of_chunk[sweep.SUMMARY]["diverged"] = np.full(chunk.count, -1, np.int32)
    return encode(found)


@pytest.fixture(scope="module")
def swept():
    e = changed(weights=True)
    return sweep.complete(e, Memory(), Serial())


def test_a_chunk_ends_where_its_runs_end_bit_for_bit(swept):
    for cell in sweep.cells(E):
        chunk = next(sweep.chunks(E, cell))
        kernels, biases = next(swept.weights(cell))
        trained = train(chunk.runs)
        for layer in range(3):
            np.testing.assert_array_equal(kernels[layer], [t.kernels[layer][-1] for t in trained])
            np.testing.assert_array_equal(biases[layer], [t.biases[layer][-1] for t in trained])


def test_a_run_of_a_chunk_ends_where_it_ends_alone_bit_for_bit(swept):
    cell = sweep.cells(E)[2]
    kernels, _ = next(swept.weights(cell))
    for i in (0, 17, 255):
        (alone,) = train([dataclasses.replace(sweep.cell_run(E, cell, i), recording=Recording.ENDS_ONLY)])
        for layer in range(3):
            np.testing.assert_array_equal(kernels[layer][i], alone.kernels[layer][-1])


def test_that_holds_for_whatever_can_be_trained(subtests):
    for name, changes in {
        "fresh data": {"arms": (Arm(name="l1", penalty=L2(), strength=0.3),), "fresh_data": True},
        "reshuffled": {"training": Training(epochs=3, order="reshuffled")},
        "groups": {"arms": (Arm(name="l1", penalty=GroupLasso(), strength=0.3, step="proximal"),)},
        "batches": {
            "training": Training(epochs=3, batch_size=8, loss="huber", schedule="cosine", optimizer="adam"),
            "network": Network(hidden=(4, 3), activation="tanh", dropout=0.3),
        },
    }.items():
        with subtests.test(name):
            e = dataclasses.replace(E, **changes)
            first = next(sweep.chunks(e, sweep.cells(e)[3])).first
            ends, trained = train_ends(first, 20, e.fresh_data), train(sweep.consecutive_runs(first, 20, e.fresh_data))
            for layer in range(3):
                np.testing.assert_array_equal(ends.kernels[layer], [t.kernels[layer][-1] for t in trained])


def test_summaries_are_those_of_single_runs(swept):
    cell = sweep.cells(E)[3]
    values = swept.values(cell)
    trained = train(
        [dataclasses.replace(sweep.cell_run(E, cell, i), recording=Recording(every=None)) for i in range(9)]
    )

    band = cell.strength * cell.learning_rate
    np.testing.assert_allclose(values["test"][:9], [total_error(t) for t in trained], rtol=1e-5)
    np.testing.assert_allclose(values["train"][:9], [t.loss[-1] for t in trained], rtol=1e-5)
    np.testing.assert_allclose(values["zero"][:9], [zero_share(t.at(-1)[0]) for t in trained])
    np.testing.assert_allclose(values["dead"][:9], [below_share(t.at(-1)[0], band) for t in trained])
    assert {len(array) for array in values.values()} == {300}
    assert values["zero"].max() > 0


def test_runs_that_diverge_say_when_and_have_no_numbers():
    e = dataclasses.replace(
        E,
        training=Training(epochs=3, loss="squared"),
        sweep=Sweep(arm="l1", strengths=(0.3,), learning_rates=(0.001, 50.0), count=3),
    )
    done = sweep.complete(e, Memory(), Serial())
    calm, wild = map(done.values, sweep.cells(e))
    trained = train(
        [dataclasses.replace(sweep.cell_run(e, sweep.cells(e)[1], i), recording=Recording.ENDS_ONLY) for i in range(3)]
    )

    assert calm["diverged"].tolist() == [-1] * 3
    assert wild["diverged"].tolist() == [t.diverged for t in trained]
    assert np.isnan(wild["test"]).all()
    assert np.isfinite(calm["test"]).all()


def test_only_what_is_new_is_trained():
    for more, trained in (
        ({}, 0),
        ({"count": 290}, 0),
        ({"count": 512}, 0),
        ({"count": 513}, CELLS),
        ({"strengths": (0.0, 0.1, 0.3)}, 4),
        ({"learning_rates": (0.01,)}, 0),
    ):
        store, again = Memory(), Made()
        sweep.complete(E, store, Made())

        sweep.complete(changed(**more), store, again)

        assert len(again.chunks) == trained, more


def test_a_sweep_that_is_stopped_goes_on_with_what_is_missing():
    store, stopped, again = Memory(), Made(fail_after=5), Made()
    e = changed(count=256 * 10)
    with pytest.raises(KeyboardInterrupt):
        sweep.complete(e, store, stopped)
    there = {key for _, key in store.entries}

    sweep.complete(e, store, again)

    assert there == {chunk.key for chunk in stopped.chunks}
    assert len(there) == 20
    assert not there & {chunk.key for chunk in again.chunks}
    assert len(there) + len(again.chunks) == CELLS * 10


def test_what_a_worker_sends_back_is_not_believed():
    class Lying(Made):
        def submit(self, task, job, weights, versions):
            future = Future()
            future.set_result(self.block)
            return future

    for block in (b"", encode([]), encode([{}] * 4), encode([{"chunk": {"test": np.zeros(3)}}] * 4)):
        store, lying = Memory(), Lying()
        lying.block = block
        with pytest.raises(MachineError, match="invalid part of the sweep"):
            sweep.complete(E, store, lying)
        assert not store.entries

    chunk = next(sweep.chunks(E, sweep.cells(E)[0]))
    with pytest.raises(RefusedError, match="the versions must be equal"):
        sweep.train_chunks([chunk], False, {"reportgen": "0.0.1"})
