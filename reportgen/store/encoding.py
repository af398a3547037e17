"""Encode plain values, arrays and our frozen dataclasses as bytes, and decode them. Nothing is executed: no pickle.

Our dataclasses are those that `registry.stored` decorates. A decoded value equals the encoded one, except that NumPy
scalars become Python numbers and arrays are read-only. Equal values give equal bytes, so the digest of the bytes
identifies the value.
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
"""The key that marks a JSON object as an encoded value of another type."""


def encode(value: Any, label: str = "") -> bytes:
    """`value` as bytes, with a label; raises `TypeError` if a part of it cannot be stored."""
    blobs: list[bytes] = []
    tree = _to_json(value, blobs)
    return seal(_MAGIC, {"label": label, "value": tree, "sizes": [len(blob) for blob in blobs]}, blobs)


def check(content: bytes, label: str = "") -> None:
    """Raise `ValueError` unless `content` is undamaged and was encoded under `label`."""
    _parse(content, label)


def decode(content: bytes, label: str = "") -> Any:
    """The value that `encode` stored in `content`; raises `ValueError` for any other content."""
    header, payload = _parse(content, label)
    try:
        blobs, end = [], 0
        for size in header["sizes"]:
            blobs.append(payload[end : end + size])
            end += size
        return _from_json(header["value"], blobs)
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, ExperimentError) as error:
        raise ValueError(f"it cannot be read: {error!r}") from error


def _parse(content: bytes, label: str) -> tuple[dict[str, Any], memoryview]:
    header, payload = unseal(_MAGIC, content)
    if header.get("label") != label:
        raise ValueError("its content belongs to another entry")
    return header, payload


def digest(value: Any) -> str:
    """The digest of a value: equal for equal values, different for others."""
    return hashlib.sha256(encode(value)).hexdigest()


def python_numbers(value: T) -> T:
    """The value with Python numbers in place of NumPy scalars, as `decode` returns it."""
    converted: Any = value
    match converted:
        case np.generic():
            converted = converted.item()
        case list() | tuple():
            converted = type(converted)(map(python_numbers, converted))
        case dict():
            converted = {key: python_numbers(item) for key, item in converted.items()}
        case _ if type(converted) in storable.values():
            fields = dataclasses.fields(converted)
            converted = type(converted)(
                **{field.name: python_numbers(getattr(converted, field.name)) for field in fields}
            )
    return converted  # type: ignore[no-any-return]


def _to_json(value: Any, blobs: list[bytes]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {_MARK: "float", "of": repr(value)}
        case list():
            return [_to_json(item, blobs) for item in value]
        case tuple():
            return {_MARK: "tuple", "of": [_to_json(item, blobs) for item in value]}
        case dict():
            return {_MARK: "dict", "of": [[_to_json(k, blobs), _to_json(item, blobs)] for k, item in value.items()]}
        case bytes():
            return {_MARK: "bytes", "of": _add_blob(value, blobs)}
        case np.ndarray() if not value.dtype.hasobject:
            content = np.ascontiguousarray(value).tobytes()
            return {
                _MARK: "array",
                "of": _add_blob(content, blobs),
                "dtype": value.dtype.str,
                "shape": list(value.shape),
            }
        case Run():
            return {_MARK: "run", "of": settings_to_json(value)}
        case Trajectory():
            return {_MARK: "trajectory", "of": _add_blob(value.dump(), blobs)}
    kind = type(value)
    if storable.get(kind.__name__) is not kind:
        raise TypeError(f"{kind.__name__} cannot be stored")
    fields = {field.name: _to_json(getattr(value, field.name), blobs) for field in dataclasses.fields(kind)}
    return {_MARK: kind.__name__, "of": fields}


def _add_blob(content: bytes, blobs: list[bytes]) -> int:
    blobs.append(content)
    return len(blobs) - 1


def _from_json(tree: Any, blobs: list[memoryview]) -> Any:
    if isinstance(tree, list):
        return [_from_json(item, blobs) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kind, content = tree[_MARK], tree["of"]
    match kind:
        case "float":
            return {"inf": math.inf, "-inf": -math.inf}.get(content, math.nan)
        case "tuple":
            return tuple(_from_json(item, blobs) for item in content)
        case "dict":
            return {_from_json(key, blobs): _from_json(item, blobs) for key, item in content}
        case "bytes":
            return bytes(blobs[content])
        case "array":
            return np.frombuffer(blobs[content], np.dtype(tree["dtype"])).reshape(tree["shape"])
        case "run":
            return run_from_json(content)
        case "trajectory":
            return Trajectory.parse(bytes(blobs[content]))
    return storable[kind](**{name: _from_json(item, blobs) for name, item in content.items()})
