"""Builds with the stub: two sites, one of which replaces the other, and how to start, stop and judge a build."""

from __future__ import annotations

import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soak

import reportgen

STUB = Path(__file__).parent / "stub.py"

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
NEW = _EXPERIMENT.format(title="New", sections='["experiment", "motion", "closed_form"]', samples=12) + _ARM.format(
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

    pid: int
    began: float
    said: Path
    told: Path
    _server: Server
    code: int | None = None
    """What it returned, or minus the signal that ended it."""
    ended: float = 0.0

    def wait(self, timeout: float = 120) -> int:
        self._server.wait(self, timeout)
        assert self.code is not None
        return self.code

    def is_running(self) -> bool:
        self._server.wait(self, 0)
        return self.code is None

    def kill_group(self) -> None:
        """SIGKILL to all of its processes at once, if any is left."""
        if self.code is None:
            with suppress(ProcessLookupError):  # it has ended, and we have not been told yet
                os.killpg(self.pid, signal.SIGKILL)

    def send(self, number: int) -> None:
        """A signal to it alone, if it is still there."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def sleep_until(self, seconds: float) -> None:
        """So long after it was started."""
        time.sleep(max(self.began + seconds - time.monotonic(), 0))

    @property
    def output(self) -> str:
        return self.said.read_text("utf-8")

    @property
    def errors(self) -> str:
        return self.told.read_text("utf-8", "replace")


class Server:
    """`stub.py --serve`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[int, Process] = {}
        self._rest = b""
        self._count = 0
        experiment = folder / "load.toml"
        experiment.write_text(NEW, "utf-8")
        environment = {**os.environ, **PACKAGE, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, STUB, "--serve", experiment],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert self._process.stdout
        self._answers = self._process.stdout.fileno()
        assert self._line(120) == [0]

    def start(
        self,
        args: Sequence[str],
        cwd: Path,
        *,
        stopped: bool = False,
        env: Mapping[str, str] | None = None,
        largest: int | None = None,
    ) -> Process:
        self._count += 1
        streams = [self._folder / f"{self._count}.{name}" for name in ("said", "told")]
        asked = {"args": args, "cwd": str(cwd), "env": dict(env or {}), "stopped": stopped, "largest": largest}
        asked |= dict(zip(("said", "told"), map(str, streams), strict=True))
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(asked)}\n".encode())
        self._process.stdin.flush()
        while len(answer := self._line(60)) > 1:
            self._end(*answer)
        process = Process(int(answer[0]), time.monotonic(), *streams, self)
        self._started[process.pid] = process
        return process

    def run(self, args: Sequence[str], cwd: Path, **options: object) -> Process:
        process = self.start(args, cwd, **options)  # type: ignore[arg-type]
        process.wait()
        return process

    def wait(self, process: Process, timeout: float) -> None:
        """Until it has ended; without a timeout, whether it has."""
        until = time.monotonic() + timeout
        while process.code is None:
            left = until - time.monotonic()
            answer = self._line(max(left, 0))
            if answer:
                self._end(*answer)
            elif timeout:
                process.kill_group()
                pytest.fail(f"still running after {timeout} s: {process.errors}")
            else:
                return

    def close(self) -> None:
        assert self._process.stdin
        for process in list(self._started.values()):
            process.kill_group()
        self._process.stdin.close()
        self._process.wait(30)

    def _end(self, pid: float, code: float) -> None:
        process = self._started.pop(int(pid))
        process.code, process.ended = int(code), time.monotonic()

    def _line(self, timeout: float) -> list[float]:
        while b"\n" not in self._rest:
            if not select.select([self._answers], [], [], timeout)[0]:
                return []
            more = os.read(self._answers, 65536)
            assert more, "the server has ended"
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return list(json.loads(line))


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
