"""The store: finished work on disk, each piece named by the digest of everything that determines it.

An entry is one file, a trained run or a stage of a build. It carries its own checksum and is put in place by one
rename, so any number of builds may share a store. A damaged entry is a miss. Nothing in the store is ever executed, and
all of it may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from reportgen.disk import files, locks
from reportgen.errors import MachineError, RefusedError, machine_error, reason
from reportgen.executors import Workers
from reportgen.store import encoding, keys
from reportgen.store.remote import train_elsewhere
from reportgen.training.run import Run, settings_to_json
from reportgen.training.stacking import groups
from reportgen.training.trajectory import Trajectory
from reportgen.training.versions import engine

RUN = "trajectory"
"""The kind of an entry that is a trained run."""

_DAY = 24 * 3600

T = TypeVar("T")


def default_folder() -> Path:
    """`REPORTGEN_CACHE_DIR`, or where this platform keeps a user's caches."""
    named = os.environ.get("REPORTGEN_CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("reportgen")


@contextlib.contextmanager
def opened(folder: Path, *, shared: bool = False, lock: bool = True) -> Iterator[Store]:
    """The store in `folder`, made if need be.

    A folder that others could write to is refused, since whoever writes an entry decides what a report says; with
    `shared` it is read, and nothing is written there. So it is with a folder that cannot be written: what is made then
    lasts as long as the build.
    """
    with files.as_machine_error(folder, "make the store"):
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.stat()
    foreign = found.st_mode & stat.S_IWOTH or (hasattr(os, "geteuid") and found.st_uid != os.geteuid())
    if foreign and not shared:
        raise RefusedError(
            f"the store {folder} can be written by others; choose another with --cache-dir, or read it without writing "
            "to it with --allow-shared-cache",
            code="RG103",
        )
    writable = not shared and _writable(folder)
    with (
        locks.shared(folder, lock=lock),
        contextlib.nullcontext() if writable else tempfile.TemporaryDirectory(prefix="reportgen-") as spill,
    ):
        if not writable and not shared:
            logging.getLogger("reportgen").warning("cannot write to the store %s: this build is not kept there", folder)
        yield Store(folder, Path(spill) if spill else None)


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class Store:
    """Entries by kind and key: those of `folder`, and those of `spill` if what is new has to go elsewhere."""

    def __init__(self, folder: Path, spill: Path | None = None) -> None:
        self.folder = folder
        self.target = spill or folder
        """Where what is new goes."""
        self._folders = [folder] if spill is None else [spill, folder]
        self._engine = engine()
        self._names: dict[Run, str] = {}
        self._damaged: set[Path] = set()

    def name(self, run: Run) -> str:
        """The key of a trained run."""
        if run not in self._names:
            # The rest of what trains is told by its epoch; data sets and penalties are for anyone to edit.
            kinds = keys.of_kinds(run.data, run.penalty)
            self._names[run] = keys.key(
                {**self._engine, **kinds, "run": json.dumps(settings_to_json(run), sort_keys=True)}
            )
        return self._names[run]

    def path(self, run: Run) -> Path:
        """Where the trajectory of `run` is written."""
        return _path(self.target, RUN, self.name(run))

    def get(self, run: Run) -> Trajectory | None:
        """The stored trajectory, or None if there is none that can be trusted."""

        def parse(content: bytes) -> Trajectory:
            found = Trajectory.parse(content)
            if found.source != run:  # whole, and renamed
                raise ValueError("it is another entry than its name says")
            return found

        return self._read(RUN, self.name(run), parse)

    def put(self, trajectory: Trajectory) -> None:
        """Store a trajectory; at no time is there half an entry under its name."""
        self._write(RUN, self.name(trajectory.run), trajectory.dump())

    def recall(self, kind: str, key: str) -> Any | None:
        """What was kept as `kind` under `key`, or None if there is nothing that can be trusted."""
        return self._read(kind, key, lambda content: encoding.decode(content, key))

    def keep(self, kind: str, key: str, value: Any) -> None:
        """Store a value that `encoding` knows; `recall` returns an equal one."""
        self._write(kind, key, encoding.encode(value, key))

    def complete(self, runs: Iterable[Run], executor: Workers) -> Completion:
        """Have the executor train the runs that are missing."""
        wanted = list(dict.fromkeys(runs))
        found = {run: trajectory for run in wanted if (trajectory := self.get(run))}
        missing = [run for run in wanted if run not in found]
        # The longest job first, so that the others fill the time of the other workers.
        jobs = sorted(([missing[i] for i in group] for group in groups(missing)), key=_updates, reverse=True)
        # Workers of this machine store what they have trained themselves; others send it here.
        start = self._train_elsewhere if executor.remote else self._train_here
        return Completion(self, wanted, found, [start(executor, job) for job in jobs])

    def _train_here(self, executor: Workers, runs: Sequence[Run]) -> Future[int]:
        return executor.submit(train_into, self.target, runs)

    def _train_elsewhere(self, executor: Workers, runs: Sequence[Run]) -> Future[int]:
        stored: Future[int] = Future()

        def store(training: Future[list[Trajectory]]) -> None:
            if not stored.set_running_or_notify_cancel():
                return
            try:
                for trajectory in training.result():
                    self.put(trajectory)
                stored.set_result(len(runs))
            except BaseException as error:  # whoever waits for the future is told
                stored.set_exception(error)

        training = train_elsewhere(executor, runs)
        stored.add_done_callback(lambda stored: training.cancel() if stored.cancelled() else None)
        training.add_done_callback(store)
        return stored

    def _read(self, kind: str, key: str, parse: Callable[[bytes], T]) -> T | None:
        for folder in self._folders:
            path = _path(folder, kind, key)
            try:
                found = parse(content(path))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                self._warn(path, reason(error) if isinstance(error, OSError) else str(error))
            else:
                _mark_used(path)
                return found
        return None

    def _warn(self, path: Path, why: str) -> None:
        if not self._damaged:  # of the first one only: where there is one there may be thousands
            logging.getLogger("reportgen").warning(
                "damaged entry in the store, made again: %s: %s", path, why, extra={"code": "RG101"}
            )
        self._damaged.add(path)

    def _write(self, kind: str, key: str, content: bytes) -> None:
        path = _path(self.target, kind, key)
        try:
            try:
                files.put(path, content)
            except IsADirectoryError:  # nobody of ours has put it there; a rename moves it out of the way, unread
                path.rename(f"{path}.moved-aside-{time.time_ns()}")
                files.put(path, content)
        except OSError as error:
            raise machine_error(self.folder, error, "write to the store") from error


def _path(folder: Path, kind: str, key: str) -> Path:
    return folder / key[:2] / f"{key}.{kind}"


def content(path: Path) -> bytes:
    """What an entry holds; raises `OSError`, or `ValueError` if it is no regular file."""
    with files.open_regular(path, follow=False) as file:
        return file.read()


def _mark_used(path: Path) -> None:
    """So that clearing out can tell what is still used, to a day."""
    with contextlib.suppress(OSError):
        if path.lstat().st_mtime < time.time() - _DAY:
            os.utime(path, follow_symlinks=False)


class Completion:
    """Runs of which some are still being trained."""

    def __init__(
        self, store: Store, wanted: Sequence[Run], found: dict[Run, Trajectory], jobs: Sequence[Future[int]]
    ) -> None:
        self.jobs = jobs
        """One for each program that is being trained; its result is how many runs it was."""
        self.missing = len(wanted) - len(found)
        """How many runs were not in the store."""
        self._store, self._wanted, self._found = store, wanted, found

    def result(self) -> dict[Run, Trajectory]:
        """Every run's trajectory, when all are there; raises what went wrong if anything did."""
        for job in self.jobs:
            job.result()
        for run in self._wanted:
            if run not in self._found:
                trajectory = self._store.get(run)
                if trajectory is None:
                    raise MachineError(f"the store {self._store.folder} lost a run that it had just taken")
                self._found[run] = trajectory
        return {run: self._found[run] for run in self._wanted}


def _updates(runs: Sequence[Run]) -> int:
    return sum(run.steps for run in runs)


def train_into(folder: Path, runs: Sequence[Run]) -> int:
    """Train `runs` and store them; the job of a worker, since this imports TensorFlow. Returns how many there were."""
    from reportgen.training.compiled import train

    trajectories = train(runs)
    store = Store(folder)
    for trajectory in trajectories:
        store.put(trajectory)
    return len(trajectories)
