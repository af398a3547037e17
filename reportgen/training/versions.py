"""What the numbers of a run depend on besides the run itself."""

import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from reportgen.version import __version__

CODE_EPOCH = 3
"""To be raised whenever training, data sets or initial weights come to give other numbers for the same run."""

_INSTRUCTIONS = ("avx", "avx2", "avx512f", "fma", "asimd", "sve")
"""Those that decide how sums are vectorized and rounded."""


def engine() -> dict[str, str]:
    """Versions of the libraries that compute, our code, and the kind of processor.

    A new patch release is trusted to give the same numbers. Another processor is not: where sums are vectorized
    otherwise, the last bit differs.
    """
    return _software() | {"processor": processor()}


def versions() -> dict[str, str]:
    """What must be equal on two machines that share the training of one report."""
    return {"reportgen": __version__} | _software()


@cache
def processor() -> str:
    """The kind of processor, and what it can do that changes the last bits of numbers: `"x86_64 avx avx2 fma"`."""
    found: set[str] = set()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.lower().startswith(("flags", "features")):
                found = set(line.partition(":")[2].split())
                break
    return " ".join([platform.machine(), *(name for name in _INSTRUCTIONS if name in found)])


@cache  # asked for every chunk of a sweep, and looked up on disk
def _software() -> dict[str, str]:
    libraries = {name: ".".join(version(name).split(".")[:2]) for name in ("numpy", "tensorflow")}
    return libraries | {"code epoch": str(CODE_EPOCH)}
