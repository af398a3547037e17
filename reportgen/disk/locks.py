"""Locks on folders. The kernel holds them: it frees those of a process that ends however it ends.

What is locked is the folder itself, so that no file of ours lies in it.
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

_UNABLE = (errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL)

_held: set[int] = set()


def _leave_to_parent() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


# Programs that are started do not get descriptors; a fork would, and would hold the lock as long as it lives.
os.register_at_fork(after_in_child=_leave_to_parent)


@contextmanager
def exclusive(folder: Path, *, lock: bool = True) -> Iterator[int]:
    """The open folder, which nobody else has until this is left; open but not locked without `lock`.

    Raises `BusyError` at once if another has it, `MachineError` where folders cannot be locked, and `OSError` if there
    is no such folder.
    """
    with _locked(folder, fcntl.LOCK_EX if lock else None) as descriptor:
        yield descriptor


@contextmanager
def shared(folder: Path, *, lock: bool = True) -> Iterator[int]:
    """As `exclusive`, except that others may share the folder meanwhile."""
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
        if descriptor in _held:  # a fork has closed its own already
            _held.remove(descriptor)
            os.close(descriptor)


def _lock(descriptor: int, kind: int, folder: Path, again: bool = True) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        if not holder and again:  # whoever had it has let go meanwhile, unless the kernel just does not tell
            return _lock(descriptor, kind, folder, again=False)
        raise BusyError(
            f"another build{holder} is using '{folder}'; wait or choose another folder", code="RG201"
        ) from None
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
        raise MachineError(
            f"the file system of '{folder}' has no locks ({error.strerror}); --no-lock goes on without, "
            "if you are sure that no other build uses this folder",
            code="RG202",
        ) from error


def _holder(descriptor: int) -> str:
    """`" (process 1234, since 14:03)"`, where the kernel tells."""
    status = os.fstat(descriptor)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            _, kind, _, _, process, where, *_ = line.split()
            if (kind, where) == ("FLOCK", place) and int(process) > 0:
                return f" (process {process}{_since(process)})"
    return ""


def _since(process: str) -> str:
    with suppress(OSError, ValueError, IndexError, StopIteration):
        # The name of the program comes second, in parentheses, and may hold any character.
        ticks = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        booted = next(line for line in Path("/proc/stat").read_text("ascii").splitlines() if line.startswith("btime "))
        began = int(booted.split()[1]) + int(ticks) / os.sysconf("SC_CLK_TCK")
        form = "%H:%M" if time.time() - began < 86400 else "%Y-%m-%d"
        return f", since {time.strftime(form, time.localtime(began))}"
    return ""
