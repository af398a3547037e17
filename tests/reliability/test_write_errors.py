"""A disk that is full, broken or read-only at any point: one line that says so, and the old site is still there."""

import itertools
import os
import shutil
import subprocess
import sys

import pytest
from environment.conftest import works
from reliability.builds import CI, PACKAGE, STUB, Counted, chance, command, left_behind, tree
from reliability.tracing import WRITING, calls_made, check_strace, traced
from soak import count

ERRORS = ("ENOSPC", "EIO", "EROFS", "EDQUOT", "EMFILE", "EACCES")
FULL_DISK = ("ENOSPC", "EDQUOT")


@pytest.fixture(scope="session")
def points(server, sites, tmp_path_factory):
    """Each call that writes into the output folder or the store: (store to begin with, name, count)."""
    check_strace()
    found = []
    # With everything stored the build begins to publish sooner.
    for store, part in (("old", "store"), ("new", "out")):
        place = sites.place(tmp_path_factory.mktemp("points"), store=store)
        build, log = traced(server, command(), place, WRITING)
        assert build.code == 0, build.errors
        found += [
            (store, name, k)
            for name, k, line in calls_made(log)
            if f"{place}/{part}" in line and ("O_CREAT" in line or name != "openat") and " = -1 " not in line
        ]
    return found


def test_an_error_of_the_disk_is_one_line_and_leaves_the_old_site(sites, server, place, points):
    """Every call that writes fails once, with each of the errors in turn."""
    random, counted = chance("errors"), Counted("whole builds with a writing call that fails")
    chosen = random.sample(points, count(len(ERRORS), len(points)))
    for (store, name, k), error in zip(chosen, itertools.cycle(ERRORS), strict=False):
        with counted.trying(f"{error}, store {store}, {name} {k}"):
            sites.place(place, store=store)

            build, log = traced(server, command(), place, WRITING, f"{name}:error={error}:when={k}")

            assert log.count("(INJECTED)") == 1
            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            _assert_one_line(build, full=error in FULL_DISK)
            assert left_behind(place) == []
            sites.finish(place)
    counted.settle()


def test_a_limit_on_the_size_of_files_is_a_full_disk(sites, server, place):
    random, counted = chance("largest"), Counted("builds with a limit on the size of files")
    largest = max(map(len, sites.new.values()))
    for _ in range(count(3, 40)):
        store, limit = random.choice(["old", "new"]), int(largest * random.uniform(0.1, 0.99) ** 3)
        with counted.trying(f"store {store}, {limit:,} bytes"):
            sites.place(place, store=store)

            build = server.run(command(), place, largest=limit)

            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            _assert_one_line(build, full=True)
            assert left_behind(place) == []
            sites.finish(place)
    counted.settle()


_ON_A_SMALL_DISK = """\
set -e
mount -t tmpfs -o size=$1k,mode=755 none "$2"
cp -r "$3/." "$2"
shift 3
"$@" >said 2>told && code=0 || code=$?
echo $code >code
cp -r out then
mount -o remount,size=64m "$PART"
"$@" >>said 2>>told-again && code=0 || code=$?
echo $code >code-again
cp -r out again
"""


@pytest.mark.parametrize("part", ["out", "store"])
def test_a_full_disk_leaves_the_old_site_and_a_larger_one_gets_the_new(sites, place, part):
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if not works(*alone, "sh", "-c", "mount -t tmpfs none /mnt"):
        reason = "no small disk can be mounted here"
        pytest.fail(reason) if CI else pytest.skip(reason)
    random, counted = chance(part), Counted(f"full disks under the {'output folder' if part == 'out' else 'store'}")
    first = sites.folder / ("old" if part == "out" else "store-old")
    begins = sum(-(-file.stat().st_size // 4096) * 4 for file in first.rglob("*") if file.is_file())
    for _ in range(count(1, 15)):
        size = begins + random.randrange(16, 2 * begins)
        with counted.trying(f"{size} kB"):
            sites.place(place)
            shutil.rmtree(place / part)
            (place / part).mkdir()
            call = [sys.executable, str(STUB), *command()]

            done = subprocess.run(
                [*alone, "sh", "-c", _ON_A_SMALL_DISK, "sh", str(size), str(place / part), str(first), *call],
                cwd=place,
                env={**os.environ, **PACKAGE, "OPENBLAS_NUM_THREADS": "1", "PART": str(place / part)},
                capture_output=True,
                text=True,
                timeout=300,
            )

            assert done.returncode == 0, done.stderr
            code = int((place / "code").read_text("utf-8"))
            told = (place / "told").read_text("utf-8")
            counted.note("were large enough" if code == 0 else f"left the {sites.is_whole(place / 'then')} site")
            assert code in (0, 5), told
            if code:
                assert told.startswith("reportgen[RG301]: disk full writing "), told
                assert told.count("\n") == 1
            assert left_behind(place) == []
            assert (place / "code-again").read_text("utf-8") == "0\n", (place / "told-again").read_text("utf-8")
            assert tree(place / "again") == sites.new
    counted.settle()


def _assert_one_line(build, full):
    told = build.errors
    assert told.count("\n") == 1, told
    assert "Traceback" not in told
    if build.code == 0:
        assert "warning: cannot write to the store" in told
        return
    assert build.code == 5, told
    assert told.startswith("reportgen[RG301]: disk full" if full else "reportgen: cannot "), told
