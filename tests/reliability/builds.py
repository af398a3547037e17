"""Builds with the stub: two sites, one of which replaces the other, and how to start, stop and judge a build."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import soak
from reliability import stub

import reportgen

STUB = Path(stub.__file__)

_EXPERIMENT = """\
title = "{title}"
sections = {sections}

[data]
name = "line"
samples = {samples}
test_samples = 4

[network]
hidden = [2]

[training]
epochs = 2

[recording]
every = 10

[runs]
count = 2

[comparison]
resamples = 100
"""
_ARM = '\n[[arms]]\nname = "{0}"\npenalty = "{0}"\nstrength = {1}\n'

OLD = _EXPERIMENT.format(title="Old", sections='["experiment", "motion"]', samples=11) + _ARM.format("none", 0)
NEW = _EXPERIMENT.format(title="New", sections='["experiment", "motion", "penalties"]', samples=12) + _ARM.format(
    "l1", 0.3
)
"""Another title, more data, another arm in place of the only one, and one more section, which has a study: files of the
old site change, go, and come. Runs, tables, stills, GIF and APNG."""

PACKAGE = {"PYTHONPATH": str(Path(reportgen.__file__).parent.parent)}
CI = bool(os.environ.get("CI"))
LEFT = re.compile(r"\.reportgen-[0-9a-f]+\.tmp")
"""Names of what a build that was killed has not finished writing."""


def command(
    experiment: str = "new.toml", out: str = "out", store: str = "store", executor: str = "serial"
) -> list[str]:
    return ["build", experiment, "-o", out, "--cache-dir", store, "--executor", executor, "--progress", "none"]


@dataclass
class Process:
    """A command that was started, in a session of its own."""

    process: BaseProcess
    said: Path
    told: Path
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    @property
    def code(self) -> int | None:
        """What it returned, or minus the signal that ended it; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float = 120) -> int:
        self.process.join(timeout)
        if self.code is None:
            self.kill_group()
            pytest.fail(f"still running after {timeout} s: {self.errors}")
        self.ended = self.ended or time.monotonic()
        return self.code

    def kill_group(self) -> None:
        """SIGKILL to all of its processes at once, if any is left."""
        for kill in (os.killpg, os.kill):  # until it has a session of its own there is no group of that number
            with suppress(ProcessLookupError):
                return kill(self.pid, signal.SIGKILL)

    def send(self, number: int) -> None:
        """A signal to it alone, if it is still there."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def sleep_until(self, seconds: float) -> None:
        """So long after it was started."""
        time.sleep(max(self.began + seconds - time.monotonic(), 0))

    @property
    def errors(self) -> str:
        return self.told.read_text("utf-8", "replace")


class Server:
    """Starts commands as forks of a process that has loaded what a build needs: a build of tenths of a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["reliability.stub"])
        experiment = folder / "load.toml"
        experiment.write_text(NEW, "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", f"{STUB.parents[1]}{os.pathsep}{PACKAGE['PYTHONPATH']}")
            patch.setenv("OPENBLAS_NUM_THREADS", "1")
            patch.setenv("REPORTGEN_STUB_LOAD", str(experiment))
            forkserver.ensure_running()

    def start(
        self,
        args: Sequence[str],
        cwd: Path,
        *,
        stopped: bool = False,
        env: Mapping[str, str] | None = None,
        largest: int | None = None,
    ) -> Process:
        said, told = (self._folder / f"{len(self._started)}.{name}" for name in ("said", "told"))
        told.touch()
        options = (args, cwd, dict(env or {}), said, told, stopped, largest)
        process = self._context.Process(target=stub.become, args=options, daemon=True)
        process.start()
        self._started.append(Process(process, said, told))
        return self._started[-1]

    def run(self, args: Sequence[str], cwd: Path, **options: object) -> Process:
        process = self.start(args, cwd, **options)  # type: ignore[arg-type]
        process.wait()
        return process

    def close(self) -> None:
        for process in self._started:
            if process.code is None:
                process.kill_group()


Tree = dict[str, bytes]


