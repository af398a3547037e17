import ast
import dataclasses
import hashlib
import os
import pickle
import shutil
import sys
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from reportgen.errors import RefusedError
from reportgen.penalties.l1 import L1
from reportgen.store import keys
from reportgen.store import store as store_module
from reportgen.store.store import Store, open_store
from reportgen.training import versions as engine_module
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory
from reportgen.training.versions import CODE_EPOCH

PACKAGE = Path(store_module.__file__).parents[1]
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


def test_what_was_put_is_what_is_got_and_nothing_else_is_left_behind(store):
    put = invented(RUN)
    assert store.get(RUN) is None

    store.put(put)

    assert store.get(RUN).dump() == put.dump()
    assert [file for file in store.folder.rglob("*") if file.is_file()] == [store.path(RUN)]


def test_whatever_determines_a_run_tells_its_entry_from_others(store):
    changes = (
        *({"init_seed": 1}, {"order_seed": 1}, {"data_seed": 1}, {"strength": 0.5}, {"step": "proximal"}),
        *({"training": Training(epochs=2)}, {"recording": Recording(every=None, loss=False)}),
    )
    runs = [RUN, *(dataclasses.replace(RUN, **change) for change in changes)]

    assert len({store.path(run) for run in runs}) == len(runs)
    assert store.path(Run(training=Training(epochs=1), recording=Recording(every=None))) == store.path(RUN)


def test_an_edited_penalty_or_data_set_trains_its_runs_again(store, tmp_path, monkeypatch):
    run = dataclasses.replace(RUN, penalty=L1(), strength=0.1)
    before = store.name(run)
    shutil.copytree(PACKAGE, tmp_path / "reportgen")
    monkeypatch.setattr(keys, "_ROOT", tmp_path)
    for found in (keys._source, keys._imports):
        found.cache_clear()
    try:
        assert Store(store.folder).name(run) == before
        names = {before}
        for part in ("penalties/l1.py", "datasets/line.py"):
            with (tmp_path / "reportgen" / part).open("a") as file:
                file.write("# other\n")
            keys._source.cache_clear()
            names.add(Store(store.folder).name(run))
        assert len(names) == 3
    finally:
        monkeypatch.undo()
        keys._source.cache_clear()


def test_only_what_is_missing_is_trained(store, entry):
    asked = []
    other = dataclasses.replace(RUN, init_seed=1)

    class Training:
        remote = False

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
    assert store.complete([RUN, other], Training()).missing == 0


def test_whatever_stands_in_the_place_of_an_entry_is_a_miss_and_is_replaced(store, tmp_path, subtests):
    good, elsewhere = invented(RUN).dump(), tmp_path / "elsewhere"
    elsewhere.write_bytes(good)
    wrong = {
        "folder": lambda entry: (entry / "with something").mkdir(parents=True),
        "pipe": os.mkfifo,
        "link": lambda entry: entry.symlink_to(elsewhere),
        "dangling link": lambda entry: entry.symlink_to(tmp_path / "nowhere"),
        "device": lambda entry: entry.symlink_to("/dev/zero"),
        "empty": lambda entry: entry.touch(),
        "unreadable": lambda entry: entry.touch(mode=0),
        "pickle": lambda entry: entry.write_bytes(pickle.dumps(Canary(tmp_path / "canary"))),
        **{f"bit {i}": lambda entry, i=i: entry.write_bytes(flipped(good, i)) for i in (0, 10, 100, -40, -1)},
        **{f"{n} bytes": lambda entry, n=n: entry.write_bytes(good[:n]) for n in (1, 8, 30, 500, -1)},
    }
    for what, make in wrong.items():
        with subtests.test(what):
            store.put(invented(RUN))
            store.path(RUN).unlink()
            make(store.path(RUN))

            assert store.get(RUN) is None
            store.put(invented(RUN))

            assert store.get(RUN) is not None
    assert not (tmp_path / "canary").exists()
    assert elsewhere.read_bytes() == good


def flipped(content, place):
    damaged = bytearray(content)
    damaged[place] ^= 1
    return bytes(damaged)


class Canary:
    """Leaves a file behind if anybody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_damage_is_warned_of_once(store, caplog):
    runs = [dataclasses.replace(RUN, init_seed=seed) for seed in range(5)]
    for run in runs:
        store.put(invented(run))
        store.path(run).write_bytes(b"damaged")

    assert [store.get(run) for run in runs] == [None] * 5

    (record,) = caplog.records
    assert record.code == "RG101"
    assert str(store.path(runs[0])) in record.getMessage()


def test_a_store_that_others_can_write_to_is_refused(tmp_path):
    tmp_path.chmod(0o777)

    with pytest.raises(RefusedError, match="other users can write to the store") as caught, open_store(tmp_path):
        pass

    assert (caught.value.code, caught.value.exit_code) == ("RG103", 4)


def test_a_store_that_is_allowed_to_be_shared_is_read_and_not_written(store, entry):
    store.folder.chmod(0o777)
    other = dataclasses.replace(RUN, init_seed=1)

    with open_store(store.folder, shared=True) as shared:
        shared.put(invented(other))
        found = [shared.get(run) is not None for run in (RUN, other)]

    assert found == [True, True]
    assert [path for path in store.folder.rglob("*") if path.is_file()] == [entry]


NUMBERS = ("network", "compiled", "stacking", "run")
"""Modules of `training` that decide, besides data sets and penalties, which numbers a run gives."""


def meaning(module):
    """The syntax of a module without comments, docstrings and layout."""
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            notes = [part for part in body if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)]
            node.body = [part for part in body if part not in notes] or [ast.Pass()]
    return ast.dump(tree)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="syntax trees of other versions of Python look otherwise")
def test_whoever_changes_what_numbers_come_from_thinks_of_the_epoch():
    """If a run now gives other numbers, raise `CODE_EPOCH`; if it does not, only write the new digest here."""
    files = [f"training/{name}.py" for name in NUMBERS]
    files += [
        str(path.relative_to(PACKAGE))
        for kind in ("datasets", "losses", "penalties", "tables")
        for path in PACKAGE.glob(f"{kind}/*.py")
    ]
    digest = hashlib.sha256("".join(meaning(file) for file in sorted(files)).encode()).hexdigest()[:16]

    assert (CODE_EPOCH, digest) == (4, "028aa4c438a491ee")


def test_what_another_kind_of_processor_trained_is_not_taken_for_ours(store, entry, monkeypatch):
    monkeypatch.setattr(engine_module, "processor", lambda: "x86_64 avx")

    assert Store(store.folder).get(RUN) is None
    assert "avx" not in str(engine_module.versions())  # a cluster may have several kinds, as docs/scaling.md says
