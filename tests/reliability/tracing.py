"""strace: which system calls a build makes, and what becomes of it when one of them kills it or fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from reliability.builds import CI, Process, Server

MAKING = ("rename", "renameat", "renameat2", "fsync", "fdatasync", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir")
"""What changes what is on disk under which name, and what makes it last."""
WRITING = ("openat", "write", "fsync", "rename", "renameat")


def check_strace() -> None:
    """Skip, or fail where it is meant to be there."""
    program = shutil.which("strace")
    if not program or subprocess.run([program, "true"], capture_output=True).returncode:
        reason = "strace is missing, or may not trace here"
        pytest.fail(reason) if CI else pytest.skip(reason)


def traced(server: Server, args: list[str], cwd: Path, calls: tuple[str, ...], inject: str = "") -> tuple[Process, str]:
    """Run a command under strace; return it, ended, and the log of its system calls.

    `inject` says what is to happen at which call, like "fsync:signal=KILL:when=3"; strace counts each call by itself.
    """
    build = server.start(args, cwd, stopped=True)
    _wait(build, "State:\tT")
    log = cwd / "strace.log"
    options = ["-f", "-e", f"trace={','.join(calls)}", "-e", "signal=none", "-y", "-s", "0", "-o", str(log)]
    options += ["-e", f"inject={inject}"] if inject else []
    tracer = subprocess.Popen(
        ["strace", *options, "-p", str(build.pid)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _wait(build, r"TracerPid:\t[1-9]")
        os.kill(build.pid, signal.SIGCONT)
        build.wait()
    finally:
        build.kill_group()
        tracer.wait(30)
    text = log.read_text("utf-8", "replace")
    log.unlink()
    return build, text


def _wait(build: Process, what: str) -> None:
    until = time.monotonic() + 30
    while not re.search(what, Path(f"/proc/{build.pid}/status").read_text("ascii", "replace")):
        assert time.monotonic() < until, f"no {what!r}: is tracing allowed here?"
        time.sleep(0.001)


def calls_made(log: str) -> list[tuple[str, int, str]]:
    """Each call of a log: its name, how many of that name there were with it, and the line."""
    counts: Counter[str] = Counter()
    made = []
    for line in log.splitlines():
        if found := re.match(r"(?:\d+ +)?(\w+)\(", line):
            counts[found[1]] += 1
            made.append((found[1], counts[found[1]], line))
    return made
