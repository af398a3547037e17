"""Tests of the machine: processor, memory, compiled libraries, and the encoding of the terminal."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reportgen.companions.doctor.finding import Finding
from reportgen.text import plural, size_text

_WORKER = 700e6
"""Bytes of memory of a worker that trains the default experiment, with TensorFlow."""

_CHARACTERS = "λ−×·→é"
"""Characters of our messages."""


def processor_and_memory(root: Path = Path("/")) -> Iterator[Finding]:
    """Processor and memory; `root` is where /proc and /sys are."""
    from reportgen.executors import cores
    from reportgen.training.versions import processor

    usable, installed, quota = cores(), os.cpu_count() or 1, _cpu_quota(root)
    text = f"{processor()}, {plural(usable, 'core')}{f' of {installed}' if installed != usable else ''} to use"
    if quota and quota < usable:
        yield Finding(
            "processor",
            "note",
            f"{text}, but a quota of {quota:g}: a build starts one worker per core, and they wait for each other",
            f"taskset -c 0-{max(0, round(quota) - 1)} reportgen build",
        )
    else:
        yield Finding("processor", "ok", text)
    yield _memory(root, max(usable, 2))


def _memory(root: Path, workers: int) -> Finding:
    left, total = available_memory(root)
    if left is None:
        return Finding("memory", "note", "the system does not say how much memory it has")
    text = f"{size_text(left)} free" + (f" of {size_text(total)}" if total else "")
    if left < _WORKER:
        text = f"{text}; a worker takes {size_text(_WORKER)}"
        return Finding("memory", "problem", text, "close other programs, or allow more memory")
    if left < _WORKER * workers:
        fewer = max(1, int(left / _WORKER))
        return Finding(
            "memory",
            "note",
            f"{text}; {workers} workers may take {size_text(_WORKER * workers)}",
            f"taskset -c 0-{fewer - 1} reportgen build" if fewer > 1 else "reportgen build --executor serial",
        )
    return Finding("memory", "ok", text)


def available_memory(root: Path = Path("/")) -> tuple[float | None, float | None]:
    """Bytes of memory that are free, and of all memory, by the machine's count or this container's limit."""
    left = total = None
    with suppress(OSError, ValueError, IndexError):
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
        sizes = {line.split(":")[0]: float(line.split()[1]) * 1024 for line in lines}
        left, total = sizes.get("MemAvailable"), sizes.get("MemTotal")
    for folder in _cgroups(root, "memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            with suppress(OSError, ValueError):
                most = float((folder / limit).read_text("ascii"))
                # Cached files count as used, but the kernel drops them when memory is needed.
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


def _cpu_quota(root: Path) -> float | None:
    """Number of cores whose time a container may use; None without a limit."""
    quotas = []
    for folder in _cgroups(root, "cpu"):
        with suppress(OSError, ValueError):
            most, period = (folder / "cpu.max").read_text("ascii").split()
            quotas.append(float(most) / float(period))
        with suppress(OSError, ValueError):
            most, period = ((folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
            if float(most) > 0:
                quotas.append(float(most) / float(period))
    return min(quotas, default=None)


def _cgroups(root: Path, controller: str) -> list[Path]:
    """Folders of the control groups of this process and of their parents, in cgroup version 1 or 2."""
    folders = [root / "sys/fs/cgroup", root / "sys/fs/cgroup" / controller]
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text("utf-8").splitlines():
            _, controllers, name = line.split(":", 2)
            if not controllers or controller in controllers.split(","):
                base = folders[1] if controllers else folders[0]
                inner = base / name.strip("/")
                folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(base)]
    return list(dict.fromkeys(folders))


def bytecode() -> Finding:
    """Check that TensorFlow is compiled to bytecode; it has ten thousand files."""
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if not spec or not spec.origin:
        return Finding("bytecode", "note", "not checked: TensorFlow is not installed")
    compiled = Path(importlib.util.cache_from_source(spec.origin)).exists()
    if compiled:
        return Finding("bytecode", "ok", "TensorFlow is compiled")
    switched_off = bool(sys.dont_write_bytecode)
    folder = Path(spec.origin).parent
    if not switched_off and os.access(folder, os.W_OK):
        return Finding("bytecode", "ok", "TensorFlow is not compiled yet; the first import does that and takes longer")
    why = "PYTHONDONTWRITEBYTECODE prevents it" if switched_off else "its folder cannot be written"
    step = f"python -m compileall -q '{folder.parent}'"
    return Finding(
        "bytecode",
        "note",
        f"TensorFlow is not compiled, and {why}: importing it takes three times as long",
        f"unset PYTHONDONTWRITEBYTECODE, or {step}" if switched_off else f"have its owner run {step}",
    )


def terminal() -> Finding:
    """Check that standard output can encode the characters of our messages; others are written like \\u03bb."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        lost = "".join(character for character in _CHARACTERS if not _can_encode(character, encoding))
    except LookupError:
        lost = _CHARACTERS
    if not lost:
        return Finding("terminal", "ok", f"{encoding}, writes {_CHARACTERS}")
    codes = " ".join(f"U+{ord(character):04X}" for character in lost)
    text = f"{encoding} has no {codes}: they are written as codes on the terminal and correctly in pages"
    return Finding("terminal", "note", text, "export PYTHONUTF8=1")


def _can_encode(character: str, encoding: str) -> bool:
    try:
        return character.encode(encoding).decode(encoding) == character
    except UnicodeError:
        return False
