"""Secrets in the bytes of a site: as text, in what is embedded in it, and in what describes a picture.

A picture's pixels are not looked at. What is packed is unpacked, up to a size and depth that no report comes near.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote_to_bytes

from reportgen.companions.check.problem import Problem
from reportgen.companions.check.secrets import Secrets, distinctive, ordinary

LARGEST = 64_000_000
"""Bytes that one packed part is unpacked to."""
MOST = 4 * LARGEST
"""Bytes that the parts of one file are unpacked to, all together. A page holds some MB of them."""
DEEPEST = 4
"""Packed parts inside each other that are unpacked."""

MEMBERS = 100
"""Packed parts one behind the other in a gzip file."""

Check = Callable[[bytes, int, int], bool]


@dataclass
class _Room:
    """How many bytes may still be unpacked of a file."""

    left: int

    def most(self) -> int:
        return min(LARGEST, self.left)


@dataclass(frozen=True, repr=False)
class _Needle:
    what: str
    value: bytes
    really: Check | None = None
    """Whether the value at this start and end means what it could mean."""


@dataclass(frozen=True, repr=False)
class _Hidden:
    what: str
    value: bytes
    """As it is within base64."""


def _token(begin: str, rest: str) -> re.Pattern[bytes]:
    """Not in the middle of a word. What it begins with comes first: `re` looks for plain text ten times as fast as for
    anything else."""
    return re.compile(f"{begin}(?<![A-Za-z0-9_+-]{begin}){rest}".encode())


_TOKENS = (
    ("a GitHub token", _token("gh", r"[pousr]_[A-Za-z0-9]{36,255}(?![\w-])")),
    ("a GitHub token", _token("github_pat_", r"[A-Za-z0-9_]{50,255}(?![\w-])")),
    ("a GitLab token", _token("glpat-", r"[\w-]{20,255}(?![\w-])")),
    ("an AWS access key", _token("A", r"[KS]IA[A-Z0-9]{16}(?<!EXAMPLE)(?![A-Za-z0-9_+/-])")),
    ("a Google API key", _token("AIza", r"[\w-]{35}(?![\w+/-])")),
    ("a Google OAuth secret", _token("GOCSPX-", r"[\w-]{28}(?![\w-])")),
    ("a Slack token", _token("xox", r"[a-z]-[A-Za-z0-9-]{10,255}")),
    ("a Slack token", _token("xapp-", r"\d-[A-Za-z0-9-]{10,255}")),
    ("a Slack webhook", _token(r"hooks\.slack\.com/services/", r"T\w{6,20}/B\w{6,20}/\w{16,40}")),
    ("an API key", _token("sk-", r"(?=[\w-]{0,200}\d)(?=[\w-]{0,200}[A-Z])[\w-]{32,255}(?![\w-])")),
    ("a Stripe key", re.compile(rb"k_live_(?<=[rs]k_live_)[A-Za-z0-9]{16,255}")),
    ("a Hugging Face token", _token("hf_", r"[A-Za-z0-9]{34}(?![A-Za-z0-9])")),
    ("an npm token", _token("npm_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])")),
    ("a PyPI token", _token("pypi-AgEI", r"[\w-]{40,1000}")),
    ("a JSON Web Token", _token("eyJ", r"[\w-]{8,5000}\.eyJ[\w-]{8,5000}\.[\w-]{8,5000}")),
    ("a private key", re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")),
)
_WITH_PASSWORD = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:([^\s/:@\"'<>]{1,200})@(?=[\w\[])")
_PLACEHOLDER = re.compile(
    rb"(?i)(?:my|your|the)?[-_ ]?(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|x{3,}|\*+|\.+|\xe2\x80\xa6)|[$%{&].*"
)

_BASE64 = re.compile(rb"[A-Za-z0-9+/_\r\n-]*={0,2}")
_DATA = re.compile(rb"data:[\w/+.;= -]{0,100}?(;base64)?,")
_GZIP = b"\x1f\x8b\x08"
_CLOSING = {b'"': b'"', b"'": b"'", b"(": b")"}
_QUOTED = (re.compile(rb'"(?:e[JNAF]|H4sI|UEsDB|iVBOR|R0lGO)'), re.compile(rb"'(?:e[JNAF]|H4sI|UEsDB|iVBOR|R0lGO)"))
"""Text in quotes that begins as base64 of packed bytes and of pictures does."""


def of_file(name: str, content: bytes, look: LeakSearch) -> Iterator[Problem]:
    """What is found in a file, once for each kind of secret in it. Never raises, whatever the content."""
    first: dict[str, _Found] = {}
    count: dict[str, int] = {}
    room = _Room(MOST)
    for found in look.into(content, room=room):
        count[found.what] = count.get(found.what, 0) + 1
        if found.what not in first or found.offset < first[found.what].offset:
            first[found.what] = found
    text = b"\0" not in content[:1024]
    for what, found in first.items():
        line = content.count(b"\n", 0, found.offset) + 1 if text else None
        more = f", and {count[what] - 1:,} more" if count[what] > 1 else ""
        yield Problem("leak", name, line, f"contains {what} at offset {found.offset}{found.where}{more}", "RG902")
    if room.left <= 0:
        yield Problem("size", name, None, f"more than {MOST / 1e6:.0f} MB are packed in it; the rest is not searched")
    for found_name in look.into(name.encode(errors="replace")):
        yield Problem("leak", name, None, f"its name contains {found_name.what}", "RG902")


@dataclass(frozen=True)
class _Found:
    offset: int
    what: str
    where: str = ""


@dataclass
class LeakSearch:
    """One look over the files of a site. It remembers what it has unpacked, which pages and folders often share."""

    secrets: Secrets
    _known: dict[tuple[int, int, int], tuple[_Found, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        needles = (*_needles(self.secrets), *_words(self.secrets))
        self._plain = tuple(needle for needle in needles if isinstance(needle, _Needle))
        self._hidden = tuple(needle for needle in needles if isinstance(needle, _Hidden))

    def masked(self, problem: Problem) -> Problem:
        """The problem, without a secret that its message may repeat from a page."""
        if not (found := self.into(problem.message.encode(errors="replace"))):
            return problem
        return replace(problem, message=f"about something that is not shown, since it contains {found[0].what}")

    def into(self, content: bytes, depth: int = 0, room: _Room | None = None) -> tuple[_Found, ...]:
        """All that is found in these bytes, and in what is packed in them as long as there is `room`."""
        # Holding on to the bytes instead would keep a whole site in memory.
        key = (len(content), hash(content), depth > DEEPEST)
        if key in self._known:
            return self._known[key]
        room = room or _Room(MOST)
        found = tuple(self._found(content, depth, room))
        if room.left > 0:  # else it may not be all
            self._known[key] = found
        return found

    def _found(self, content: bytes, depth: int, room: _Room) -> Iterator[_Found]:
        described = _descriptions(content, room)
        if described is not None:
            for offset, text in described:
                for found in (*self._literal(text, told=True), *_tokens(text, [(0, len(text))])):
                    yield _Found(offset + found.offset, found.what, " in what describes the picture")
            return
        yield from self._literal(content)
        gaps, at = [], 0
        for start, end, inner, how in _embedded(content):
            gaps.append((at, start))
            at = end
            if depth < DEEPEST:
                for found in self.into(inner, depth + 1, room):
                    yield _Found(start, found.what, f", inside {how}")
        gaps.append((at, len(content)))
        yield from _tokens(content, gaps)
        for hidden in self._hidden:
            for first, last in gaps:
                if (place := content.find(hidden.value, first, last)) >= 0:
                    yield _Found(place, hidden.what)
        if depth < DEEPEST:
            for offset, inner, how in _unpacked(content, room):
                for found in self.into(inner, depth + 1, room):
                    yield _Found(offset, found.what, f", inside {how}")

    def _literal(self, content: bytes, told: bool = False) -> Iterator[_Found]:
        """`told`: in a description, where every word was put by a program."""
        for needle in self._plain:
            at = content.find(needle.value)
            while at >= 0:
                end = at + len(needle.value)
                if needle.really is None or needle.really(content, at, end) or (told and _is_word(content, at, end)):
                    yield _Found(at, needle.what)
                at = content.find(needle.value, end)


def _needles(secrets: Secrets) -> Iterator[_Needle | _Hidden]:
    values: list[tuple[str, str, Check | None]] = [(what, value, None) for what, value in secrets.values]
    values += [(what, path, _is_folder) for what, path in secrets.folders]
    for what, value, really in values:
        for written in _writings(value):
            yield _Needle(what, written, really)
        for hidden in _in_base64(_bytes(value)):
            yield _Hidden(f"{what} in base64", hidden)


def _words(secrets: Secrets) -> Iterator[_Needle | _Hidden]:
    for what, names, keys in (
        ("the user name", secrets.users, rb"user|username|user_name|login|logname|owner|uname|home|users"),
        ("the host name", secrets.hosts, rb"host|hostname|host_name|machine|computer|nodename"),
    ):
        for name in names:
            if ordinary(name):
                continue
            value = _bytes(name)
            yield _Needle(what, value, _is_named if distinctive(name) else _after(keys))
            if distinctive(name):
                for hidden in _in_base64(value):
                    yield _Hidden(f"{what} in base64", hidden)


def _writings(value: str) -> tuple[bytes, ...]:
    """A value as text, JSON, HTML and addresses have it."""
    raw = _bytes(value)
    forms = (value, json.dumps(value)[1:-1], html.escape(value), quote(raw), quote(raw, safe=""))
    lines = [line for line in value.splitlines() if len(line) >= 20]
    return tuple(dict.fromkeys(_bytes(form) for form in (*forms, *(lines[1:2] or lines[:1]))))


def _bytes(text: str) -> bytes:
    """Text as a file has it; names of folders may hold bytes that are no letters, which Python keeps as surrogates."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _in_base64(value: bytes) -> Iterator[bytes]:
    """How base64 of anything around `value` has it: it depends on where in three bytes the value begins."""
    if len(value) < 8:
        return
    for before in range(3):
        text = base64.b64encode(bytes(before) + value)
        sure = text[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6]
        yield sure
        if b"+" in sure or b"/" in sure:
            yield sure.translate(bytes.maketrans(b"+/", b"-_"))


