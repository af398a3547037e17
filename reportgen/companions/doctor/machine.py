"""The machine: what computes, how much memory there is, and what a terminal can show."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reportgen.companions.doctor.finding import Finding, size

_WORKER = 700e6
"""Bytes that a worker takes which trains the default experiment, TensorFlow included."""

_LETTERS = "λ−×·→é"


def power(root: Path = Path("/")) -> Iterator[Finding]:
    """Processor and memory; `root` is where /proc and /sys are."""
    from reportgen.executors import cores
    from reportgen.training.versions import processor

    usable, there, quota = cores(), os.cpu_count() or 1, _quota(root)
    of = f" of {there}" if there != usable else ""
    text = f"{processor()}, {usable} {'core' if usable == 1 else 'cores'}{of} to use"
    if quota and quota < usable:
        yield Finding(
            "processor",
            "note",
            f"{text}, but a quota of {quota:g}: as many workers as cores are started, and wait for each other",
            f"taskset -c 0-{max(0, round(quota) - 1)} reportgen build",
        )
    else:
        yield Finding("processor", "ok", text)
    yield _memory(root, max(usable, 2))


def _memory(root: Path, workers: int) -> Finding:
    left, total = available(root)
    if left is None:
        return Finding("memory", "note", "how much there is cannot be found out")
    text = f"{size(left)} free" + (f" of {size(total)}" if total else "")
    if left < _WORKER:
        return Finding(
            "memory", "problem", f"{text}; a worker takes {size(_WORKER)}", "close other programs, or allow more memory"
        )
    if left < _WORKER * workers:
        fewer = max(1, int(left / _WORKER))
        return Finding(
            "memory",
            "note",
            f"{text}; {workers} workers may take {size(_WORKER * workers)}",
            f"taskset -c 0-{fewer - 1} reportgen build" if fewer > 1 else "reportgen build --executor serial",
        )
    return Finding("memory", "ok", text)


def available(root: Path = Path("/")) -> tuple[float | None, float | None]:
    """Bytes of memory that may still be used, and of all, by the machine's count or this container's limit."""
    left = total = None
    with suppress(OSError, ValueError, IndexError):
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
        found = {line.split(":")[0]: float(line.split()[1]) * 1024 for line in lines}
        left, total = found.get("MemAvailable"), found.get("MemTotal")
    for folder in _cgroups(root, "memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            with suppress(OSError, ValueError):
                most = float((folder / limit).read_text("ascii"))
                # What is cached counts as used, and is given back when it is asked for.
                cached = _statistic(folder / "memory.stat", ("inactive_file", "total_inactive_file"))
                rest = most - float((folder / used).read_text("ascii")) + cached
                if total is None or most < total:
                    left, total = rest if left is None else min(left, rest), most
    return left, total


def _statistic(file: Path, names: tuple[str, ...]) -> float:
    with suppress(OSError, ValueError):
        for line in file.read_text("ascii").splitlines():
            name, _, value = line.partition(" ")
            if name in names:
                return float(value)
    return 0.0


def _quota(root: Path) -> float | None:
    """How many cores' time a container may take; None without a limit."""
    found = []
    for folder in _cgroups(root, "cpu"):
        with suppress(OSError, ValueError):
            most, period = (folder / "cpu.max").read_text("ascii").split()
            found.append(float(most) / float(period))
        with suppress(OSError, ValueError):
            most, period = ((folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
            if float(most) > 0:
                found.append(float(most) / float(period))
    return min(found, default=None)


def _cgroups(root: Path, controller: str) -> list[Path]:
    """The groups of this process and those above it, in either version."""
    places = [root / "sys/fs/cgroup", root / "sys/fs/cgroup" / controller]
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text("utf-8").splitlines():
            _, controllers, name = line.split(":", 2)
            if not controllers or controller in controllers.split(","):
                base = places[1] if controllers else places[0]
                inner = base / name.strip("/")
                places += [place for place in (inner, *inner.parents) if place.is_relative_to(base)]
    return list(dict.fromkeys(places))


def bytecode() -> Finding:
    """Whether libraries are compiled; TensorFlow has ten thousand files."""
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if not spec or not spec.origin:
        return Finding("bytecode", "note", "TensorFlow is not there to look at")
    compiled = Path(importlib.util.cache_from_source(spec.origin)).exists()
    if compiled:
        return Finding("bytecode", "ok", "TensorFlow is compiled")
    never = bool(sys.dont_write_bytecode)
    folder = Path(spec.origin).parent
    forever = never or not os.access(folder, os.W_OK)
    why = "and PYTHONDONTWRITEBYTECODE keeps it so" if never else "and its folder cannot be written" if forever else ""
    step = f"python -m compileall -q '{folder.parent}'"
    if not forever:
        return Finding("bytecode", "ok", "TensorFlow is not compiled yet; its first import does that, and takes longer")
    return Finding(
        "bytecode",
        "note",
        f"TensorFlow is not compiled, {why}: importing it takes three times as long",
        f"unset PYTHONDONTWRITEBYTECODE, or {step}" if never else f"have its owner run {step}",
    )


def terminal() -> Finding:
    """Whether standard output can write our letters; what it cannot is written like \\u03bb."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        lost = "".join(letter for letter in _LETTERS if not _writes(letter, encoding))
    except LookupError:
        lost = _LETTERS
    if not lost:
        return Finding("terminal", "ok", f"{encoding}, writes {_LETTERS}")
    codes = " ".join(f"U+{ord(letter):04X}" for letter in lost)
    return Finding(
        "terminal", "note", f"{encoding} has no {codes}: they are written as codes here, in pages they are right",
        "export PYTHONUTF8=1",
    )  # fmt: skip


def _writes(letter: str, encoding: str) -> bool:
    try:
        return letter.encode(encoding).decode(encoding) == letter
    except UnicodeError:
        return False
