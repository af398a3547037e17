import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from outputs import HERE, everything, publish
from soak import count, record

from reportgen.disk import locks
from reportgen.errors import BusyError, MachineError
from reportgen.output import output_folder


def holders(folder):
    """Descriptors of this process that are `folder`; a top-level function, so that a spawned worker can run it."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of this list is gone by now
            found += descriptor.readlink() == folder
    return found


@pytest.fixture
def waiting(tmp_path):
    """Starts processes that claim a folder and publish after a line of input."""
    started = []

    def start(out, version="new"):
        process = subprocess.Popen(
            [sys.executable, HERE, out, version, "wait"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_one_has_the_folder_and_the_other_is_told_who(tmp_path):
    with (
        locks.exclusive(tmp_path),
        pytest.raises(BusyError) as caught,
        locks.exclusive(tmp_path),
    ):
        pass

    assert list(tmp_path.iterdir()) == []
    assert f"(process {os.getpid()}, since " in str(caught.value)
    assert (caught.value.code, caught.value.exit_code) == ("RG201", 6)
    with locks.exclusive(tmp_path):
        pass


def test_several_may_share_and_then_nobody_has_it_alone(tmp_path):
    with locks.shared(tmp_path), locks.shared(tmp_path), pytest.raises(BusyError), locks.exclusive(tmp_path):
        pass
    with locks.exclusive(tmp_path), pytest.raises(BusyError), locks.shared(tmp_path):
        pass


def test_where_the_kernel_tells_of_no_locks_the_message_does_without(tmp_path, monkeypatch):
    def missing(*_):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", missing)
    with locks.exclusive(tmp_path), pytest.raises(BusyError, match="another build is using"), locks.exclusive(tmp_path):
        pass


def test_a_file_system_without_locks_is_an_error_with_a_way_out(tmp_path, monkeypatch, messages):
    for number in (errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EOPNOTSUPP):

        def flock(*_, number=number):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)
        with pytest.raises(MachineError) as caught, locks.exclusive(tmp_path):
            pass
        assert caught.value.code == "RG202"
        with locks.exclusive(tmp_path, lock=False):
            pass
    messages(caught.value)


def test_the_lock_of_a_killed_process_is_free(tmp_path, waiting):
    process = waiting(tmp_path / "out")
    assert process.stdout.readline() == "claimed\n"

    process.send_signal(signal.SIGKILL)
    process.wait()

    publish(tmp_path / "out", "new")


def test_programs_and_workers_that_are_started_do_not_hold_it(tmp_path):
    with locks.exclusive(tmp_path):
        assert holders(tmp_path) == 1
        listed = subprocess.run(
            ["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, check=True, close_fds=False
        ).stdout
        with get_context("spawn").Pool(1) as pool:
            worker = pool.apply(holders, (tmp_path,))

    assert str(tmp_path) not in listed
    assert worker == 0


def test_a_fork_does_not_hold_it(tmp_path):
    ready, done = os.pipe(), os.pipe()
    with locks.exclusive(tmp_path):
        child = os.fork()
        if not child:
            os.write(ready[1], b"%d" % holders(tmp_path))
            os.read(done[0], 1)
            os._exit(0)
    try:
        assert os.read(ready[0], 9) == b"0"
        with locks.exclusive(tmp_path):
            pass
    finally:
        os.write(done[1], b"x")
        os.waitpid(child, 0)
        for descriptor in (*ready, *done):
            os.close(descriptor)


def test_of_two_builds_exactly_one_wins_and_the_other_says_so_at_once(tmp_path, waiting):
    publish(tmp_path / "alone", "new")
    wrong, slowest = 0, 0.0
    for i in range(pairs := count(8, 100)):
        out = tmp_path / f"out{i}"
        began = time.monotonic()
        both = [waiting(out), waiting(out)]
        ended = []
        while not ended and time.monotonic() < began + 30:
            time.sleep(0.005)
            ended = [process for process in both if process.poll() is not None]
        slowest = max(slowest, time.monotonic() - began)
        winner = next(process for process in both if process not in ended)
        winner.communicate("\n")
        told = ended[0].communicate()[1]
        wrong += not (
            len(ended) == 1
            and ended[0].returncode == 6
            and told.startswith(f"RG201: another build (process {winner.pid}, since ")
            and winner.returncode == 0
            and everything(out) == everything(tmp_path / "alone")
        )
    record(f"pairs of builds on one folder (the loser ended {slowest:.2f} s after its start at most)", pairs, wrong)

    assert wrong == 0


def test_cleaning_waits_for_nobody(tmp_path, waiting):
    publish(tmp_path / "out", "old")
    before = everything(tmp_path)
    process = waiting(tmp_path / "out")
    process.stdout.readline()

    with pytest.raises(BusyError):
        output_folder.clean(tmp_path / "out")

    assert everything(tmp_path) == before