def _is_folder(content: bytes, start: int, end: int) -> bool:
    """Not a part of a longer name, nor of an address: "https://host/home/anna" is nobody's home. What stands before a
    path of several parts counts for nothing else, for in a file of bytes it may be anything."""
    if re.match(rb"[\w-]", content[end : end + 1]):
        return False
    if b"/" not in content[start + 1 : end]:
        return not re.match(rb"[\w.-]", content[max(start - 1, 0) : start])
    return not re.search(rb"(?:https?:)//[\w.:@-]+(?:/[^\s\"'<>]*)?$", content[max(start - 300, 0) : start])


def _is_word(content: bytes, start: int, end: int) -> bool:
    before, after = content[max(start - 1, 0) : start], content[end : end + 1]
    return not (before.isalnum() or after.isalnum())


def _is_named(content: bytes, start: int, end: int) -> bool:
    """A whole word that nobody wrote on purpose: not in an address of the web or of mail, not as somebody's handle."""
    if not _is_word(content, start, end):
        return False
    before = re.split(rb"[\s\"'<>()]", content[max(start - 300, 0) : start])[-1]
    after = content[end : end + 100]
    mail = re.match(rb"@[\w-]+(?:\.[\w-]+)+", after) or before.endswith(b"@")
    return not (
        mail or re.search(rb"(?:https?:)?//[^/]|mailto:", before) or re.match(rb"\.(?:github|gitlab)\.io", after)
    )


