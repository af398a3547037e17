"""The layout of stored files: a magic line, the length of a JSON header, the header, bytes, and a SHA-256.

A reader verifies the checksum before it parses anything. A container holds numbers, text and bytes, never code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

CHECKSUM_SIZE = hashlib.sha256().digest_size
"""Bytes of the checksum at the end of a file."""

_LENGTH_SIZE = 8
_MAX_HEADER = 100_000_000
"""The longest header that is read, in bytes; the largest entries have some millions."""


def seal(magic: bytes, header: Mapping[str, Any], parts: Iterable[bytes | memoryview]) -> bytes:
    """The bytes of a file that begins with the line `magic`, `b"reportgen KIND VERSION\\n"`. Equal contents give equal
    bytes."""
    text = json.dumps(header, sort_keys=True, allow_nan=False).encode()
    body = b"".join([magic, len(text).to_bytes(_LENGTH_SIZE, "little"), text, *parts])
    return body + hashlib.sha256(body).digest()


def unseal(magic: bytes, content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and bytes of a file that `seal` made; raises `ValueError` with the reason for any other content."""
    if not content.startswith(magic):
        raise ValueError(f"it is not a {magic.split()[1].decode()} of this version")
    body, digest = memoryview(content)[:-CHECKSUM_SIZE], content[-CHECKSUM_SIZE:]
    start = len(magic) + _LENGTH_SIZE
    if len(body) < start or hashlib.sha256(body).digest() != digest:
        raise ValueError("it is damaged or cut short")
    end = start + int.from_bytes(body[len(magic) : start], "little")
    if end > min(len(body), start + _MAX_HEADER):
        raise ValueError("its header cannot be read")
    try:
        header = json.loads(bytes(body[start:end]))
    except (ValueError, RecursionError) as error:
        raise ValueError("its header cannot be read") from error
    if not isinstance(header, dict):
        raise ValueError("its header cannot be read")
    return header, body[end:]
