"""Libraries: which are installed, whether their versions will do, and whether they can be imported."""

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
from reportgen.version import DISTRIBUTION, __version__

_MODULES = {"pillow": "PIL", "scikit-learn": "sklearn", "markdown-it-py": "markdown_it"}
"""Those that are imported under another name than they are installed under."""

_SLOW = 15.0
"""Seconds for an import of TensorFlow that call for an explanation."""


def installed() -> Iterator[Finding]:
    """Python, reportgen, and what it names as its requirements."""
    try:
        about = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        yield _judged("python", platform.python_version(), ">=3.11", "")
        yield Finding(
            "reportgen",
            "problem",
            f"{__version__} runs, but is not installed: what it needs is not known",
            "pip install . in the folder of its sources",
        )
        return
    yield _judged("python", platform.python_version(), about["Requires-Python"] or "", "")
    yield Finding("reportgen", "ok", __version__)
    for name, wanted, extra in requirements(DISTRIBUTION):
        yield _found(name, wanted, extra)
        if name == "tensorflow":
            yield from (_found(*one) for one in _requirements_or_none(name) if one[0] == "keras")


def requirements(package: str) -> list[tuple[str, str, str]]:
    """Name, range of versions and extra of each requirement; sorted, those of no extra first."""
    found = []
    for line in importlib.metadata.requires(package) or ():
        line, _, marker = line.partition(";")
        parts = re.fullmatch(r"([\w.-]+)(?:\[.*?\])?\s*\(?([^)]*)\)?", line.strip())
        extra = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", marker)
        if parts:
            wanted = ", ".join(sorted((part.strip() for part in parts[2].split(",") if part.strip()), reverse=True))
            found.append((parts[1], wanted, extra[1] if extra else ""))
    return sorted(set(found), key=lambda one: (one[2], one[0]))


def _requirements_or_none(package: str) -> list[tuple[str, str, str]]:
    try:
        return requirements(package)
    except importlib.metadata.PackageNotFoundError:
        return []


def _found(name: str, wanted: str, extra: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if extra:
            return Finding(
                name, "note", f"not installed, only needed for {_EXTRAS.get(extra, extra)}", _get(name, wanted)
            )
        return Finding(name, "problem", f"not installed{f', needed: {wanted}' if wanted else ''}", _get(name, wanted))
    return _judged(name, version, wanted, extra)


_EXTRAS = {"video": "films (MP4, WebM)", "cluster": "training on other machines"}


def _judged(name: str, version: str, wanted: str, extra: str) -> Finding:
    if within(version, wanted):
        return Finding(name, "ok", f"{version}{f' ({wanted})' if wanted else ''}")
    step = "use another Python" if name == "python" else _get(name, wanted)
    return Finding(name, "note" if extra else "problem", f"{version} is outside of what is needed: {wanted}", step)


def _get(name: str, wanted: str = "") -> str:
    return f"pip install '{name}{wanted.replace(' ', '')}'"


def within(version: str, wanted: str) -> bool:
    """Whether a version lies in a range like ">=2.21, <2.22"; what it does not understand counts as fulfilled.

    `packaging` does this in full, but it is one of the things that may be missing.
    """
    ours = _numbers(version)
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        sign, bound = re.match(r"([<>=!~]*)\s*(.*)", part).groups()  # type: ignore[union-attr]  # it matches anything
        theirs = _numbers(bound.removesuffix(".*"))
        length = max(len(ours), len(theirs))
        a, b = (numbers + (0,) * (length - len(numbers)) for numbers in (ours, theirs))
        same = ours[: len(theirs)] == theirs if bound.endswith(".*") else a == b
        held = {
            ">=": a >= b, "<": a < b, ">": a > b, "<=": a <= b, "==": same, "!=": not same,
            "~=": a >= b and ours[: len(theirs) - 1] == theirs[:-1],
        }  # fmt: skip
        if not held.get(sign, True):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """`"2.21.0rc1"` → (2, 21, 0)."""
    return tuple(int(number) for number in re.match(r"\d*(\.\d+)*", version)[0].split(".") if number)  # type: ignore[index]  # it matches anything


def module_of(name: str) -> str:
    """What a requirement is imported as."""
    return _MODULES.get(name, name.replace("-", "_"))


def imports() -> Iterator[Finding | str]:
    """Import what builds import, TensorFlow last, as a worker does; for a process of its own."""
    from reportgen.training.process import compute_on_one_thread

    compute_on_one_thread()
    names = sorted(name for name, _, extra in _requirements_or_none(DISTRIBUTION) if not extra)
    names.sort(key=lambda name: name == "tensorflow")
    began = time.perf_counter()
    whole = True
    for name in names:
        yield name
        start = time.perf_counter()
        if name == "tensorflow":
            if whole:
                yield Finding("imports", "ok", f"all others can be imported, in {start - began:.1f} s")
            # The graphics card is hidden from builds; here it is asked for.
            os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        try:
            module = importlib.import_module(module_of(name))
        except Exception as error:
            whole = False
            yield _broken(name, error)
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
        "tensorflow", "note", f"{text}, and each worker of a build waits for that", "a second time it may be in memory"
    )


def _broken(name: str, error: Exception) -> Finding:
    own = isinstance(error, ModuleNotFoundError) and error.name == module_of(name)
    what = " ".join(str(error).split())[:400]
    return Finding(
        name,
        "problem",
        "cannot be imported: it is not there" if own else f"cannot be imported: {type(error).__name__}: {what}",
        f"pip install --force-reinstall '{name}'",
    )


def _gpu(devices: list[object]) -> Finding:
    card = Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists()
    if devices:
        return Finding("gpu", "ok", f"TensorFlow sees {len(devices)}; builds use the processor, which is faster here")
    text = "there is one, and TensorFlow does not see it" if card else "TensorFlow sees none"
    return Finding("gpu", "ok", f"{text}; builds use the processor")
