"""Settings of a build: how it works, and what the user allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from reportgen.executors import Progress, executors, no_progress
from reportgen.store.store import default_folder


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """Settings of a build that do not change its output."""

    cache: Path | None = None
    """The folder of the store; None for the cache folder of the user."""
    executor: str | Callable[[], Executor] = "processes"
    """The name of a registered executor, or a function that makes one."""
    progress: Progress = no_progress
    explain: Callable[[str], None] | None = None
    """Called with the reason why something is made again."""
    notice: Callable[[str], None] | None = None
    """Called before training with a sentence about an experiment that has too few runs to decide a comparison."""
    adopt: bool = False
    """Allow an output folder that has files that reportgen did not make."""
    overwrite_edited: bool = False
    """Replace files of a report that were edited."""
    no_lock: bool = False
    """Do not lock folders."""
    shared_cache: bool = False
    """Read a store that other users can write to."""

    def check_executor(self) -> None:
        """Raise `ExperimentError` for the name of an executor that neither we nor the plugins in use have."""
        if isinstance(self.executor, str):
            executors[self.executor]

    @property
    def store_folder(self) -> Path:
        """The folder of the store."""
        return self.cache or default_folder()
