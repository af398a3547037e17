"""The store: finished work on disk, under cache keys.

An entry is one file: a trained run or a stage of a build. It has a checksum and is written by one rename, so any number
of builds may share a store. A damaged entry counts as missing. Nothing in the store is ever executed, and all of it may
be deleted at any time.
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
from reportgen.losses import loss_of
from reportgen.store import encoding, keys
from reportgen.store.remote import train_elsewhere
from reportgen.training.run import Run, settings_to_json
from reportgen.training.stacking import groups
from reportgen.training.trajectory import Trajectory
from reportgen.training.versions import engine

RUN = "trajectory"
"""The kind of an entry that holds a trained run."""

_DAY = 24 * 3600

T = TypeVar("T")


def default_folder() -> Path:
    """The folder `REPORTGEN_CACHE_DIR`, or the cache folder of the user on this platform."""
    named = os.environ.get("REPORTGEN_CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("reportgen")


@contextlib.contextmanager
def open_store(folder: Path, *, shared: bool = False, lock: bool = True) -> Iterator[Store]:
    """Open the store in `folder`, created if need be.

    A folder that other users can write to is refused, since an entry decides what a report says; with `shared` it is
    only read. A folder that cannot be written to is only read, too: new entries then last as long as the build.
    """
    with files.as_machine_error(folder, "make the store"):
        folder.mkdir(parents=True, exist_ok=True)
        status = folder.stat()
    foreign = status.st_mode & stat.S_IWOTH or (hasattr(os, "geteuid") and status.st_uid != os.geteuid())
    if foreign and not shared:
        raise RefusedError(
            f"other users can write to the store {folder}; choose another with --cache-dir, or only read it with "
            "--allow-shared-cache",
            code="RG103",
        )
    writable = not shared and _writable(folder)
    with (
        locks.shared(folder, lock=lock),
        contextlib.nullcontext() if writable else tempfile.TemporaryDirectory(prefix="reportgen-") as spill,
    ):
        if not writable and not shared:
            logging.getLogger("reportgen").warning("cannot write to the store %s: it will not keep this build", folder)
        yield Store(folder, Path(spill) if spill else None)


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class Store:
    """Entries by kind and key: those of `folder`, and new ones in `spill` if `folder` is only read."""

    def __init__(self, folder: Path, spill: Path | None = None) -> None:
        self.folder = folder
        self.target = spill or folder
        """The folder for new entries."""
        self._folders = [folder] if spill is None else [spill, folder]
        self._engine = engine()
        self._names: dict[Run, str] = {}
        self._damaged: set[Path] = set()

    def name(self, run: Run) -> str:
        """The key of a trained run."""
        if run not in self._names:
            # Users may edit data sets, penalties and losses; for the rest of the training code there is CODE_EPOCH.
            kinds = keys.of_kinds(run.data, run.penalty, loss_of(run.training.loss))
            self._names[run] = keys.key(
                {**self._engine, **kinds, "run": json.dumps(settings_to_json(run), sort_keys=True)}
            )
        return self._names[run]

    def path(self, run: Run) -> Path:
        """The path of the trajectory of `run`."""
        return _path(self.target, RUN, self.name(run))

    def get(self, run: Run) -> Trajectory | None:
        """The stored trajectory, or None if there is no valid one."""

        def parse(content: bytes) -> Trajectory:
            trajectory = Trajectory.parse(content)
            if trajectory.source != run:  # a renamed file
                raise ValueError("its content belongs to another entry")
            return trajectory

        return self._read(RUN, self.name(run), parse)

    def put(self, trajectory: Trajectory) -> None:
        """Store a trajectory, atomically."""
        self._write(RUN, self.name(trajectory.run), trajectory.dump())

    def recall(self, kind: str, key: str) -> Any | None:
        """The value of `kind` that was kept under `key`, or None if there is no valid one."""
        return self._read(kind, key, lambda content: encoding.decode(content, key))

    def keep(self, kind: str, key: str, value: Any) -> None:
        """Store a value that `encoding` can encode; `recall` returns an equal one."""
        self._write(kind, key, encoding.encode(value, key))

    def complete(self, runs: Iterable[Run], executor: Workers) -> Completion:
        """Let the executor train the missing runs."""
        wanted = list(dict.fromkeys(runs))
        stored = {run: trajectory for run in wanted if (trajectory := self.get(run))}
        missing = [run for run in wanted if run not in stored]
        # The longest job first, so that shorter ones fill the time of the other workers.
        jobs = sorted(([missing[i] for i in group] for group in groups(missing)), key=_updates, reverse=True)
        # Workers on this machine store their trajectories; remote ones send them here.
        start = self._train_elsewhere if executor.remote else self._train_here
        return Completion(self, wanted, stored, [start(executor, job) for job in jobs])

    def _train_here(self, executor: Workers, runs: Sequence[Run]) -> Future[int]:
        return executor.submit(train_into, self.target, runs)

    def _train_elsewhere(self, executor: Workers, runs: Sequence[Run]) -> Future[int]:
        outcome: Future[int] = Future()

        def store(training: Future[list[Trajectory]]) -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                for trajectory in training.result():
                    self.put(trajectory)
                outcome.set_result(len(runs))
            except BaseException as error:  # for the waiters of the future
                outcome.set_exception(error)

        training = train_elsewhere(executor, runs)
        outcome.add_done_callback(lambda outcome: training.cancel() if outcome.cancelled() else None)
        training.add_done_callback(store)
        return outcome

    def _read(self, kind: str, key: str, parse: Callable[[bytes], T]) -> T | None:
        for folder in self._folders:
            path = _path(folder, kind, key)
            try:
                value = parse(content(path))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                self._warn(path, reason(error) if isinstance(error, OSError) else str(error))
            else:
                _mark_used(path)
                return value
        return None

    def _warn(self, path: Path, why: str) -> None:
        if not self._damaged:  # warn only once: there may be thousands
            logging.getLogger("reportgen").warning(
                "damaged entry in the store, made again: %s: %s", path, why, extra={"code": "RG101"}
            )
        self._damaged.add(path)

    def _write(self, kind: str, key: str, content: bytes) -> None:
        path = _path(self.target, kind, key)
        try:
            try:
                files.put(path, content)
            except IsADirectoryError:  # not one of our entries: move it out of the way
                path.rename(f"{path}.moved-aside-{time.time_ns()}")
                files.put(path, content)
        except OSError as error:
            raise machine_error(self.folder, error, "write to the store") from error


def _path(folder: Path, kind: str, key: str) -> Path:
    return folder / key[:2] / f"{key}.{kind}"


def content(path: Path) -> bytes:
    """The bytes of an entry; raises `OSError`, or `ValueError` if it is not a regular file."""
    with files.open_regular(path, follow=False) as file:
        return file.read()


def _mark_used(path: Path) -> None:
    """Record in the modification time, to a day, that an entry is used, for `housekeeping`."""
    with contextlib.suppress(OSError):
        if path.lstat().st_mtime < time.time() - _DAY:
            os.utime(path, follow_symlinks=False)


class Completion:
    """Runs, some of which are still being trained."""

    def __init__(
        self, store: Store, wanted: Sequence[Run], trajectories: dict[Run, Trajectory], jobs: Sequence[Future[int]]
    ) -> None:
        self.jobs = jobs
        """One job for each group of runs that are trained together; its result is the number of runs."""
        self.missing = len(wanted) - len(trajectories)
        """How many runs were not in the store."""
        self._store, self._wanted, self._trajectories = store, wanted, trajectories

    def result(self) -> dict[Run, Trajectory]:
        """Wait for all jobs and return the trajectory of every run; raises the first error of a job."""
        for job in self.jobs:
            job.result()
        for run in self._wanted:
            if run not in self._trajectories:
                trajectory = self._store.get(run)
                if trajectory is None:
                    raise MachineError(f"the store {self._store.folder} lost a run that was just stored")
                self._trajectories[run] = trajectory
        return {run: self._trajectories[run] for run in self._wanted}


def _updates(runs: Sequence[Run]) -> int:
    return sum(run.steps for run in runs)


def train_into(folder: Path, runs: Sequence[Run]) -> int:
    """Train `runs`, store them and return their number; the job of a worker, since this imports TensorFlow."""
    from reportgen.training.compiled import train

    trajectories = train(runs)
    store = Store(folder)
    for trajectory in trajectories:
        store.put(trajectory)
    return len(trajectories)
