"""Atomic file writes, and open folders in which no symbolic link is followed."""

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

from reportgen.errors import RefusedError, machine_error

TEMPORARY = re.compile(r"\.reportgen-[0-9a-f]{16}\.tmp")
"""Names of temporary files; a killed process leaves some behind."""

_FOLDER_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def put(path: Path, content: bytes, durable: bool = False) -> None:
    """Write a file by a rename: a reader sees the old or the new file, and a failure leaves nothing behind.

    With `durable` the file survives a power loss after the return. Raises `OSError`; see `machine_error`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _temporary_file(folder, content, durable) as temporary:
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        if durable:
            os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def open_regular(path: Path, *, follow: bool = True) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading; raises `OSError`, or `ValueError` if it is not a regular file.

    Reading a pipe or a device may never end, and opening one may block. Without `follow` a symbolic link raises
    `OSError`.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        yield file


def read(path: Path, max_size: int) -> bytes:
    """The content of a regular file; raises as `open_regular`, and `ValueError` for more than `max_size` bytes."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > max_size:
            raise ValueError(f"it is larger than {max_size:,} bytes")
        return file.read()


def remove_temporary_files(folder: Path | int) -> int:
    """Remove the temporary files that killed processes left in `folder`, and return their number.

    The caller must hold a lock, so that no other process is writing there.
    """
    descriptor = os.open(folder, _FOLDER_FLAGS) if isinstance(folder, Path) else folder
    try:
        names = os.listdir(descriptor)  # noqa: PTH208 - pathlib lists no open folders
        leftovers = [name for name in names if TEMPORARY.fullmatch(name)]
        for name in leftovers:
            os.unlink(name, dir_fd=descriptor)
    finally:
        if isinstance(folder, Path):
            os.close(descriptor)
    return len(leftovers)


@contextmanager
def as_machine_error(path: Path, action: str = "write") -> Iterator[None]:
    """Raise a `MachineError` in place of an `OSError` of the block; see `machine_error`."""
    try:
        yield
    except OSError as error:
        raise machine_error(path, error, action) from error


def check_writable(folder: Path, what: str) -> None:
    """Create the folder and try to write to it, so that a mistake appears before the training."""
    with as_machine_error(folder, f"write to the {what}"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def _temporary_file(folder: int, content: bytes, durable: bool) -> Iterator[str]:
    """The name of a new file in `folder` with this content, for the block to rename; an error removes it."""
    name = f".reportgen-{secrets.token_hex(8)}.tmp"
    # The kernel applies the umask; to read it here would change it for other threads for a moment.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:  # before the file is opened, because Ctrl-C may come between any two lines
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
class FileState:
    """The state of a file when it was read."""

    digest: str
    """SHA-256 of its content, in hex."""
    stamp: tuple[int, ...]
    """Changes when the file is written or replaced."""


def _stamp(folder: int, name: str) -> tuple[int, ...] | None:
    with suppress(FileNotFoundError):
        return _signature(os.stat(name, dir_fd=folder, follow_symlinks=False))
    return None


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class OpenFolder:
    """An open folder: operations stay in this folder even if its path leads elsewhere later.

    Names are relative, with slashes. A name with a symbolic link in it raises `RefusedError`; links are not followed
    even if they appear between two calls. Other failures raise `OSError`.
    """

    descriptor: int
    path: Path
    """The path for messages."""

    def state(self, name: str) -> FileState | None:
        """The state of the file `name`, or None if there is no such file."""
        with suppress(FileNotFoundError), self._file(name) as file:
            return FileState(hashlib.file_digest(file, "sha256").hexdigest(), _signature(os.fstat(file.fileno())))
        return None

    def read(self, name: str, max_size: int) -> bytes | None:
        """The content of a file of at most `max_size` bytes; None if it is missing or larger."""
        with suppress(FileNotFoundError), self._file(name) as file:
            if os.fstat(file.fileno()).st_size <= max_size:
                return bytes(file.readall())
        return None

    def put(self, name: str, content: bytes, replaced: FileState | None) -> None:
        """Write a file as the function `put` does; durable after `flush`.

        `replaced` is the last known state of the file. If its state is another now, it stays: `RefusedError`.
        """
        with (
            self._open_parent(name, make=True) as (folder, last),
            _temporary_file(folder, content, durable=True) as temporary,
        ):
            if _stamp(folder, last) != (replaced and replaced.stamp):
                raise RefusedError(
                    f"{self.path / name} was changed while the report was being written; run the same command again",
                    code="RG007",
                )
            os.rename(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str, digests: tuple[str, ...]) -> None:
        """Remove a file if its content has one of these digests."""
        state = self.state(name)
        if state and state.digest in digests:
            with self._open_parent(name) as (folder, last):
                os.unlink(last, dir_fd=folder)

    def remove_folder(self, name: str) -> None:
        """Remove a folder if it exists and is empty."""
        try:
            with self._open_parent(name) as (folder, last), self._refusing_links(name):
                os.rmdir(last, dir_fd=folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.EBUSY):
                raise

    def flush(self, folder: str) -> None:
        """Make changes in `folder` ("." for this one) survive a power loss."""
        with suppress(FileNotFoundError), self._open_parent(f"{folder}/-") as (descriptor, _):
            os.fsync(descriptor)

    def remove_temporary_files(self, folder: str) -> None:
        """Remove temporary files in `folder` ("." for this one) if it exists; see the function of this name."""
        with suppress(FileNotFoundError), self._open_parent(f"{folder}/-") as (descriptor, _):
            remove_temporary_files(descriptor)

    @contextmanager
    def _open_parent(self, name: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """The descriptor of the folder that holds `name`, created with `make`, and the last part of `name`."""
        *parts, last = PurePosixPath(name).parts
        descriptor = os.dup(self.descriptor)
        try:
            for depth, part in enumerate(parts, 1):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=descriptor)
                with self._refusing_links("/".join(parts[:depth])):
                    inner = os.open(part, _FOLDER_FLAGS, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor, last
        finally:
            os.close(descriptor)

    @contextmanager
    def _file(self, name: str) -> Iterator[io.FileIO]:
        with self._open_parent(name) as (folder, last):
            # Without O_NONBLOCK opening a named pipe would wait for a writer.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with self._refusing_links(name):
                descriptor = os.open(last, flags, dir_fd=folder)
                try:
                    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                        raise OSError(errno.ENOTDIR, "not a file")
                    yield io.FileIO(descriptor, closefd=False)
                finally:
                    os.close(descriptor)

    @contextmanager
    def _refusing_links(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.EMLINK):
                raise
            raise RefusedError(
                f"{self.path / name} is a symbolic link or not a regular file or folder; reportgen does not follow, "
                "write or delete it: move it away, or choose another output folder",
                code="RG008",
            ) from error
