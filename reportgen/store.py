"""The store: trained runs on disk, each named by the digest of everything that determines it.

An entry is one trajectory file, which carries its own checksum, put in place by one rename. A damaged entry is a
miss. Nothing in the store is ever executed, and all of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from reportgen import files
from reportgen.errors import MachineError, reason
from reportgen.run import Run, describe
from reportgen.stacking import groups
from reportgen.trajectory import Trajectory

CODE_EPOCH = 3
"""To be raised whenever training, data sets or initial weights come to give other numbers for the same run."""


def default_folder() -> Path:
    """`REPORTGEN_CACHE_DIR`, or where this platform keeps a user's caches."""
    named = os.environ.get("REPORTGEN_CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("reportgen")


class Store:
    """Trajectories by run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Versions of what the numbers depend on; a new patch release is trusted to give the same ones.
        self._engine = {name: version(name).split(".")[:2] for name in ("numpy", "tensorflow")} | {"code": CODE_EPOCH}

    def path(self, run: Run) -> Path:
        """Where the trajectory of `run` is, or would be."""
        determined_by = {"run": describe(run), "engine": self._engine}
        digest = hashlib.sha256(json.dumps(determined_by, sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.trajectory"

    def get(self, run: Run) -> Trajectory | None:
        """The stored trajectory, or None if there is none that can be trusted."""
        try:
            found = Trajectory.parse(self.path(run).read_bytes())
        except (OSError, ValueError):
            return None
        return found if found.source == run else None

    def put(self, trajectory: Trajectory) -> None:
        """Store a trajectory; at no time is there half an entry under its name."""
        try:
            files.put(self.path(trajectory.run), trajectory.dump())
        except OSError as error:
            raise MachineError(f"cannot write to the store {self.folder}: {reason(error)}") from error

    # A stand-in for the store of stages, with its two methods: dictionaries of arrays only.

    def recall(self, kind: str, key: str) -> Any | None:
        """What was kept as `kind` under `key`, or None if there is nothing that can be trusted."""
        try:
            with np.load(self.folder / key[:2] / f"{key}.{kind}", allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError):
            return None

    def keep(self, kind: str, key: str, value: Any) -> Any:
        """Store a value, and return it as `recall` will."""
        content = io.BytesIO()
        np.savez(content, **value)
        files.put(self.folder / key[:2] / f"{key}.{kind}", content.getvalue())
        return value

    def complete(self, runs: Iterable[Run], executor: Executor) -> Completion:
        """Have the executor train the runs that are missing."""
        wanted = list(dict.fromkeys(runs))
        found = {run: trajectory for run in wanted if (trajectory := self.get(run))}
        missing = [run for run in wanted if run not in found]
        # The longest job first, so that the others fill the time of the other workers.
        jobs = sorted(([missing[i] for i in group] for group in groups(missing)), key=_updates, reverse=True)
        return Completion(self, wanted, found, [executor.submit(train_into, self.folder, job) for job in jobs])


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
    from reportgen.training import train

    trajectories = train(runs)
    store = Store(folder)
    for trajectory in trajectories:
        store.put(trajectory)
    return len(trajectories)