def _after(keys: bytes) -> Check:
    """For names that could be words: only where a machine has put them, in a path or as the value of such a key."""
    key = re.compile(
        rb"(?i)(?:(?<![a-z:])/(?:home|users|export/home)/|[a-z]:[\\/]{1,4}users[\\/]{1,4}|@|\b(?:"
        + keys
        + rb")[\"']?\s{0,3}[=:]\s{0,3}[\"']?)$"
    )

    def really(content: bytes, start: int, end: int) -> bool:
        before = content[max(start - 40, 0) : start]
        if not _is_word(content, start, end) or not (found := key.search(before)):
            return False
        # "anna@laptop" tells of a machine, "me@anna.org" and "@anna" of nobody but who wrote them.
        return found[0] != b"@" or (
            re.search(rb"\w@$", before) is not None and not re.match(rb"\.\w", content[end : end + 2])
        )

    return really


def _tokens(content: bytes, gaps: list[tuple[int, int]]) -> Iterator[_Found]:
    for first, last in gaps:
        for what, pattern in _TOKENS:
            for found in pattern.finditer(content, first, last):
                yield _Found(found.start(), what)
        at = content.find(b"@", first, last)
        while at >= 0:
            start = content.rfind(b"://", max(first, at - 404), at)
            if start >= 0:
                for known in _WITH_PASSWORD.finditer(content, max(first, start - 21), min(at + 2, last)):
                    if known.end() == at + 1 and not _PLACEHOLDER.fullmatch(known[1]):
                        yield _Found(known.start(), "an address with a password")
            at = content.find(b"@", at + 1, last)


def _embedded(content: bytes) -> Iterator[tuple[int, int, bytes, str]]:
    """What lies inside text, in order: start, end, its bytes, and how it was put there."""
    starts = sorted(
        {*_all(content, b"data:"), *(found.start() + 1 for each in _QUOTED for found in each.finditer(content))}
    )
    done, never = 0, set[bytes]()
    for start in starts:
        if start < done:
            continue
        head = _DATA.match(content, start)
        if content.startswith(b"data:", start) and not head:
            continue
        if head and not head[1]:
            closing = _CLOSING.get(content[start - 1 : start], b"")
            end = content.find(closing, head.end()) if closing and closing not in never else -1
            if end < 0:
                never.add(closing)
                continue
            done = end
            yield start, end, unquote_to_bytes(_unescaped(content[head.end() : end])), "a data: address"
            continue
        begin = head.end() if head else start
        found = _BASE64.match(content, begin)
        text = found[0] if found else b""
        inner = _decoded(text)
        if inner is None or (not head and (len(text) < 64 or not _is_packed(inner))):
            continue
        done = begin + len(text)
        yield start, done, inner, "a data: address" if head else "base64"


