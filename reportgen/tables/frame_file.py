"""A frame as a file, so that workers on other machines can read it: JSON and plain arrays, with a checksum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.disk import container
from reportgen.tables import Feature, Frame, Note

SUFFIX = ".frame"
_MAGIC = b"reportgen frame 1\n"
_FLOAT, _WHOLE = np.dtype("<f8"), np.dtype("<i8")


def to_bytes(frame: Frame) -> bytes:
    """The frame as the content of a file with the suffix ".frame"; equal frames give equal bytes."""
    arrays: list[NDArray[Any]] = [frame.target, *(feature.values for feature in frame.features)]
    arrays += [array for array in (frame.time, frame.weights) if array is not None]
    header = {
        "name": frame.name,
        "task": frame.task,
        "target_name": frame.target_name,
        "classes": frame.classes,
        "target_unit": frame.target_unit,
        "features": [[f.name, f.levels, f.cost, f.unit] for f in frame.features],
        "groups": frame.groups is not None,
        "time": frame.time is not None,
        "weights": frame.weights is not None,
        "notes": [[note.code, note.column, note.text] for note in frame.notes],
        "rows_in_file": frame.rows_in_file,
        "rows": frame.rows,
    }
    parts = [np.ascontiguousarray(array, _FLOAT).tobytes() for array in arrays]
    if frame.groups is not None:
        parts.append(np.ascontiguousarray(frame.groups, _WHOLE).tobytes())
    return container.seal(_MAGIC, header, parts)


def from_bytes(content: bytes) -> Frame:
    """The frame that `to_bytes` wrote; raises `ValueError` with the reason for any other content."""
    header, body = container.unseal(_MAGIC, content)
    try:
        rows, at = int(header["rows"]), 0
        if rows < 0:
            raise ValueError("its header cannot be read")

        def take(kind: np.dtype[Any]) -> NDArray[Any]:
            nonlocal at
            array = np.frombuffer(body, kind, rows, at)
            at += array.nbytes
            return array

        target = take(_FLOAT)
        features = tuple(
            Feature(name=str(name), values=take(_FLOAT), levels=tuple(levels), cost=float(cost), unit=str(unit))
            for name, levels, cost, unit in header["features"]
        )
        time = take(_FLOAT) if header["time"] else None
        weights = take(_FLOAT) if header["weights"] else None
        groups = take(_WHOLE).astype(np.intp) if header["groups"] else None
        if at != len(body):
            raise ValueError("it is longer than its header says")
        return Frame(
            name=header["name"],
            task=header["task"],
            target_name=header["target_name"],
            target=target,
            classes=tuple(header["classes"]),
            target_unit=header["target_unit"],
            features=features,
            groups=groups,
            time=time,
            weights=weights,
            notes=tuple(Note(code=code, column=column, text=text) for code, column, text in header["notes"]),
            rows_in_file=header["rows_in_file"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError("its header cannot be read") from error
