"""Probes in a process of their own: what they load may crash, hang, or print whatever it likes."""

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

PATIENCE = 180.0
"""Seconds for all that one process tries; importing TensorFlow from a cold disk takes a minute."""

_LAST_LINES = 3
"""So many of what a process printed before it died are shown."""


def findings(module: str, probe: str, *arguments: str, patience: float = PATIENCE) -> Iterator[Finding]:
    """What `probe(*arguments)` of `reportgen.companions.doctor.<module>` finds in another process, as it finds it.

    It yields the names of what it is about to try, too, so that a death can be blamed on something.
    """
    command = [sys.executable, "-P", "-m", __name__, module, probe, *arguments]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)  # noqa: S603
        except OSError as error:
            yield Finding(
                probe,
                "problem",
                f"no other Python can be started: {error.strerror}",
                "allow more processes or memory, for a build starts some too",
            )
            return
        late = Timer(patience, process.kill)
        late.daemon = True
        late.start()
        tried = probe
        try:
            with process:
                for line in process.stdout or ():
                    told = json.loads(line)
                    if isinstance(told, str):
                        tried = told
                    else:
                        yield Finding(**told)
            hung = process.returncode == -signal.SIGKILL and not late.is_alive()
        finally:
            late.cancel()
            process.kill()  # nobody may be listening any more
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace")
            yield death(tried, f"took longer than {patience:g} s" if hung else _end(process.returncode), words)


def death(tried: str, how: str, words: str) -> Finding:
    """The finding that a process died of trying something, given what it printed before."""
    last = " / ".join(line.strip() for line in words.splitlines() if line.strip() and "WARNING" not in line)
    last = last[-300 * _LAST_LINES :]
    if "SIGILL" in how or "AVX" in words:
        step = "its packages need a processor with AVX, and a virtual machine that passes it on: build elsewhere"
    elif "SIGKILL" in how:
        step = "most likely memory ran out: close other programs, or allow this container more"
    else:
        step = "install again into a fresh environment: python3 -m venv, then pip install"
    return Finding(tried, "problem", f"{tried} {how}{f': {last}' if last else ''}", step)


def _end(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _main() -> None:
    from reportgen.disk.isolation import shut_out

    shut_out()
    module, probe, *arguments = sys.argv[1:]
    # Whatever libraries print to standard output shall not be taken for findings.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for found in getattr(importlib.import_module(f"reportgen.companions.doctor.{module}"), probe)(*arguments):
        print(json.dumps(asdict(found) if isinstance(found, Finding) else found), file=channel, flush=True)


if __name__ == "__main__":
    _main()
