"""`reportgen doctor`: whether a report can be built on this machine, found out by trying.

Nothing is believed that can be tried: libraries are imported, a picture is encoded in every format, folders are written
to and locked. What may crash or hang is tried in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reportgen.companions.doctor.finding import Finding

__all__ = ["Finding", "Looking", "examine"]


@dataclass(frozen=True)
class Looking:
    """Said before what takes its time."""

    at: Literal["the libraries", "plugins", "pictures"]


def examine(out: Path, cache: Path | None = None, experiment: Path | None = None) -> Iterator[Finding | Looking]:
    """Everything that was found, as it is found.

    `out` and `cache` are where a build would write its report and its store; without `cache`, where it would choose.
    Of an `experiment` file the plugins are loaded.
    A build can run unless the level of a finding is "problem".
    """
    from reportgen.companions.doctor import apart, libraries, machine, places

    yield from libraries.installed()
    yield machine.bytecode()
    yield from machine.power()
    yield machine.terminal()
    try:
        store, origin = places.store_folder(cache)
        yield from places.store(store, origin)
        yield from places.output(out, store)
    except ImportError as error:  # what looks after folders needs some of the libraries
        text = f"not looked at: {error}"
        yield Finding("folders", "problem", text, "first get the libraries that are missing, then ask again")
    yield places.temporary()
    yield Looking("the libraries")
    yield from apart.findings("libraries", "imports")
    if experiment:
        yield Looking("plugins")
        yield from apart.findings("own_kinds", "load", str(experiment))
    yield Looking("pictures")
    yield from apart.findings("drawing", "templates")
    yield from apart.findings("drawing", "fonts")
    yield from apart.findings("drawing", "encoders")
