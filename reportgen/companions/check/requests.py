"""What styles and scripts ask a browser to fetch, as far as can be seen without running them."""

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


@lru_cache(maxsize=64)  # pages of a site share theirs
def of_code(kind: str, code: bytes) -> tuple[tuple[int, str], ...]:
    """Offset and address of what a "style" fetches, wherever it lies, and of what a "script" fetches from elsewhere."""
    return tuple(_of_style(code) if kind == "style" else _of_script(code))


def _of_style(code: bytes) -> Iterator[tuple[int, str]]:
    plain = _COMMENT.sub(lambda found: re.sub(rb"[^\n]", b" ", found[0]), code) if b"/*" in code else code
    for found in _STYLE.finditer(plain):
        address = next((part for part in found.groups() if part is not None), b"").decode(errors="replace").strip()
        if address and not address.startswith("#"):
            yield found.start(), address


def _of_script(code: bytes) -> Iterator[tuple[int, str]]:
    for found in _SCRIPT.finditer(code):
        yield found.start(), found[2].decode(errors="replace")


_SVG = re.compile(
    rb"""<(?:image|use|feImage|script)\b[^>]{0,500}?\s(?:xlink:)?href\s{0,9}=\s{0,9}["'](?!#|data:)([^"']{1,2000})["']"""
    rb"""|<\?xml-stylesheet\b[^>]{0,500}?\shref\s{0,9}=\s{0,9}["']([^"']{1,2000})["']"""
)


def of_file(ending: str, content: bytes) -> Iterator[tuple[int, str]]:
    """Line and address of what a style sheet ("css"), a script ("js", "mjs") or a picture ("svg") fetches."""
    found = list(of_code("script" if ending in ("js", "mjs") else "style", content))
    if ending == "svg":
        found = [each for each in found if not each[1].startswith("data:")]
        for each in _SVG.finditer(content):
            found.append((each.start(), (each[1] or each[2]).decode(errors="replace")))
    return with_lines(content, found)


def with_lines(content: bytes, found: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The same with lines, from 1, for offsets. Nothing is counted twice, for there may be very many."""
    counted, line = 0, 1
    for offset, address in sorted(found):
        line += content.count(b"\n", counted, offset)
        counted = offset
        yield line, address
