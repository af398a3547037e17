"""The one layout of what is stored: a magic line, the length of a JSON header, the header, bytes, and a SHA-256.

Whoever reads one learns that nothing is damaged before anything in it is looked at. It holds numbers, text and bytes,
never code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

SUM = hashlib.sha256().digest_size
"""Bytes of the checksum at the end."""

_LENGTH = 8
_LONGEST = 100_000_000
"""Bytes of a header that is read; those of the largest entries have some millions."""


def seal(magic: bytes, header: Mapping[str, Any], parts: Iterable[bytes | memoryview]) -> bytes:
    """The bytes of a file that begins with the line `magic`, `b"reportgen KIND VERSION\\n"`; equal contents are equal
    bytes."""
    text = json.dumps(header, sort_keys=True, allow_nan=False).encode()
    body = b"".join([magic, len(text).to_bytes(_LENGTH, "little"), text, *parts])
    return body + hashlib.sha256(body).digest()


def unseal(magic: bytes, content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and bytes of what `seal` wrote; raises `ValueError` with the reason if `content` is anything else."""
    if not content.startswith(magic):
        raise ValueError(f"it is not a {magic.split()[1].decode()} of this version")
    body, digest = memoryview(content)[:-SUM], content[-SUM:]
    start = len(magic) + _LENGTH
    if len(body) < start or hashlib.sha256(body).digest() != digest:
        raise ValueError("it is damaged or cut short")
    end = start + int.from_bytes(body[len(magic) : start], "little")
    if end > min(len(body), start + _LONGEST):
        raise ValueError("its header cannot be read")
    try:
        header = json.loads(bytes(body[start:end]))
    except (ValueError, RecursionError) as error:
        raise ValueError("its header cannot be read") from error
    if not isinstance(header, dict):
        raise ValueError("its header cannot be read")
    return header, body[end:]
