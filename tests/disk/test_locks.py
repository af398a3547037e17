import errno
import fcntl
import os
import signal
import subprocess
import sys
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from outputs import HERE, publish

from reportgen.disk import locks
from reportgen.errors import BusyError, MachineError


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
