"""Building again and again, and what there is to see meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Condition
from typing import TYPE_CHECKING, Any

from reportgen.companions.serve.answers import ServedSite, View
from reportgen.companions.serve.watching import Look, snapshot
from reportgen.errors import MachineError, ReportgenError, machine_error

if TYPE_CHECKING:
    from reportgen.companions.serve import Source
    from reportgen.executors import Progress

EVERY = 0.1
"""Seconds between two looks at the sources, unless they are so many that looking takes a while."""

STILL = 0.04
"""Seconds that nothing must change before a build: a program that saves may not be done."""

PATIENCE = 2.0
"""Seconds after which a source that keeps changing is built all the same."""

_BETWEEN_TOLD = 0.1

_AT_THE_END = 0.3
"""Seconds between a failed build and its message where workers died: a signal ends them first, and then us."""

_LOG = logging.getLogger("reportgen")


class State:
    """What there is to see, for many threads."""

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
        """Change what there is to see, by the names of the parts of a `View`."""
        with self._changed:
            self._view = replace(self._view, **changes)
            self._changed.notify_all()

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Tell how far a build is; nothing if it has ended meanwhile."""
        with self._changed:
            if self._view.working:
                self._view = replace(self._view, working=stage, done=done, total=total)
                self._changed.notify_all()

    def end(self) -> None:
        """Wake everyone who waits, for the last time."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def after(self, view: View | None, seconds: float) -> View:
        """What there is to see once it is not `view` any more, or nothing comes for a time, or all ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._view is not view, seconds)
            return self._view


class Builder:
    """Builds when sources change; one build at a time, of what is newest."""

    def __init__(
        self,
        source: Source,
        tell: Callable[[str], None],
        progress: Callable[[], AbstractContextManager[Progress]],
    ) -> None:
        self.state = State(source.name)
        self._source = source
        self._tell = tell
        self._progress = progress
        self._looked: dict[str, Look] = {}
        self._builds = 0

    def run(self) -> None:
        """Build, and again after each change, until `state` has ended."""
        built = None
        while not self.state.ended:
            began = time.monotonic()
            now = self._look()
            took = time.monotonic() - began
            if now != built:
                # What changes after this look is seen by the next one, also what changes during the build.
                built = self._look_at_rest()
                self._build()
            self._sleep(max(EVERY, 10 * took))  # looking at very many files shall not keep a core busy

    def _look(self) -> dict[str, Look]:
        try:
            self._looked = snapshot(self._source.watched())
        except Exception as error:  # the build will tell of it; until then it is as if nothing had changed
            _LOG.debug("could not tell what to watch", exc_info=error)
        return self._looked

    def _look_at_rest(self) -> dict[str, Look]:
        until = time.monotonic() + PATIENCE
        now = self._looked
        while time.monotonic() < until and not self.state.ended:
            self._sleep(STILL)
            before, now = now, self._look()
            if now == before:
                break
        return now

    def _sleep(self, seconds: float) -> None:
        self.state.after(self.state.view, seconds)

    def _build(self) -> None:
        began = time.monotonic()
        self._builds += 1
        self.state.show(working="build", done=0, total=0)
        told = 0.0
        try:
            with self._progress() as report:

                def progress(stage: str, done: int, total: int) -> None:
                    nonlocal told
                    report(stage, done, total)
                    if time.monotonic() - told >= _BETWEEN_TOLD:
                        told = time.monotonic()
                        self.state.show_progress(stage, done, total)

                site = ServedSite(self._source.build(progress), self._source.prefix, self.state.view.site)
        except Exception as error:
            if isinstance(error, MachineError):
                self._sleep(_AT_THE_END)
            if not self.state.ended:
                words = _words(error)
                self.state.show(error=words, builds=self._builds, working="", done=0, total=0)
                self._tell(f"{words}\nreportgen: waiting for a change")
            return
        self.state.show(site=site, error="", builds=self._builds, working="", done=0, total=0)
        self._tell(f"reportgen: {len(site.files):,} files in {time.monotonic() - began:.1f} s")


def _words(error: Exception) -> str:
    """An error as the command line would print it."""
    match error:
        case ReportgenError():
            return f"reportgen{f'[{error.code}]' if error.code else ''}: {error}"
        case MemoryError():
            return "reportgen: out of memory; close other programs, or run again with --executor serial"
        case OSError():
            return _words(machine_error(error.filename2 or error.filename or "a file", error, "use"))
    _LOG.debug("a build failed", exc_info=error)
    return f"reportgen: mistake in reportgen: {type(error).__name__}: {error}"
