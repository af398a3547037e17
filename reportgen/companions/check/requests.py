"""Addresses that styles and scripts make a browser fetch, as far as their text shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_COMMENT = re.compile(rb"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STYLE = re.compile(
    rb"""url\(\s{0,9}(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'()]*))"""
    rb"""|@import\s{1,9}(?:"([^"\n]*)"|'([^'\n]*)')|image-set\(\s{0,9}(?:"([^"\n]*)"|'([^'\n]*)')""",
    re.IGNORECASE,
)
_ELSEWHERE = rb"""(["'`])((?:(?:https?|wss?):)?//[^"'`\s]{1,2000})"""
_SCRIPT = re.compile(
    rb"""(?:\b(?:fetch|import|importScripts|sendBeacon|EventSource|WebSocket|Worker|SharedWorker|Request|addModule)\s{0,9}\("""
    rb"""|\.open\s{0,9}\(\s{0,9}["'`]\w{1,9}["'`]\s{0,9},"""
    rb"""|\b(?:from|import)\b|\.(?:src|srcset|poster)\s{0,9}=|\bsetAttribute\(\s{0,9}["'`](?:src|srcset|poster)["'`]\s{0,9},"""
    rb"""|"imports"\s{0,9}:\s{0,9}\{\s{0,9}"[^"]{0,200}"\s{0,9}:)\s{0,9}""" + _ELSEWHERE
)


@lru_cache(maxsize=64)  # pages of a site share their styles and scripts
def addresses_in_code(kind: str, code: bytes) -> tuple[tuple[int, str], ...]:
    """Offset and text of each address that a "style" fetches, and that a "script" fetches from another host."""
    return tuple(_addresses_in_style(code) if kind == "style" else _addresses_in_script(code))


def _addresses_in_style(code: bytes) -> Iterator[tuple[int, str]]:
    plain = _COMMENT.sub(lambda comment: re.sub(rb"[^\n]", b" ", comment[0]), code) if b"/*" in code else code
    for match in _STYLE.finditer(plain):
        address = next((part for part in match.groups() if part is not None), b"").decode(errors="replace").strip()
        if address and not address.startswith("#"):
            yield match.start(), address


def _addresses_in_script(code: bytes) -> Iterator[tuple[int, str]]:
    for match in _SCRIPT.finditer(code):
        yield match.start(), match[2].decode(errors="replace")


_SVG = re.compile(
    rb"""<(?:image|use|feImage|script)\b[^>]{0,500}?\s(?:xlink:)?href\s{0,9}=\s{0,9}["'](?!#|data:)([^"']{1,2000})["']"""
    rb"""|<\?xml-stylesheet\b[^>]{0,500}?\shref\s{0,9}=\s{0,9}["']([^"']{1,2000})["']"""
)


def addresses_in_file(suffix: str, content: bytes) -> Iterator[tuple[int, str]]:
    """Line and text of each address that a style sheet ("css"), a script ("js", "mjs") or a picture ("svg") fetches."""
    addresses = list(addresses_in_code("script" if suffix in ("js", "mjs") else "style", content))
    if suffix == "svg":
        addresses = [(offset, address) for offset, address in addresses if not address.startswith("data:")]
        for match in _SVG.finditer(content):
            addresses.append((match.start(), (match[1] or match[2]).decode(errors="replace")))
    return with_lines(content, addresses)


def with_lines(content: bytes, addresses: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Addresses with lines, from 1, instead of offsets; in linear time, since there may be very many."""
    counted, line = 0, 1
    for offset, address in sorted(addresses):
        line += content.count(b"\n", counted, offset)
        counted = offset
        yield line, address
