"""`reportgen doctor`: test whether this machine can build a report.

It does the things that a build does: it imports the libraries, encodes a picture in every format, writes to the folders
and locks them. A test that may crash or hang runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reportgen.companions.doctor.finding import Finding

__all__ = ["Finding", "SlowTest", "examine"]


@dataclass(frozen=True)
class SlowTest:
    """Announces a test that takes some seconds."""

    subject: Literal["the libraries", "plugins", "pictures"]


def examine(out: Path, cache: Path | None = None, experiment: Path | None = None) -> Iterator[Finding | SlowTest]:
    """All findings, each as soon as it is known.

    `out` is the output folder and `cache` the store of a build; without `cache` it is the default store. The
    plugins of an `experiment` file are loaded. A build can run unless the level of a finding is "problem".
    """
    from reportgen.companions.doctor import apart, libraries, machine, places

    yield from libraries.check_versions()
    yield machine.bytecode()
    yield from machine.processor_and_memory()
    yield machine.terminal()
    try:
        store, origin = places.store_folder(cache)
        yield from places.store(store, origin)
        yield from places.output(out, store)
    except ImportError as error:  # the code for folders needs some of the libraries
        text = f"not checked: {error}"
        yield Finding("folders", "problem", text, "install the missing libraries, then run reportgen doctor again")
    yield places.temporary()
    yield SlowTest("the libraries")
    yield from apart.run_probe("libraries", "imports")
    if experiment:
        yield SlowTest("plugins")
        yield from apart.run_probe("own_kinds", "load", str(experiment))
    yield SlowTest("pictures")
    yield from apart.run_probe("drawing", "templates")
    yield from apart.run_probe("drawing", "fonts")
    yield from apart.run_probe("drawing", "encoders")
