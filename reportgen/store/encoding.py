"""Plain values, arrays and our own frozen dataclasses as bytes, and back. Nothing is ever executed: no pickle.

Our dataclasses are those that `registry.stored` decorates. What comes back equals what went in but for NumPy scalars,
which become Python's numbers, and for arrays, which cannot be written to. Equal values are equal bytes, so the digest
of the bytes can stand for the value.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any, TypeVar

import numpy as np

from reportgen.disk.container import seal, unseal
from reportgen.errors import ExperimentError
from reportgen.registry import storable
from reportgen.training.run import Run, run_from_json, settings_to_json
from reportgen.training.trajectory import Trajectory

T = TypeVar("T")

_MAGIC = b"reportgen value 1\n"
_MARK = "!"
"""The key that tells what JSON has no word for from a dictionary."""


def encode(value: Any, label: str = "") -> bytes:
    """`value` as bytes, under a label; raises `TypeError` if there is something in it that cannot be stored."""
    blobs: list[bytes] = []
    tree = _plain(value, blobs)
    return seal(_MAGIC, {"label": label, "value": tree, "sizes": [len(blob) for blob in blobs]}, blobs)


def check(content: bytes, label: str = "") -> None:
    """Raise `ValueError` unless `content` is undamaged and was encoded under `label`."""
    _opened(content, label)


def decode(content: bytes, label: str = "") -> Any:
    """The value that `encode` was given; raises `ValueError` if `content` is anything else."""
    header, payload = _opened(content, label)
    try:
        blobs, end = [], 0
        for size in header["sizes"]:
            blobs.append(payload[end : end + size])
            end += size
        return _revived(header["value"], blobs)
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, ExperimentError) as error:
        raise ValueError(f"it cannot be read: {error!r}") from error


def _opened(content: bytes, label: str) -> tuple[dict[str, Any], memoryview]:
    header, payload = unseal(_MAGIC, content)
    if header.get("label") != label:
        raise ValueError("it is another entry than its name says")
    return header, payload


def digest(value: Any) -> str:
    """A name for `value`: equal for equal values, different for others."""
    return hashlib.sha256(encode(value)).hexdigest()


def python_numbers(value: T) -> T:
    """The same value with Python's numbers in place of NumPy scalars, which is what `decode` returns."""
    found: Any = value
    match found:
        case np.generic():
            found = found.item()
        case list() | tuple():
            found = type(found)(map(python_numbers, found))
        case dict():
            found = {key: python_numbers(item) for key, item in found.items()}
        case _ if type(found) in storable.values():
            fields = dataclasses.fields(found)
            found = type(found)(**{field.name: python_numbers(getattr(found, field.name)) for field in fields})
    return found  # type: ignore[no-any-return]


def _plain(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {_MARK: "float", "of": repr(value)}
        case list():
            return [_plain(item, blobs) for item in value]
        case tuple():
            return {_MARK: "tuple", "of": [_plain(item, blobs) for item in value]}
        case dict():
            return {_MARK: "dict", "of": [[_plain(k, blobs), _plain(item, blobs)] for k, item in value.items()]}
        case bytes():
            return {_MARK: "bytes", "of": _put(value, blobs)}
        case np.ndarray() if not value.dtype.hasobject:
            content = np.ascontiguousarray(value).tobytes()
            return {_MARK: "array", "of": _put(content, blobs), "dtype": value.dtype.str, "shape": list(value.shape)}
        case Run():
            return {_MARK: "run", "of": settings_to_json(value)}
        case Trajectory():
            return {_MARK: "trajectory", "of": _put(value.dump(), blobs)}
    kind = type(value)
    if storable.get(kind.__name__) is not kind:
        raise TypeError(f"{kind.__name__} cannot be stored")
    fields = {field.name: _plain(getattr(value, field.name), blobs) for field in dataclasses.fields(kind)}
    return {_MARK: kind.__name__, "of": fields}


def _put(content: bytes, blobs: list[bytes]) -> int:
    blobs.append(content)
    return len(blobs) - 1


def _revived(tree: Any, blobs: list[memoryview]) -> Any:
    if isinstance(tree, list):
        return [_revived(item, blobs) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kind, of = tree[_MARK], tree["of"]
    match kind:
        case "float":
            return {"inf": math.inf, "-inf": -math.inf}.get(of, math.nan)
        case "tuple":
            return tuple(_revived(item, blobs) for item in of)
        case "dict":
            return {_revived(key, blobs): _revived(item, blobs) for key, item in of}
        case "bytes":
            return bytes(blobs[of])
        case "array":
            return np.frombuffer(blobs[of], np.dtype(tree["dtype"])).reshape(tree["shape"])
        case "run":
            return run_from_json(of)
        case "trajectory":
            return Trajectory.parse(bytes(blobs[of]))
    return storable[kind](**{name: _revived(item, blobs) for name, item in of.items()})
