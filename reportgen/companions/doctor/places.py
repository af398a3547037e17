"""Folders: the store, the output folder, and where temporary files go."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reportgen.companions.doctor.finding import Finding, path, size
from reportgen.disk import files, locks
from reportgen.errors import BusyError, MachineError, ReportgenError, reason
from reportgen.output import allowed_folders, manifest
from reportgen.output.manifest import Manifest

_NEEDED = 100e6
"""Bytes that the store and the report of a small experiment take."""

_COMFORTABLE = 1e9
"""Bytes with which the default experiment can be built some times over."""

_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "fuse.sshfs", "ncp")


def store_folder(named: Path | None) -> tuple[Path, str]:
    """Where a build keeps its work, and why there."""
    from reportgen.store.store import default_folder

    if named:
        return named, "--cache-dir"
    return default_folder(), "REPORTGEN_CACHE_DIR" if os.environ.get("REPORTGEN_CACHE_DIR") else "the user's caches"


def store(folder: Path, origin: str) -> Iterator[Finding]:
    """The store: what is in it, who can write to it, and the disk it lies on."""
    another = "choose another with --cache-dir or REPORTGEN_CACHE_DIR"
    if folder.parts[:1] == ("~",):
        yield Finding(
            "store",
            "note",
            "there is no home folder (HOME): the store would be made in the working folder",
            "set HOME, or REPORTGEN_CACHE_DIR to a folder for it",
        )
    elif folder.exists() and not folder.is_dir():
        yield Finding("store", "problem", f"{path(folder)} ({origin}) is not a folder", another)
        return
    else:
        yield _contents(folder, origin, another)
    yield from _place("store", folder, another)


def _contents(folder: Path, origin: str, another: str) -> Finding:
    what = f"{path(folder)} ({origin})"
    if not folder.is_absolute():
        return Finding("store", "note", f"{what} is another folder wherever you build", "give it an absolute path")
    if not folder.exists():
        return Finding("store", "ok", f"{what}, which the first build makes")
    from reportgen.store import housekeeping

    found = folder.stat()
    if found.st_mode & stat.S_IWOTH or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        return Finding(
            "store",
            "problem",
            f"{what} can be written by others, so builds refuse it",
            f"chmod o-w it if it is yours; else {another}, or build with --allow-shared-cache",
        )
    try:
        entries = housekeeping.entries(folder)
    except ReportgenError as error:
        return Finding("store", "problem", str(error), another)
    return Finding("store", "ok", f"{what}, {len(entries):,} entries, {size(sum(entry.size for entry in entries))}")


def output(out: Path, store: Path) -> Iterator[Finding]:
    """The output folder: whether a build may have it."""
    another = "reportgen build -o ANOTHER"
    try:
        allowed_folders.check(out, {}, store)
        if out.is_dir():
            yield Finding("output", "ok", f"{path(out)}, {_kind(out)}")
        elif out.exists() or out.is_symlink():
            yield Finding("output", "problem", f"{path(out)} is not a folder", another)
            return
        else:
            yield Finding("output", "ok", f"{path(out)}, which the first build makes")
    except ReportgenError as error:
        yield Finding("output", "problem", str(error), another)
        return
    except OSError as error:
        yield Finding("output", "problem", f"{path(out)} cannot be read: {reason(error)}", another)
        return
    yield from _place("output", out, another)


def _kind(out: Path) -> str:
    """What is in an output folder; raises `RefusedError` if that is not ours."""
    descriptor = os.open(out, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        folder = files.OpenFolder(descriptor, out)
        content = folder.read(manifest.NAME, manifest.LARGEST)
        known: Manifest | None = manifest.parse(content) if content else None
        if known is None:
            allowed_folders.check_foreign_files(folder)
            return "empty"
        return f"a report of {len(known.files):,} files"
    finally:
        os.close(descriptor)


def temporary() -> Finding:
    """Where films and reports that are verified are made."""
    try:
        with tempfile.TemporaryFile(prefix="reportgen-") as file:
            file.write(b"x" * 4096)
            file.flush()
            left = _free(Path(tempfile.gettempdir()))
    except OSError as error:
        return Finding(
            "temporary",
            "problem",
            f"no temporary file can be written: {reason(error)}",
            "set TMPDIR to a folder with room that you may write to",
        )
    text = f"{path(Path(tempfile.gettempdir()))}, {size(left)} free"
    if left < _NEEDED:
        return Finding("temporary", "problem", f"{text}, too little", "make room there, or set TMPDIR to another")
    return Finding("temporary", "ok", text)


def _place(name: str, folder: Path, another: str) -> Iterator[Finding]:
    """The file system under a folder, or under the first folder above it that there is."""
    there = _there(folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        yield Finding(
            f"{name} disk",
            "problem",
            f"{path(there)} cannot be written: {reason(error)}",
            f"give yourself permission, or {another}",
        )
        return
    left = _free(there)
    kind = file_system(there)
    network = any(kind == one or kind.startswith((f"{one}.", one)) for one in _NETWORK)
    text = f"{size(left)} free" + (f", {kind}" if kind else "")
    if left < _NEEDED:
        yield Finding(f"{name} disk", "problem", f"{text}: too little for a report", f"make room, or {another}")
    elif left < _COMFORTABLE:
        yield Finding(f"{name} disk", "note", f"{text}: enough for small experiments", f"make room, or {another}")
    elif network:
        yield Finding(
            f"{name} disk",
            "note",
            f"{text}: a network file system, on which other machines may not see our locks",
            "build into one folder from one machine at a time",
        )
    else:
        yield Finding(f"{name} disk", "ok", text)
    yield _locks(name, there)


def _locks(name: str, folder: Path) -> Finding:
    """Take a lock, and see that it keeps out a second one."""
    way = "build on a local disk, or with --no-lock if no other build uses the folder"
    try:
        with locks.shared(folder):
            if _lockable(folder):
                return Finding(f"{name} locks", "problem", "a folder that is locked can be locked once more", way)
    except BusyError:
        return Finding(f"{name} locks", "ok", "work: a build is using the folder just now")
    except (MachineError, OSError) as error:
        why = str(error) if isinstance(error, MachineError) else reason(error)
        return Finding(f"{name} locks", "problem", f"folders cannot be locked: {why}", way)
    return Finding(f"{name} locks", "ok", "work")


def _lockable(folder: Path) -> bool:
    """Whether the kernel would give the folder to somebody else alone."""
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _there(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())


def _free(folder: Path) -> float:
    found = os.statvfs(folder)
    return float(found.f_bavail * found.f_frsize)


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of file system, like "ext4"; empty where the kernel does not tell."""
    real, best = os.path.realpath(folder), ("", "")
    with suppress(OSError, ValueError, IndexError):
        for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            point = before.split()[4].replace("\\040", " ")
            inside = real == point or real.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):  # a later mount hides an earlier one
                best = (point, after.split()[0])
    return best[1]
