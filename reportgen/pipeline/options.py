"""How a build does its work, and what a user allows it to do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from reportgen.executors import Progress, executors, no_progress
from reportgen.store.store import default_folder


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """Settings of a build that do not change what comes out."""

    cache: Path | None = None
    """The folder of the store; None for the user's cache folder."""
    executor: str | Callable[[], Executor] = "processes"
    """The name of a registered executor, or a function that makes one."""
    progress: Progress = no_progress
    explain: Callable[[str], None] | None = None
    """Told why each thing is made anew."""
    adopt: bool = False
    """Allow an output folder that holds files not known to be made by reportgen."""
    overwrite_edited: bool = False
    """Replace files of a report that were edited since."""
    no_lock: bool = False
    """Go on where folders cannot be locked."""
    shared_cache: bool = False
    """Read a store that others can write to."""

    def check_executor(self) -> None:
        """Raise `ExperimentError` for the name of an executor that neither we nor the plugins in use have."""
        if isinstance(self.executor, str):
            executors[self.executor]

    @property
    def store_folder(self) -> Path:
        """The folder of the store."""
        return self.cache or default_folder()
