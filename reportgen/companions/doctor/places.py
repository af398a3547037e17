"""Tests of folders: the store, the output folder, and the folder of temporary files."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reportgen.companions.doctor.finding import Finding
from reportgen.disk import files, locks
from reportgen.errors import BusyError, MachineError, ReportgenError, reason
from reportgen.output import allowed_folders, manifest
from reportgen.output.manifest import Manifest
from reportgen.text import plural, size_text

_NEEDED = 100e6
"""Bytes that the store and the report of a small experiment take."""

_COMFORTABLE = 1e9
"""Bytes that several builds of the default experiment take."""

_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "fuse.sshfs", "ncp")


def store_folder(named: Path | None) -> tuple[Path, str]:
    """The store of a build, and the setting that chooses it."""
    from reportgen.store.store import default_folder

    if named:
        return named, "--cache-dir"
    return default_folder(), "REPORTGEN_CACHE_DIR" if os.environ.get("REPORTGEN_CACHE_DIR") else "the user's caches"


def store(folder: Path, origin: str) -> Iterator[Finding]:
    """Check the content of the store, who can write to it, and its disk."""
    another = "choose another with --cache-dir or REPORTGEN_CACHE_DIR"
    if folder.parts[:1] == ("~",):
        yield Finding(
            "store",
            "note",
            "there is no home folder (HOME): the store would be created in the working folder",
            "set HOME, or REPORTGEN_CACHE_DIR to a folder for it",
        )
    elif folder.exists() and not folder.is_dir():
        yield Finding("store", "problem", f"'{folder}' ({origin}) is not a folder", another)
        return
    else:
        yield _contents(folder, origin, another)
    yield from _check_disk("store", folder, another)


def _contents(folder: Path, origin: str, another: str) -> Finding:
    what = f"'{folder}' ({origin})"
    if not folder.is_absolute():
        text = f"{what} is relative, so each working folder gets a store of its own"
        return Finding("store", "note", text, "give it an absolute path")
    if not folder.exists():
        return Finding("store", "ok", f"{what}, which the first build creates")
    from reportgen.store import housekeeping

    status = folder.stat()
    if status.st_mode & stat.S_IWOTH or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
        return Finding(
            "store",
            "problem",
            f"other users can write to {what}, so builds refuse it",
            f"chmod o-w it if it is yours; else {another}, or build with --allow-shared-cache",
        )
    try:
        entries = housekeeping.entries(folder)
    except ReportgenError as error:
        return Finding("store", "problem", str(error), another)
    size = size_text(sum(entry.size for entry in entries))
    return Finding("store", "ok", f"{what}, {plural(len(entries), 'entry', 'entries')}, {size}")


def output(out: Path, store: Path) -> Iterator[Finding]:
    """Check that a build may write to the output folder."""
    another = "reportgen build -o ANOTHER"
    try:
        allowed_folders.check(out, {}, store)
        if out.is_dir():
            yield Finding("output", "ok", f"'{out}', {_describe_output(out)}")
        elif out.exists() or out.is_symlink():
            yield Finding("output", "problem", f"'{out}' is not a folder", another)
            return
        else:
            yield Finding("output", "ok", f"'{out}', which the first build creates")
    except ReportgenError as error:
        yield Finding("output", "problem", str(error), another)
        return
    except OSError as error:
        yield Finding("output", "problem", f"'{out}' cannot be read: {reason(error)}", another)
        return
    yield from _check_disk("output", out, another)


def _describe_output(out: Path) -> str:
    """The content of an output folder; raises `RefusedError` if it is not ours."""
    descriptor = os.open(out, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        folder = files.OpenFolder(descriptor, out)
        content = folder.read(manifest.NAME, manifest.LARGEST)
        known: Manifest | None = manifest.parse(content) if content else None
        if known is None:
            allowed_folders.check_foreign_files(folder)
            return "empty"
        return f"a report of {plural(len(known.files), 'file')}"
    finally:
        os.close(descriptor)


def temporary() -> Finding:
    """Check the folder of temporary files, in which videos are encoded and reports are verified."""
    try:
        with tempfile.TemporaryFile(prefix="reportgen-") as file:
            file.write(b"x" * 4096)
            file.flush()
            left = _free_bytes(Path(tempfile.gettempdir()))
    except OSError as error:
        return Finding(
            "temporary",
            "problem",
            f"no temporary file can be written: {reason(error)}",
            "set TMPDIR to a folder with free space that you may write to",
        )
    text = f"'{tempfile.gettempdir()}', {size_text(left)} free"
    if left < _NEEDED:
        return Finding("temporary", "problem", f"{text}, too little", "free some space, or set TMPDIR to another")
    return Finding("temporary", "ok", text)


def _check_disk(name: str, folder: Path, another: str) -> Iterator[Finding]:
    """Check the file system of a folder, or of the nearest parent folder that exists."""
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        yield Finding(
            f"{name} disk",
            "problem",
            f"'{existing}' cannot be written: {reason(error)}",
            f"give yourself permission, or {another}",
        )
        return
    left = _free_bytes(existing)
    kind = file_system(existing)
    text = f"{size_text(left)} free" + (f", {kind}" if kind else "")
    if left < _NEEDED:
        yield Finding(f"{name} disk", "problem", f"{text}: too little for a report", f"free some space, or {another}")
    elif left < _COMFORTABLE:
        step = f"free some space, or {another}"
        yield Finding(f"{name} disk", "note", f"{text}: enough for small experiments", step)
    elif kind.startswith(_NETWORK):
        yield Finding(
            f"{name} disk",
            "note",
            f"{text}: a network file system, on which other machines may not see our locks",
            "build into one folder from one machine at a time",
        )
    else:
        yield Finding(f"{name} disk", "ok", text)
    yield _check_locks(name, existing)


def _check_locks(name: str, folder: Path) -> Finding:
    """Lock a folder, and check that a second lock is refused."""
    step = "build on a local disk, or with --no-lock if no other build uses the folder"
    try:
        with locks.shared(folder):
            if _can_lock(folder):
                return Finding(f"{name} locks", "problem", "a folder that is locked can be locked once more", step)
    except BusyError:
        return Finding(f"{name} locks", "ok", "work: a build is using the folder just now")
    except (MachineError, OSError) as error:
        why = str(error) if isinstance(error, MachineError) else reason(error)
        return Finding(f"{name} locks", "problem", f"folders cannot be locked: {why}", step)
    return Finding(f"{name} locks", "ok", "work")


def _can_lock(folder: Path) -> bool:
    """True if the kernel grants an exclusive lock on the folder."""
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _free_bytes(folder: Path) -> float:
    status = os.statvfs(folder)
    return float(status.f_bavail * status.f_frsize)


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of a folder's file system, such as "ext4"; empty if the kernel does not say."""
    real, best = os.path.realpath(folder), ("", "")
    with suppress(OSError, ValueError, IndexError):
        for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            point = before.split()[4].replace("\\040", " ")
            inside = real == point or real.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):  # a later mount hides an earlier one
                best = (point, after.split()[0])
    return best[1]
