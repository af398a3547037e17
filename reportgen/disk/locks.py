"""Locks on folders. The kernel holds them and frees them when a process ends, in any way.

The folder itself is locked, so there is no lock file in it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reportgen.errors import BusyError, MachineError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL)

_held: set[int] = set()


def _close_after_fork() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


# Programs that we start inherit no descriptors. A forked process does, and would hold the lock until it ends.
os.register_at_fork(after_in_child=_close_after_fork)


@contextmanager
def exclusive(folder: Path, *, lock: bool = True) -> Iterator[int]:
    """Lock a folder for this process alone, for the block; returns its descriptor. Without `lock` it is only opened.

    Raises `BusyError` at once if another process has it, `MachineError` if the file system has no locks, and `OSError`
    if there is no such folder.
    """
    with _locked(folder, fcntl.LOCK_EX if lock else None) as descriptor:
        yield descriptor


@contextmanager
def shared(folder: Path, *, lock: bool = True) -> Iterator[int]:
    """Lock a folder as `exclusive` does, except that other processes may share it."""
    with _locked(folder, fcntl.LOCK_SH if lock else None) as descriptor:
        yield descriptor


@contextmanager
def _locked(folder: Path, kind: int | None) -> Iterator[int]:
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
    _held.add(descriptor)
    try:
        if kind is not None:
            _lock(descriptor, kind, folder)
        yield descriptor
    finally:
        if descriptor in _held:  # a forked process has closed it already
            _held.remove(descriptor)
            os.close(descriptor)


def _lock(descriptor: int, kind: int, folder: Path, again: bool = True) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        if not holder and again:  # the holder may have released it since
            return _lock(descriptor, kind, folder, again=False)
        raise BusyError(
            f"another build{holder} is using '{folder}'; wait or choose another folder", code="RG201"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise MachineError(
            f"the file system of '{folder}' has no locks ({error.strerror}); add --no-lock "
            "if you are sure that no other build uses this folder",
            code="RG202",
        ) from error


def _holder(descriptor: int) -> str:
    """The process that holds a lock, `" (process 1234, since 14:03)"`; empty if the kernel does not say."""
    status = os.fstat(descriptor)
    inode = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            _, kind, _, _, process, locked, *_ = line.split()
            if (kind, locked) == ("FLOCK", inode) and int(process) > 0:
                return f" (process {process}{_start_time(process)})"
    return ""


def _start_time(process: str) -> str:
    with suppress(OSError, ValueError, IndexError, StopIteration):
        # The name of the program is second, in parentheses, and may contain any character.
        ticks = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        boot_line = next(
            line for line in Path("/proc/stat").read_text("ascii").splitlines() if line.startswith("btime ")
        )
        started = int(boot_line.split()[1]) + int(ticks) / os.sysconf("SC_CLK_TCK")
        form = "%H:%M" if time.time() - started < 86400 else "%Y-%m-%d"
        return f", since {time.strftime(form, time.localtime(started))}"
    return ""
