"""A tiny build as a shell would start it, with nothing in its environment but what a test puts there."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import reportgen

TINY = """\
title = "Tiny"
sections = ["penalties", "errors", "motion"]
formats = ["mp4"]

[data]
name = "line"
samples = 12
test_samples = 4

[network]
hidden = [3]

[training]
epochs = 4

[runs]
count = 2

[comparison]
resamples = 100

[[arms]]
name = "none"
penalty = "none"

[[arms]]
name = "l1"
penalty = "l1"
strength = 0.3
"""
"""Two arms of two runs, still pictures and moving ones, GIF, APNG and a film."""

# Which kernels a BLAS takes is the machine's business, and changes last digits.
_OF_THE_MACHINE = {name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "NVPL_"))}
# Where the package is that is tested, for processes that are not started in its folder.
_PACKAGE = {"PYTHONPATH": str(Path(reportgen.__file__).parent.parent)}

NOBODY = [
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    # May read what the tests' own user reads, such as the environment with all packages, and write nothing.
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
]


def works(*command: str) -> bool:
    """Whether a program that changes what a process may do is there, and allowed here."""
    return bool(shutil.which(command[0])) and not subprocess.run([*command, "true"], capture_output=True).returncode


def built(
    folder: Path,
    *,
    env: Mapping[str, str] = _PACKAGE,
    before: Sequence[str] = (),
    limit: str = "",
    more: Sequence[str] = (),
    experiment: str = TINY,
    **options: object,
) -> subprocess.CompletedProcess[str]:
    """What a build of the tiny experiment in `folder` says; its report is in `out` there.

    `before` are programs that start it, `limit` what a shell does first, `more` further options.
    """
    (folder / "tiny.toml").write_text(experiment, "utf-8")
    wanted = ["build", "tiny.toml", "-o", "out", "--cache-dir", "store", *more]
    call = [*before, sys.executable, "-m", "reportgen", *wanted]
    environment = {**_OF_THE_MACHINE, **_PACKAGE, **env}
    if limit:
        call = ["/bin/bash", "-c", f'{limit}; exec "$@"', "bash", *call]
    settings = {"capture_output": True, "text": True, "errors": "replace", "timeout": 300, **options}
    return subprocess.run(call, cwd=folder, env=environment, check=False, **settings)  # type: ignore[call-overload]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="session")
def ordinary(shared_folder: Path) -> dict[str, bytes]:
    """What the tiny build writes where nothing is special."""
    place = shared_folder / "ordinary"
    with (shared_folder / "ordinary.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            place.mkdir()
            done = built(place)
            assert done.returncode == 0, done.stderr
    return tree(place / "out")


@pytest.fixture
def anywhere() -> object:
    """A folder that everybody may use, below no folder of one user alone."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="reportgen ünder way ", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
