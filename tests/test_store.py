import dataclasses
import multiprocessing
import os
import stat
from concurrent.futures import Future

import numpy as np
import pytest

from reportgen.errors import MachineError
from reportgen.executors import executors
from reportgen.run import Recording, Run, Training
from reportgen.store import Store, default_folder
from reportgen.trajectory import Trajectory

RUN = Run(training=Training(epochs=1), recording=Recording(every=None))


def invented(run, seed=0):
    """A trajectory of the right shapes that nobody trained."""
    rng = np.random.default_rng(seed)
    steps = run.recording.steps(run.steps)
    return Trajectory(
        source=run,
        steps=steps,
        kernels=tuple(rng.random((len(steps), *shape), np.float32) for shape in run.shapes),
        biases=tuple(rng.random((len(steps), shape[1]), np.float32) for shape in run.shapes),
        loss=rng.random(len(steps), np.float32),
        penalty=rng.random(len(steps), np.float32),
    )


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def entry(store):
    """The file of a stored run."""
    store.put(invented(RUN))
    return store.path(RUN)


def test_what_was_put_is_what_is_got(store):
    put = invented(RUN)
    store.put(put)
    got = store.get(RUN)

    assert got.run == RUN
    for was, now in zip(put._arrays(), got._arrays(), strict=True):
        np.testing.assert_array_equal(was[1], now[1])


def test_a_run_never_put_is_a_miss(store):
    assert store.get(RUN) is None


@pytest.mark.parametrize(
    "change",
    [
        {"init_seed": 1},
        {"order_seed": 1},
        {"data_seed": 1},
        {"strength": 0.5},
        {"step": "proximal"},
        {"training": Training(epochs=2)},
        {"recording": Recording(every=None, loss=False)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_determines_a_run_tells_its_entry_from_others(store, change):
    assert store.path(dataclasses.replace(RUN, **change)) != store.path(RUN)


def test_equal_runs_share_an_entry(store):
    assert store.path(Run(training=Training(epochs=1), recording=Recording(every=None))) == store.path(RUN)


@pytest.mark.parametrize("where", [0, 10, 100, -40, -1])
def test_a_damaged_entry_is_a_miss(store, entry, where):
    content = bytearray(entry.read_bytes())
    content[where] ^= 1
    entry.write_bytes(content)

    assert store.get(RUN) is None


@pytest.mark.parametrize("length", [0, 1, 8, 30, 500, -1])
def test_an_entry_cut_short_is_a_miss(store, entry, length):
    entry.write_bytes(entry.read_bytes()[:length])

    assert store.get(RUN) is None


def test_another_run_under_this_name_is_a_miss(store, entry):
    entry.write_bytes(invented(dataclasses.replace(RUN, init_seed=5)).dump())

    assert store.get(RUN) is None


def test_something_else_under_this_name_is_a_miss(store, entry):
    entry.write_bytes(b"not a trajectory")
    assert store.get(RUN) is None

    entry.unlink()
    entry.mkdir()
    assert store.get(RUN) is None


def test_a_miss_is_healed_by_putting_again(store, entry):
    entry.write_bytes(b"damaged")
    store.put(invented(RUN))

    assert store.get(RUN) is not None


def test_nothing_but_entries_is_left_behind(store, entry):
    assert [file for file in store.folder.rglob("*") if file.is_file()] == [entry]


def test_a_store_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "store").write_text("a file in its place")

    with pytest.raises(MachineError) as caught:
        Store(tmp_path / "store").put(invented(RUN))

    assert str(caught.value) == f"cannot write to the store {tmp_path / 'store'}: Not a directory"


def put_often(folder):
    for seed in range(30):
        Store(folder).put(invented(RUN, seed))


def test_an_entry_that_cannot_be_finished_leaves_nothing_behind(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(MachineError, match="disk full writing"):
        store.put(invented(RUN))

    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_an_entry_is_as_readable_as_any_other_file(store):
    """A store can be shared: nothing in it is for its owner alone."""
    mask = os.umask(0o027)
    try:
        store.put(invented(RUN))
    finally:
        os.umask(mask)

    assert stat.S_IMODE(store.path(RUN).stat().st_mode) == 0o640


def test_writers_at_the_same_time_leave_a_whole_entry(store):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=put_often, args=[store.folder]) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        there = store.path(RUN).exists()
        assert store.get(RUN) is not None or not there
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert store.get(RUN) is not None
    assert [file.name for file in store.folder.rglob("*") if file.is_file()] == [store.path(RUN).name]


def test_a_complete_store_asks_nobody_to_train(store, entry):
    class Refusing:
        def submit(self, *_):
            raise AssertionError("it was asked")

    completed = store.complete([RUN, RUN], Refusing())

    assert completed.missing == 0
    assert list(completed.result()) == [RUN]


def test_only_what_is_missing_is_trained(store, entry):
    asked = []
    other = dataclasses.replace(RUN, init_seed=1)

    class Training:
        def submit(self, task, folder, runs):
            asked.extend(runs)
            for run in runs:
                Store(folder).put(invented(run))
            done = Future()
            done.set_result(len(runs))
            return done

    completed = store.complete([other, RUN, other], Training())

    assert asked == [other]
    assert completed.missing == 1
    assert list(completed.result()) == [other, RUN]


def test_a_training_that_fails_fails_the_whole(tmp_path):
    (tmp_path / "store").write_text("a file in its place")

    with executors["serial"]() as workers:
        completed = Store(tmp_path / "store").complete([RUN], workers)

    with pytest.raises(MachineError, match="cannot write to the store"):
        completed.result()


def test_the_default_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("REPORTGEN_CACHE_DIR", str(tmp_path))
    assert default_folder() == tmp_path

    monkeypatch.delenv("REPORTGEN_CACHE_DIR")
    assert default_folder().name == "reportgen"


def test_each_program_is_a_job_of_its_own_and_the_longest_comes_first(tmp_path):
    long = dataclasses.replace(RUN, training=dataclasses.replace(RUN.training, epochs=3))
    sizes = []

    class Counting:
        def submit(self, task, folder, runs):
            sizes.append((len(runs), runs[0].training.epochs))
            return Future()

    Store(tmp_path).complete([RUN, long, dataclasses.replace(RUN, init_seed=1)], Counting())

    assert sizes == [(1, 3), (2, 1)]
