"""Rebuilding after changes, and the state that browsers see meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Condition
from typing import TYPE_CHECKING, Any

from reportgen.companions.serve.answers import ServedSite, View
from reportgen.companions.serve.watching import FileState, snapshot
from reportgen.errors import MachineError, error_lines
from reportgen.text import plural

if TYPE_CHECKING:
    from reportgen.companions.serve import Source
    from reportgen.executors import Progress

POLL_SECONDS = 0.1
"""Time between two snapshots of the sources; longer if a snapshot itself takes long."""

QUIET_SECONDS = 0.04
"""Time without a change before a build starts: an editor may still be saving."""

MAX_WAIT_SECONDS = 2.0
"""Time after which a build starts even if the sources keep changing."""

_PROGRESS_SECONDS = 0.1
"""Time between two updates of the progress."""

_SIGNAL_SECONDS = 0.3
"""Time before the message about dead workers: a signal that ends the program ends its workers first."""

_LOG = logging.getLogger("reportgen")


class State:
    """The current view, shared by many threads."""

    def __init__(self, name: str) -> None:
        self._view = View(name=name)
        self._changed = Condition()
        self._ended = False

    @property
    def view(self) -> View:
        return self._view

    @property
    def ended(self) -> bool:
        return self._ended

    def show(self, **changes: Any) -> None:
        """Change fields of the view, and wake waiting threads."""
        with self._changed:
            self._view = replace(self._view, **changes)
            self._changed.notify_all()

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Change the progress of the running build; ignored if it has ended."""
        with self._changed:
            if self._view.working:
                self._view = replace(self._view, working=stage, done=done, total=total)
                self._changed.notify_all()

    def end(self) -> None:
        """End the preview, and wake waiting threads."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for_change(self, view: View | None, seconds: float) -> View:
        """Wait until the view is not `view`, the time has passed, or the preview ends; return the current view."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._view is not view, seconds)
            return self._view


class Builder:
    """Builds when the sources change, one build at a time."""

    def __init__(
        self,
        source: Source,
        write_message: Callable[[str], None],
        progress: Callable[[], AbstractContextManager[Progress]],
    ) -> None:
        self.state = State(source.name)
        self._source = source
        self._write_message = write_message
        self._progress = progress
        self._files: dict[str, FileState] = {}
        self._builds = 0

    def run(self) -> None:
        """Build now and after each change, until `state` has ended."""
        built = None
        while not self.state.ended:
            began = time.monotonic()
            files = self._snapshot()
            took = time.monotonic() - began
            if files != built:
                # The next snapshot sees later changes, also those during the build.
                built = self._wait_until_quiet()
                self._build()
            self._sleep(max(POLL_SECONDS, 10 * took))  # a snapshot of very many files must not keep a core busy

    def _snapshot(self) -> dict[str, FileState]:
        try:
            self._files = snapshot(self._source.watched())
        except Exception as error:  # the build reports the error; until then nothing counts as changed
            _LOG.debug("cannot list the watched files", exc_info=error)
        return self._files

    def _wait_until_quiet(self) -> dict[str, FileState]:
        until = time.monotonic() + MAX_WAIT_SECONDS
        files = self._files
        while time.monotonic() < until and not self.state.ended:
            self._sleep(QUIET_SECONDS)
            before, files = files, self._snapshot()
            if files == before:
                break
        return files

    def _sleep(self, seconds: float) -> None:
        self.state.wait_for_change(self.state.view, seconds)

    def _build(self) -> None:
        began = time.monotonic()
        self._builds += 1
        self.state.show(working="build", done=0, total=0)
        shown_at = 0.0
        try:
            with self._progress() as report:

                def progress(stage: str, done: int, total: int) -> None:
                    nonlocal shown_at
                    report(stage, done, total)
                    if time.monotonic() - shown_at >= _PROGRESS_SECONDS:
                        shown_at = time.monotonic()
                        self.state.show_progress(stage, done, total)

                site = ServedSite(self._source.build(progress), self._source.prefix, self.state.view.site)
        except Exception as error:
            if isinstance(error, MachineError):
                self._sleep(_SIGNAL_SECONDS)
            if not self.state.ended:
                _LOG.debug("a build failed", exc_info=error)
                message = "\n".join(error_lines(error))
                self.state.show(error=message, builds=self._builds, working="", done=0, total=0)
                self._write_message(f"{message}\nreportgen: waiting for a change")
            return
        self.state.show(site=site, error="", builds=self._builds, working="", done=0, total=0)
        self._write_message(f"reportgen: {plural(len(site.files), 'file')} in {time.monotonic() - began:.1f} s")
