"""Files that are there whole or not at all, and folders in which no symbolic link is followed."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reportgen.errors import RefusedError, trouble

TEMPORARY = re.compile(r"\.reportgen-[0-9a-f]{16}\.tmp")
"""Names of files that are being written. Those that a killed process left are known by it."""

_IN = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def put(path: Path, content: bytes, durable: bool = False) -> None:
    """Write a file by a rename: a reader sees the old one or the new one, and a failure leaves nothing behind.

    With `durable` it outlasts a loss of power that comes after the return. Raises `OSError`; see `trouble`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _written(folder, content, durable) as temporary:
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        if durable:
            os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def regular(path: Path, *, follow: bool = True) -> Iterator[io.BufferedReader]:
    """A regular file, open for reading; raises `OSError`, or `ValueError` if it is anything else.

    A pipe or a device may never end, and opening one may wait for ever. Without `follow` a symbolic link is an
    `OSError`.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        yield file


def read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; raises as `regular`, and `ValueError` for a larger one."""
    with regular(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise ValueError(f"it is larger than {most:,} bytes")
        return file.read()


def sweep(folder: Path | int) -> int:
    """Remove what killed processes left half written in `folder`, and return how much that was.

    Only for who knows, by a lock, that nobody is writing there.
    """
    descriptor = os.open(folder, _IN) if isinstance(folder, Path) else folder
    try:
        names = os.listdir(descriptor)  # noqa: PTH208 - pathlib lists no open folders
        left = [name for name in names if TEMPORARY.fullmatch(name)]
        for name in left:
            os.unlink(name, dir_fd=descriptor)
    finally:
        if isinstance(folder, Path):
            os.close(descriptor)
    return len(left)


@contextmanager
def telling(path: Path, doing: str = "write") -> Iterator[None]:
    """Turns `OSError` into `trouble`."""
    try:
        yield
    except OSError as error:
        raise trouble(path, error, doing) from error


def check_writable(folder: Path, what: str) -> None:
    """Make a folder, and try it: better now than after the training."""
    with telling(folder, f"write to the {what}"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def _written(folder: int, content: bytes, durable: bool) -> Iterator[str]:
    """The name of a new file in `folder` with this content, to be renamed; gone afterwards if it was not."""
    name = f".reportgen-{secrets.token_hex(8)}.tmp"
    # The kernel takes the umask off, without a moment in which other threads see another one.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:  # already here, for Ctrl-C may come between any two lines
        file = os.open(name, flags, 0o666, dir_fd=folder)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(file, rest) :]
            if durable:
                os.fsync(file)
        finally:
            os.close(file)
        yield name
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


@dataclass(frozen=True)
class Seen:
    """A file as it was found."""

    digest: str
    """SHA-256 of its content, in hex."""
    stamp: tuple[int, ...]
    """Changes when the file is written or another takes its place."""


def _stamp(folder: int, name: str) -> tuple[int, ...] | None:
    with suppress(FileNotFoundError):
        return _signature(os.stat(name, dir_fd=folder, follow_symlinks=False))
    return None


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class OpenFolder:
    """An open folder: what is done through it is done in it, whatever its path has come to mean since.

    Names are relative, with slashes. `RefusedError` where one leads through a symbolic link or ends in one; the links
    are not followed even if they appear between two calls. Otherwise `OSError`.
    """

    descriptor: int
    path: Path
    """For messages."""

    def look(self, name: str) -> Seen | None:
        """The file, or None if there is none."""
        with suppress(FileNotFoundError), self._file(name) as file:
            return Seen(hashlib.file_digest(file, "sha256").hexdigest(), _signature(os.fstat(file.fileno())))
        return None

    def read(self, name: str, most: int) -> bytes | None:
        """The content of a file of at most `most` bytes; None if there is none, or a larger one."""
        with suppress(FileNotFoundError), self._file(name) as file:
            if os.fstat(file.fileno()).st_size <= most:
                return bytes(file.readall())
        return None

    def put(self, name: str, content: bytes, replacing: Seen | None) -> None:
        """As the function `put`, and durable once `flush` has been called.

        `replacing` is what was last seen there: anything else stays, with a `RefusedError`.
        """
        with self._holding(name, make=True) as (folder, last), _written(folder, content, durable=True) as temporary:
            if _stamp(folder, last) != (replacing and replacing.stamp):
                raise RefusedError(
                    f"{self.path / name} was changed while the report was being written; run the same command again",
                    code="RG007",
                )
            os.rename(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str, digests: tuple[str, ...]) -> None:
        """Remove a file if its content has one of these digests."""
        seen = self.look(name)
        if seen and seen.digest in digests:
            with self._holding(name) as (folder, last):
                os.unlink(last, dir_fd=folder)

    def remove_folder(self, name: str) -> None:
        """Remove a folder if it is there and empty."""
        try:
            with self._holding(name) as (folder, last), self._not_followed(name):
                os.rmdir(last, dir_fd=folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.EBUSY):
                raise

    def flush(self, folder: str) -> None:
        """What was put into and removed from `folder` ("." for this one) outlasts a loss of power from now on."""
        with suppress(FileNotFoundError), self._holding(f"{folder}/-") as (descriptor, _):
            os.fsync(descriptor)

    def sweep(self, folder: str) -> None:
        """As the function `sweep`, in `folder` ("." for this one) if there is one."""
        with suppress(FileNotFoundError), self._holding(f"{folder}/-") as (descriptor, _):
            sweep(descriptor)

    @contextmanager
    def _holding(self, name: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """The open folder that holds `name`, made if asked for, and the last part of `name`."""
        *parts, last = PurePosixPath(name).parts
        descriptor = os.dup(self.descriptor)
        try:
            for depth, part in enumerate(parts, 1):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=descriptor)
                with self._not_followed("/".join(parts[:depth])):
                    inner = os.open(part, _IN, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor, last
        finally:
            os.close(descriptor)

    @contextmanager
    def _file(self, name: str) -> Iterator[io.FileIO]:
        with self._holding(name) as (folder, last):
            # Without O_NONBLOCK a named pipe would wait for somebody to write into it.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with self._not_followed(name):
                descriptor = os.open(last, flags, dir_fd=folder)
                try:
                    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                        raise OSError(errno.ENOTDIR, "not a file")
                    yield io.FileIO(descriptor, closefd=False)
                finally:
                    os.close(descriptor)

    @contextmanager
    def _not_followed(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.EMLINK):
                raise
            raise RefusedError(
                f"{self.path / name} is a symbolic link, or not what it should be; reportgen writes, follows and "
                "deletes nothing there: move it away, or choose another output folder",
                code="RG008",
            ) from error
