"""The output folder: pages, media, data and results, each file put in place whole."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.errors import MachineError, reason
from reportgen.files import put


def check_writable(folder: Path, what: str) -> None:
    """Make a folder, and try it: better now than after the training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MachineError(f"cannot write to the {what} {folder}: {reason(error)}") from error


def write(out: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Put `files` (relative path to content) into `out` in their order, and return where they are.

    Each is put in place whole. What is already there with the same content is left alone.
    """
    written = []
    for name, content in files.items():
        path = out / name
        try:
            if not _holds(path, content):
                put(path, content)
        except OSError as error:
            raise MachineError(f"cannot write {path}: {reason(error)}") from error
        written.append(path)
    return tuple(written)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def json_bytes(value: Any) -> bytes:
    """Strict JSON, sorted, with null for numbers that are not finite."""
    text = json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def plain(value: Any) -> Any:
    """The same in what JSON has: lists for arrays, None for numbers that are not finite."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
