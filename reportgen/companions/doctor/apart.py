"""Probes that run in a process of their own, because the libraries they load may crash, hang or print anything."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from threading import Timer

from reportgen.companions.doctor.finding import Finding

TIMEOUT = 180.0
"""Seconds that a probe may take; importing TensorFlow from a cold disk takes a minute."""

_LAST_LINES = 3
"""Number of lines that are shown of what a process printed before it died."""


def run_probe(module: str, probe: str, *arguments: str, timeout: float = TIMEOUT) -> Iterator[Finding]:
    """The findings of `probe(*arguments)` of `reportgen.companions.doctor.<module>`, which runs in another process.

    The probe also yields the name of each test before it starts, so that a crash can be attributed to it.
    """
    command = [sys.executable, "-P", "-m", __name__, module, probe, *arguments]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
        except OSError as error:
            yield Finding(
                probe,
                "problem",
                f"no other Python can be started: {error.strerror}",
                "allow more processes or memory, for a build starts some too",
            )
            return
        timer = Timer(timeout, process.kill)
        timer.daemon = True
        timer.start()
        test = probe
        try:
            with process:
                for line in process.stdout or ():
                    message = json.loads(line)
                    if isinstance(message, str):
                        test = message
                    else:
                        yield Finding(**message)
            hung = process.returncode == -signal.SIGKILL and not timer.is_alive()
        finally:
            timer.cancel()
            process.kill()  # the caller may have stopped reading
        if process.returncode:
            errors.seek(0)
            printed = errors.read().decode(errors="replace")
            how = f"took longer than {timeout:g} s" if hung else _describe_exit(process.returncode)
            yield crash_finding(test, how, printed)


def crash_finding(test: str, how: str, printed: str) -> Finding:
    """The finding for a test whose process died; `printed` is what it wrote to standard error."""
    last = " / ".join(line.strip() for line in printed.splitlines() if line.strip() and "WARNING" not in line)
    last = last[-300 * _LAST_LINES :]
    if "SIGILL" in how or "AVX" in printed:
        step = "its packages need a processor with AVX, and a virtual machine that passes it on: build elsewhere"
    elif "SIGKILL" in how:
        step = "most likely memory ran out: close other programs, or give this container more memory"
    else:
        step = "install again into a fresh environment: python3 -m venv, then pip install"
    return Finding(test, "problem", f"{test} {how}{f': {last}' if last else ''}", step)


def _describe_exit(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _main() -> None:
    from reportgen.disk.isolation import isolate_process

    isolate_process()
    module, probe, *arguments = sys.argv[1:]
    # What libraries print to standard output must not be read as findings.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for message in getattr(importlib.import_module(f"reportgen.companions.doctor.{module}"), probe)(*arguments):
        print(json.dumps(asdict(message) if isinstance(message, Finding) else message), file=channel, flush=True)


if __name__ == "__main__":
    _main()
