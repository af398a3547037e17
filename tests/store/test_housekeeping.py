import fcntl
import os
import time

import pytest

from reportgen.errors import BusyError
from reportgen.store import housekeeping
from reportgen.store.store import Store

DAY = 24 * 3600


@pytest.fixture
def store(tmp_path):
    """Four entries of known age: unused for 0, 10, 20 and 40 days."""
    store = Store(tmp_path / "store")
    for i, days in enumerate((0, 10, 20, 40)):
        key = f"{i:064x}"
        store.keep("section", key, bytes(1000))
        when = time.time() - days * DAY
        os.utime(store.folder / key[:2] / f"{key}.section", (when, when))
    return store


def keys(entries):
    return [int(entry.path.stem, 16) for entry in entries]


def test_then_the_oldest_go_until_the_rest_is_small_enough(store):
    size = housekeeping.entries(store.folder)[0].size

    assert keys(housekeeping.collect(store.folder, unused_for=30, max_size=2 * size)) == [3, 2]
    assert keys(housekeeping.collect(store.folder, unused_for=30, max_size=0)) == [1, 0]


def test_what_a_killed_process_left_goes_and_what_is_not_ours_stays(store):
    left = store.folder / "00" / f".reportgen-{'0' * 16}.tmp"
    left.touch()
    strange = [store.folder / "notes.txt", store.folder / "00" / "notes.txt", store.folder / "00" / ".tmp-mine"]
    for path in strange:
        path.write_text("mine")

    housekeeping.collect(store.folder, unused_for=0, max_size=0)

    assert sorted(path for path in store.folder.rglob("*") if path.is_file()) == sorted(strange)


def test_nothing_goes_while_a_build_uses_the_store(store):
    descriptor = os.open(store.folder, os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with pytest.raises(BusyError):
            housekeeping.collect(store.folder, unused_for=0)
    finally:
        os.close(descriptor)

    assert len(housekeeping.entries(store.folder)) == 4


def test_damaged_entries_are_found(store):
    paths = [entry.path for entry in housekeeping.entries(store.folder)]
    paths[0].write_bytes(paths[0].read_bytes()[:-1])
    paths[1].write_bytes(paths[2].read_bytes())
    paths[3].unlink()
    paths[3].symlink_to("/dev/zero")

    before = [entry.used for entry in housekeeping.entries(store.folder)]

    told = {entry.path: why for entry, why in housekeeping.damaged_entries(store.folder)}

    assert told == {
        paths[0]: "it is damaged or cut short",
        paths[1]: "its content belongs to another entry",
        paths[3]: "Too many levels of symbolic links",
    }
    assert [entry.used for entry in housekeeping.entries(store.folder)] == before, "looking does not count as use"
