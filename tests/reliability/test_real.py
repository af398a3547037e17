"""What the stub cannot show: TensorFlow at work in processes of its own, killed and interrupted."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reliability.builds import PACKAGE, Counted, chance, command, left_behind, tree
from soak import count

from reportgen.experiment.file import shipped

QUICK = (
    shipped("quick")
    .replace("count = 10 ", "count = 2 ")
    .replace("epochs = 100\n", "epochs = 4\n")
    .replace("every = 200 ", "every = 20 ")
)
PATIENCE = 30
"""Seconds after which processes that should end have hung."""


def start(place):
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "reportgen", *command(executor="processes")],
        cwd=place,
        env={**os.environ, **PACKAGE},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(place):
    build = start(place)
    _, told = build.communicate(timeout=300)
    assert (build.returncode, told) == (0, "")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """An old site, and what shall replace it: (folder of the old one, tree of the new one, seconds that it takes)."""
    place = tmp_path_factory.mktemp("real")
    (place / "new.toml").write_text(QUICK, "utf-8")
    assert all(changed in QUICK for changed in ("count = 2 ", "epochs = 4\n", "every = 20 "))
    began = time.monotonic()
    finished(place)
    seconds = time.monotonic() - began
    new = tree(place / "out")
    (place / "new.toml").write_text(QUICK.replace("A quick look", "An old look"), "utf-8")
    finished(place)
    assert tree(place / "out") != new
    return place / "out", new, seconds


def beginning(place, real):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(real[0], place / "out")
    (place / "new.toml").write_text(QUICK, "utf-8")


def processes(session):
    """Those of a session that are not yet gone."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session, *_ = status.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(its_session) == session and state not in "ZX":
            found.append(int(status.parent.name))
    return found


def gone(session, within):
    until = time.monotonic() + within
    while left := processes(session):
        assert time.monotonic() < until, f"still there after {within} s: {left}"
        time.sleep(0.02)


def stamps(place):
    return {
        str(file.relative_to(place)): (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in place.rglob("*")
        if file.is_file()
    }


def test_a_build_with_processes_that_was_killed_goes_on_where_it_was(real, place):
    random, counted = chance("real kills"), Counted("real builds with processes killed at a random time")
    for i in range(count(1, 10)):
        alone, after = bool(i % 2 == 0), random.uniform(0, real[2])
        with counted.trying(f"{i}: {'parent' if alone else 'group'} after {after:.2f} s"):
            beginning(place, real)
            build = start(place)
            time.sleep(after)
            os.kill(build.pid, signal.SIGKILL) if alone else os.killpg(build.pid, signal.SIGKILL)
            build.communicate(timeout=60)
            gone(build.pid, PATIENCE)
            left = stamps(place)
            stored = {name: stamp for name, stamp in left.items() if name.endswith(".trajectory")}
            counted.note("runs stored before" if any("store" in name for name in stored) else "no run stored before")
            time.sleep(1)
            assert stamps(place) == left, "something was written after the end"

            finished(place)

            assert tree(place / "out") == real[1]
            assert left_behind(place / "out") == []
            after_it = stamps(place / "store")
            again = [
                name
                for name, stamp in stored.items()
                if name.startswith("store") and after_it.get(name.removeprefix("store/")) != stamp
            ]
            assert again == [], "trained again"
    counted.settle()


def test_a_signal_ends_a_real_build_and_its_processes(real, place):
    random, counted = chance("real signals"), Counted("real builds ended by a signal")
    for i in range(count(1, 6)):
        sent, after = random.choice([signal.SIGINT, signal.SIGTERM]), random.uniform(0.5, 0.7 * real[2])
        with counted.trying(f"{i}: {sent.name} after {after:.2f} s"):
            beginning(place, real)
            build = start(place)
            time.sleep(after)
            # Ctrl-C reaches all processes, what asks a program to end reaches the program.
            os.killpg(build.pid, sent) if sent == signal.SIGINT else os.kill(build.pid, sent)
            _, told = build.communicate(timeout=60)
            word = "interrupted" if sent == signal.SIGINT else "terminated"
            if (build.returncode, told) == (0, ""):
                counted.note("ended before")
            else:
                assert (build.returncode, told) == (128 + sent, f"reportgen: {word}; run again to resume\n")
            gone(build.pid, PATIENCE)
            assert left_behind(place / "out") == []

            finished(place)

            assert tree(place / "out") == real[1]
    counted.settle()
