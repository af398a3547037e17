"""Tests of libraries: whether each is installed, in a version that fits, and can be imported."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import time
from collections.abc import Iterator
from pathlib import Path

from reportgen.companions.doctor.finding import Finding
from reportgen.text import plural
from reportgen.version import DISTRIBUTION, __version__

_MODULES = {"pillow": "PIL", "scikit-learn": "sklearn", "markdown-it-py": "markdown_it"}
"""Packages whose module has another name."""

_SLOW = 15.0
"""Seconds from which on an import of TensorFlow is a note."""


def check_versions() -> Iterator[Finding]:
    """Compare the versions of Python and of the requirements of reportgen with the ranges that it states."""
    try:
        about = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        yield _version_finding("python", platform.python_version(), ">=3.11", "")
        yield Finding(
            "reportgen",
            "problem",
            f"{__version__} runs, but is not installed, so its requirements are not known",
            "pip install . in the folder of its sources",
        )
        return
    yield _version_finding("python", platform.python_version(), about["Requires-Python"] or "", "")
    yield Finding("reportgen", "ok", __version__)
    for name, versions, extra in requirements(DISTRIBUTION):
        yield _check_requirement(name, versions, extra)
        if name == "tensorflow":
            yield from (_check_requirement(*needed) for needed in _requirements_or_none(name) if needed[0] == "keras")


def requirements(package: str) -> list[tuple[str, str, str]]:
    """Name, range of versions and extra of each requirement, sorted; requirements without an extra come first."""
    parsed = []
    for line in importlib.metadata.requires(package) or ():
        line, _, marker = line.partition(";")
        parts = re.fullmatch(r"([\w.-]+)(?:\[.*?\])?\s*\(?([^)]*)\)?", line.strip())
        extra = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", marker)
        if parts:
            versions = ", ".join(sorted((part.strip() for part in parts[2].split(",") if part.strip()), reverse=True))
            parsed.append((parts[1], versions, extra[1] if extra else ""))
    return sorted(set(parsed), key=lambda needed: (needed[2], needed[0]))


def _requirements_or_none(package: str) -> list[tuple[str, str, str]]:
    try:
        return requirements(package)
    except importlib.metadata.PackageNotFoundError:
        return []


def _check_requirement(name: str, versions: str, extra: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if extra:
            text = f"not installed, only needed for {_EXTRAS.get(extra, extra)}"
            return Finding(name, "note", text, _pip_command(name, versions))
        text = f"not installed{f', needed: {versions}' if versions else ''}"
        return Finding(name, "problem", text, _pip_command(name, versions))
    return _version_finding(name, version, versions, extra)


_EXTRAS = {"video": "video (MP4, WebM)", "cluster": "training on other machines"}


def _version_finding(name: str, version: str, versions: str, extra: str) -> Finding:
    if is_in_range(version, versions):
        return Finding(name, "ok", f"{version}{f' ({versions})' if versions else ''}")
    step = "use another Python" if name == "python" else _pip_command(name, versions)
    return Finding(name, "note" if extra else "problem", f"{version} is outside the required range {versions}", step)


def _pip_command(name: str, versions: str = "") -> str:
    return f"pip install '{name}{versions.replace(' ', '')}'"


def is_in_range(version: str, versions: str) -> bool:
    """True if a version lies in a range like ">=2.21, <2.22"; conditions of unknown syntax count as fulfilled.

    The package `packaging` does this in full, but it may be missing.
    """
    ours = _numbers(version)
    for part in filter(None, (part.strip() for part in versions.split(","))):
        sign, bound = re.match(r"([<>=!~]*)\s*(.*)", part).groups()  # type: ignore[union-attr]  # it matches anything
        theirs = _numbers(bound.removesuffix(".*"))
        length = max(len(ours), len(theirs))
        a, b = (numbers + (0,) * (length - len(numbers)) for numbers in (ours, theirs))
        same = ours[: len(theirs)] == theirs if bound.endswith(".*") else a == b
        holds = {
            ">=": a >= b, "<": a < b, ">": a > b, "<=": a <= b, "==": same, "!=": not same,
            "~=": a >= b and ours[: len(theirs) - 1] == theirs[:-1],
        }  # fmt: skip
        if not holds.get(sign, True):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """`"2.21.0rc1"` → (2, 21, 0)."""
    return tuple(int(number) for number in re.match(r"\d*(\.\d+)*", version)[0].split(".") if number)  # type: ignore[index]  # it matches anything


def module_of(name: str) -> str:
    """The module of a requirement."""
    return _MODULES.get(name, name.replace("-", "_"))


def imports() -> Iterator[Finding | str]:
    """Import the requirements as a worker does, TensorFlow last; for a process of its own."""
    from reportgen.training.process import compute_on_one_thread

    compute_on_one_thread()
    names = sorted(name for name, _, extra in _requirements_or_none(DISTRIBUTION) if not extra)
    names.sort(key=lambda name: name == "tensorflow")
    began = time.perf_counter()
    complete = True
    for name in names:
        yield name
        start = time.perf_counter()
        if name == "tensorflow":
            if complete:
                yield Finding("imports", "ok", f"all other libraries can be imported, in {start - began:.1f} s")
            # Builds hide the graphics card; this test looks for it.
            os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        try:
            module = importlib.import_module(module_of(name))
        except Exception as error:
            complete = False
            yield _import_failure(name, error)
            continue
        if name == "tensorflow":
            seconds = time.perf_counter() - start
            yield _tensorflow(str(module.__file__), seconds)
            yield "gpu"
            yield _gpu(module.config.list_physical_devices("GPU"))


def _tensorflow(file: str, seconds: float) -> Finding:
    text = f"imported in {seconds:.1f} s from '{Path(file).parent}'"
    if seconds < _SLOW:
        return Finding("tensorflow", "ok", text)
    return Finding(
        "tensorflow",
        "note",
        f"{text}, and each worker of a build waits that long",
        "run it again; the second import is faster if the files are still in memory",
    )


def _import_failure(name: str, error: Exception) -> Finding:
    is_missing = isinstance(error, ModuleNotFoundError) and error.name == module_of(name)
    why = "the module is missing" if is_missing else f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
    return Finding(name, "problem", f"cannot be imported: {why}", f"pip install --force-reinstall '{name}'")


def _gpu(devices: list[object]) -> Finding:
    card = Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists()
    if devices:
        text = f"TensorFlow sees {plural(len(devices), 'card')}; builds use the processor, which is faster here"
        return Finding("gpu", "ok", text)
    text = "TensorFlow does not see the card of this machine" if card else "TensorFlow sees none"
    return Finding("gpu", "ok", f"{text}; builds use the processor")
