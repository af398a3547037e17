"""Versions of code, libraries and processor, on which the numbers of a run depend."""

import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from reportgen.version import __version__

CODE_EPOCH = 4
"""To be raised whenever training, data sets or initial weights change the numbers of the same run."""

_INSTRUCTIONS = ("avx", "avx2", "avx512f", "fma", "asimd", "sve")
"""Processor features that decide how sums are vectorized and rounded."""


def engine() -> dict[str, str]:
    """Versions of numerical libraries and our code, and the kind of processor.

    Patch releases are assumed to give the same numbers. Another processor may vectorize sums differently, which changes
    the last bits.
    """
    return _software() | {"processor": processor()}


def versions() -> dict[str, str]:
    """Versions that must be equal on machines that train for the same report."""
    return {"reportgen": __version__} | _software()


@cache
def processor() -> str:
    """The kind of processor and its features that change the last bits of numbers: `"x86_64 avx avx2 fma"`."""
    features: set[str] = set()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.lower().startswith(("flags", "features")):
                features = set(line.partition(":")[2].split())
                break
    return " ".join([platform.machine(), *(name for name in _INSTRUCTIONS if name in features)])


@cache  # called for every chunk of a sweep, and reads files
def _software() -> dict[str, str]:
    libraries = {name: ".".join(version(name).split(".")[:2]) for name in ("numpy", "tensorflow")}
    return libraries | {"code epoch": str(CODE_EPOCH)}