def _unescaped(text: bytes) -> bytes:
    """A value of an attribute as the browser reads it."""
    return (
        html.unescape(text.decode(errors="surrogateescape")).encode(errors="surrogateescape") if b"&" in text else text
    )


def _all(content: bytes, part: bytes) -> Iterator[int]:
    at = content.find(part)
    while at >= 0:
        yield at
        at = content.find(part, at + len(part))


def _decoded(text: bytes) -> bytes | None:
    if b"-" in text or b"_" in text:
        text = text.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        try:
            plain = re.sub(rb"[\r\n=]", b"", text)
            return binascii.a2b_base64(plain[: len(plain) // 4 * 4])
        except binascii.Error:
            return None


def _is_packed(content: bytes) -> bool:
    return content.startswith((_GZIP, b"PK\x03\x04", b"\x89PNG", b"GIF8")) or _is_zlib(content)


def _is_zlib(content: bytes) -> bool:
    return content[:1] == b"\x78" and len(content) > 2 and (content[0] << 8 | content[1]) % 31 == 0


def _unpacked(content: bytes, room: _Room) -> Iterator[tuple[int, bytes, str]]:
    """What a packed file holds: where, its bytes, and in what."""
    if content.startswith(_GZIP):
        yield 0, _inflated(content, 31, room), "gzip"
    elif _is_zlib(content):
        yield 0, _inflated(content, 15, room), "deflated bytes"
    elif content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist()[:10_000]:
                    with archive.open(entry) as file:
                        inner = file.read(max(room.most(), 0))
                    room.left -= len(inner)
                    yield entry.header_offset, inner, "a zip file"
        except Exception:  # noqa: S110 - damaged, encrypted or packed in a way of its own: its bytes were searched
            pass


def _inflated(content: bytes, bits: int, room: _Room) -> bytes:
    """As much as can be unpacked."""
    parts: list[bytes] = []
    left = most = room.most()
    rest = content
    for _ in range(MEMBERS):
        machine = zlib.decompressobj(bits)
        with suppress(zlib.error):
            while rest and left > 0 and not machine.eof:
                part = machine.decompress(rest, min(left, 1_000_000))
                rest = machine.unconsumed_tail
                if not part:
                    break
                parts.append(part)
                left -= len(part)
        if not (machine.eof and machine.unused_data.startswith(_GZIP)):
            break
        rest = machine.unused_data
    room.left -= most - left
    return b"".join(parts)


def _descriptions(content: bytes, room: _Room) -> Iterator[tuple[int, bytes]] | None:
    """What a picture says besides its pixels, and where; None for anything but a picture in a format known here."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _of_png(content, room)
    if content.startswith((b"GIF87a", b"GIF89a")):
        return _of_gif(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _of_webp(content)
    return None


def _of_png(content: bytes, room: _Room) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        start = at + 8
        if length > len(content) - start:
            break
        body = content[start : start + length]
        if kind not in (b"IDAT", b"fdAT"):
            yield start, body
        if kind in (b"zTXt", b"iCCP", b"iTXt"):
            # A name and some short fields end in zeros; then comes what is deflated.
            for packed in (body.find(b"\x78", skip) for skip in _ends_of_fields(body)):
                if packed >= 0 and _is_zlib(body[packed : packed + 3]):
                    yield start, _inflated(body[packed:], 15, room)
                    break
        at = start + length + 4
        if kind == b"IEND":
            break
    yield at, content[at:]  # nothing, or what somebody put behind the picture


def _ends_of_fields(body: bytes) -> Iterator[int]:
    at = body.find(b"\0")
    for _ in range(4):
        if at < 0:
            return
        yield at + 1
        at = body.find(b"\0", at + 1)


def _of_gif(content: bytes) -> Iterator[tuple[int, bytes]]:
    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    at = 13 + (table(content[10]) if len(content) > 10 else 0)
    while at < len(content):
        start, kind = at, content[at]
        if kind == 0x21:
            at += 2
        elif kind == 0x2C and at + 9 < len(content):
            at += 11 + table(content[at + 9])
        else:
            at += kind == 0x3B
            break
        parts = []
        while at < len(content) and (size := content[at]):
            if kind == 0x21:
                parts.append(content[at + 1 : at + 1 + size])
            at += size + 1
        at += 1
        if parts:
            yield start, b"".join(parts)
    yield at, content[at:]


def _of_webp(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 12
    while at + 8 <= len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF"):
            yield at + 8, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    yield at, content[at:]