def tree(folder: Path) -> Tree:
    """Every file below a folder by its relative path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@dataclass
class Sites:
    """What uninterrupted builds have made, to compare with and to begin from. None of it may be changed."""

    folder: Path
    server: Server
    old: Tree = field(default_factory=dict)
    new: Tree = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """How long the new site takes: "cold" where the store has only what the old one needs, "warm" where it has all."""

    def __post_init__(self) -> None:
        self._write(self.folder)
        for name in ("old", "new"):
            assert self.server.run(command(f"{name}.toml", name, "store"), self.folder).code == 0
            shutil.copytree(self.folder / "store", self.folder / f"store-{name}")
            setattr(self, name, tree(self.folder / name))
        for which in ("cold", "warm"):
            place = self.place(self.folder / which, store="old" if which == "cold" else "new")
            env = {"REPORTGEN_STUB_TRAINED": "trained"}
            done = self.server.run(command(), place, env=env)
            assert done.code == 0, done.errors
            assert tree(place / "out") == self.new
            self.seconds[which] = done.ended - done.began
            if which == "cold":
                jobs = (place / "trained").read_text("utf-8").splitlines()
                assert len(jobs) >= 3, "too few to see which are done again"

    def place(self, folder: Path, *, store: str | None = "old", site: str | None = "old") -> Path:
        """A folder in which the new site is to replace the old one; `store` says whose work is stored."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._write(folder)
        if store:
            shutil.copytree(self.folder / f"store-{store}", folder / "store")
        if site:
            shutil.copytree(self.folder / site, folder / "out")
        return folder

    def finish(self, place: Path, **options: object) -> None:
        """Run the same command again: it makes the new site and leaves nothing that was to be temporary."""
        again = self.server.run(command(), place, **options)
        assert again.code == 0, again.errors
        assert tree(place / "out") == self.new
        assert left_behind(place / "out") == []

    def was_in_time(self, build: Process, which: str) -> bool:
        """Whether a build was stopped before it had ended; what is said of `seconds` follows what other programs leave
        of the processors."""
        if build.code == 0:
            self.seconds[which] = build.ended - build.began
            return False
        self.seconds[which] *= 1.02
        return True

    def is_whole(self, out: Path) -> str:
        """Which site `index.html` in `out` is, "old" or "new": with all that it shows, and with links that lead
        somewhere."""
        page = (out / "index.html").read_bytes()
        which = next((name for name in ("old", "new") if page == getattr(self, name)["index.html"]), "neither")
        assert which != "neither", "index.html is neither the old one nor the new one"
        shown, linked = links(page.decode())
        site = getattr(self, which)
        wrong = [name for name in shown if not _holds(out / name, [site[name]])]
        # A file that keeps its name may be ahead of the page, but never missing or half there.
        wrong += [
            name
            for name in linked
            if not _holds(out / name, [one[name] for one in (self.old, self.new) if name in one])
        ]
        assert wrong == [], f"the {which} index.html has other files than its own: {wrong}"
        return which

    @staticmethod
    def _write(folder: Path) -> None:
        for name, text in (("old", OLD), ("new", NEW)):
            (folder / f"{name}.toml").write_text(text, "utf-8")


def _holds(file: Path, contents: Iterable[bytes]) -> bool:
    return file.is_file() and file.read_bytes() in contents


def links(page: str) -> tuple[set[str], set[str]]:
    """The files that a page shows, and those that it leads to."""
    shown = set(re.findall(r'\b(?:src|poster)="([^":#?]+)"', page))
    for several in re.findall(r'\bsrcset="([^":#?]+)"', page):
        shown |= {one.split()[0] for one in several.split(",")}
    return shown, set(re.findall(r'\bhref="([^":#?]+)"', page)) - shown


def left_behind(folder: Path) -> list[str]:
    """Files that were to be temporary."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if LEFT.fullmatch(file.name))


def chance(name: str) -> random.Random:
    """Numbers for one test, which depend on the seed of the soak and on nothing else."""
    return random.Random(f"{soak.seed} {name}")


@dataclass
class Counted:
    """Counts what was tried and what failed, tells it, and then fails if anything did."""

    name: str
    done: int = 0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    """How often something else was seen, to tell with the count."""

    def note(self, what: str) -> None:
        self.notes[what] = self.notes.get(what, 0) + 1

    def trying(self, what: object) -> Counted:
        self._what = str(what)
        return self

    def __enter__(self) -> None:
        self.done += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if error is None or not isinstance(error, Exception | pytest.fail.Exception):
            return error is None
        self.failures.append(f"{self._what}: {type(error).__name__}: {error}"[:2000])
        return True

    def settle(self, least: int = 1) -> None:
        notes = "".join(f", {what}: {count:,}" for what, count in sorted(self.notes.items()))
        soak.record(f"{self.name}{notes}", self.done, len(self.failures))
        assert not self.failures, "\n".join(self.failures[:20])
        assert self.done >= least
