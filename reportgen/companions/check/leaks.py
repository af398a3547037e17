"""Secrets in the bytes of a site: in text, in embedded files and in the metadata of pictures.

Pixels are not searched. Compressed parts are unpacked, up to a size and depth far beyond those of any report.
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
from reportgen.companions.check.secrets import Secrets, is_common, is_distinctive
from reportgen.text import size_text

LARGEST = 64_000_000
"""Bytes to which one compressed part is unpacked."""
MOST = 4 * LARGEST
"""Bytes to which all parts of one file are unpacked. A page holds some MB of them."""
DEEPEST = 4
"""Nesting depth of compressed parts that are unpacked."""

MEMBERS = 100
"""Members of a gzip file that are unpacked."""

Check = Callable[[bytes, int, int], bool]


@dataclass
class _Budget:
    """The bytes that may still be unpacked from a file."""

    left: int

    def most(self) -> int:
        return min(LARGEST, self.left)


@dataclass(frozen=True, repr=False)
class _Needle:
    what: str
    value: bytes
    is_secret: Check | None = None
    """True if the value between this start and end is the secret and no part of an ordinary text."""


@dataclass(frozen=True, repr=False)
class _Base64Needle:
    what: str
    value: bytes
    """The value as base64."""


def _token(begin: str, rest: str) -> re.Pattern[bytes]:
    """The pattern of a token that begins at a word boundary. The plain text `begin` comes first in the pattern, because
    `re` searches plain text ten times as fast."""
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
"""Quoted text that begins like base64 of compressed bytes or of a picture."""


def find_leaks(name: str, content: bytes, search: LeakSearch) -> Iterator[Problem]:
    """The secrets in a file, one problem per kind of secret. Never raises, whatever the content."""
    first: dict[str, _Leak] = {}
    count: dict[str, int] = {}
    budget = _Budget(MOST)
    for leak in search.leaks(content, budget=budget):
        count[leak.what] = count.get(leak.what, 0) + 1
        if leak.what not in first or leak.offset < first[leak.what].offset:
            first[leak.what] = leak
    is_text = b"\0" not in content[:1024]
    for what, leak in first.items():
        line = content.count(b"\n", 0, leak.offset) + 1 if is_text else None
        more = f", and {count[what] - 1:,} more" if count[what] > 1 else ""
        yield Problem("leak", name, line, f"contains {what} at offset {leak.offset}{leak.where}{more}", "RG902")
    if budget.left <= 0:
        yield Problem("size", name, None, f"it unpacks to more than {size_text(MOST)}; the rest is not searched")
    for leak in search.leaks(name.encode(errors="replace")):
        yield Problem("leak", name, None, f"its name contains {leak.what}", "RG902")


@dataclass(frozen=True)
class _Leak:
    offset: int
    what: str
    where: str = ""


@dataclass
class LeakSearch:
    """The search for secrets in the files of a site. It caches results, since pages often embed the same files."""

    secrets: Secrets
    _cache: dict[tuple[int, int, int], tuple[_Leak, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        needles = (*_value_needles(self.secrets), *_name_needles(self.secrets))
        self._needles = tuple(needle for needle in needles if isinstance(needle, _Needle))
        self._base64_needles = tuple(needle for needle in needles if isinstance(needle, _Base64Needle))

    def mask(self, problem: Problem) -> Problem:
        """The problem, with another message if its message repeats a secret from a page."""
        if not (leaks := self.leaks(problem.message.encode(errors="replace"))):
            return problem
        return replace(problem, message=f"the message is not shown, since it contains {leaks[0].what}")

    def leaks(self, content: bytes, depth: int = 0, budget: _Budget | None = None) -> tuple[_Leak, ...]:
        """The secrets in these bytes, and in their compressed parts within the `budget`."""
        # A cache by the bytes themselves would keep a whole site in memory.
        key = (len(content), hash(content), depth > DEEPEST)
        if key in self._cache:
            return self._cache[key]
        budget = budget or _Budget(MOST)
        leaks = tuple(self._search(content, depth, budget))
        if budget.left > 0:  # otherwise the result may be incomplete
            self._cache[key] = leaks
        return leaks

    def _search(self, content: bytes, depth: int, budget: _Budget) -> Iterator[_Leak]:
        metadata = _picture_metadata(content, budget)
        if metadata is not None:
            for offset, text in metadata:
                for leak in (*self._literals(text, in_metadata=True), *_tokens(text, [(0, len(text))])):
                    yield _Leak(offset + leak.offset, leak.what, " in the metadata of the picture")
            return
        yield from self._literals(content)
        gaps, at = [], 0
        for start, end, inner, how in _embedded(content):
            gaps.append((at, start))
            at = end
            if depth < DEEPEST:
                for leak in self.leaks(inner, depth + 1, budget):
                    yield _Leak(start, leak.what, f", inside {how}")
        gaps.append((at, len(content)))
        yield from _tokens(content, gaps)
        for needle in self._base64_needles:
            for first, last in gaps:
                if (offset := content.find(needle.value, first, last)) >= 0:
                    yield _Leak(offset, needle.what)
        if depth < DEEPEST:
            for offset, inner, how in _unpacked(content, budget):
                for leak in self.leaks(inner, depth + 1, budget):
                    yield _Leak(offset, leak.what, f", inside {how}")

    def _literals(self, content: bytes, in_metadata: bool = False) -> Iterator[_Leak]:
        """Secrets in plain text. In metadata, which programs write, every whole word counts."""
        for needle in self._needles:
            at = content.find(needle.value)
            while at >= 0:
                end = at + len(needle.value)
                certain = needle.is_secret is None or needle.is_secret(content, at, end)
                if certain or (in_metadata and _is_word(content, at, end)):
                    yield _Leak(at, needle.what)
                at = content.find(needle.value, end)


def _value_needles(secrets: Secrets) -> Iterator[_Needle | _Base64Needle]:
    values: list[tuple[str, str, Check | None]] = [(what, value, None) for what, value in secrets.values]
    values += [(what, path, _is_folder) for what, path in secrets.folders]
    for what, value, is_secret in values:
        for spelling in _spellings(value):
            yield _Needle(what, spelling, is_secret)
        for encoded in _base64_forms(_bytes(value)):
            yield _Base64Needle(f"{what} in base64", encoded)


def _name_needles(secrets: Secrets) -> Iterator[_Needle | _Base64Needle]:
    for what, names, keys in (
        ("the user name", secrets.users, rb"user|username|user_name|login|logname|owner|uname|home|users"),
        ("the host name", secrets.hosts, rb"host|hostname|host_name|machine|computer|nodename"),
    ):
        for name in names:
            if is_common(name):
                continue
            value = _bytes(name)
            yield _Needle(what, value, _is_private_word if is_distinctive(name) else _is_value_of(keys))
            if is_distinctive(name):
                for encoded in _base64_forms(value):
                    yield _Base64Needle(f"{what} in base64", encoded)


def _spellings(value: str) -> tuple[bytes, ...]:
    """A value as it is written in text, JSON, HTML and addresses."""
    raw = _bytes(value)
    forms = (value, json.dumps(value)[1:-1], html.escape(value), quote(raw), quote(raw, safe=""))
    lines = [line for line in value.splitlines() if len(line) >= 20]
    return tuple(dict.fromkeys(_bytes(form) for form in (*forms, *(lines[1:2] or lines[:1]))))


def _bytes(text: str) -> bytes:
    """Text as bytes; names of folders may hold bytes that are no UTF-8, which Python keeps as surrogates."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _base64_forms(value: bytes) -> Iterator[bytes]:
    """The three forms of a value inside base64; they depend on its offset modulo three."""
    if len(value) < 8:
        return
    for before in range(3):
        text = base64.b64encode(bytes(before) + value)
        sure = text[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6]
        yield sure
        if b"+" in sure or b"/" in sure:
            yield sure.translate(bytes.maketrans(b"+/", b"-_"))


def _is_folder(content: bytes, start: int, end: int) -> bool:
    """True if a path is no part of a longer name and of no web address, such as "https://host/home/anna". Before a path
    of several parts only such an address matters: in a binary file any byte may precede it."""
    if re.match(rb"[\w-]", content[end : end + 1]):
        return False
    if b"/" not in content[start + 1 : end]:
        return not re.match(rb"[\w.-]", content[max(start - 1, 0) : start])
    return not re.search(rb"(?:https?:)//[\w.:@-]+(?:/[^\s\"'<>]*)?$", content[max(start - 300, 0) : start])


def _is_word(content: bytes, start: int, end: int) -> bool:
    before, after = content[max(start - 1, 0) : start], content[end : end + 1]
    return not (before.isalnum() or after.isalnum())


def _is_private_word(content: bytes, start: int, end: int) -> bool:
    """True for a whole word that is no part of a web or mail address and no handle such as "@anna"."""
    if not _is_word(content, start, end):
        return False
    before = re.split(rb"[\s\"'<>()]", content[max(start - 300, 0) : start])[-1]
    after = content[end : end + 100]
    mail = re.match(rb"@[\w-]+(?:\.[\w-]+)+", after) or before.endswith(b"@")
    return not (
        mail or re.search(rb"(?:https?:)?//[^/]|mailto:", before) or re.match(rb"\.(?:github|gitlab)\.io", after)
    )


def _is_value_of(keys: bytes) -> Check:
    """A check for names that may be ordinary words: true only in a path of a home folder or as the value of a key."""
    key = re.compile(
        rb"(?i)(?:(?<![a-z:])/(?:home|users|export/home)/|[a-z]:[\\/]{1,4}users[\\/]{1,4}|@|\b(?:"
        + keys
        + rb")[\"']?\s{0,3}[=:]\s{0,3}[\"']?)$"
    )

    def is_secret(content: bytes, start: int, end: int) -> bool:
        before = content[max(start - 40, 0) : start]
        if not _is_word(content, start, end) or not (match := key.search(before)):
            return False
        # "anna@laptop" names a machine; "me@anna.org" and "@anna" are addresses that an author wrote.
        return match[0] != b"@" or (
            re.search(rb"\w@$", before) is not None and not re.match(rb"\.\w", content[end : end + 2])
        )

    return is_secret


def _tokens(content: bytes, gaps: list[tuple[int, int]]) -> Iterator[_Leak]:
    for first, last in gaps:
        for what, pattern in _TOKENS:
            for match in pattern.finditer(content, first, last):
                yield _Leak(match.start(), what)
        at = content.find(b"@", first, last)
        while at >= 0:
            start = content.rfind(b"://", max(first, at - 404), at)
            if start >= 0:
                for match in _WITH_PASSWORD.finditer(content, max(first, start - 21), min(at + 2, last)):
                    if match.end() == at + 1 and not _PLACEHOLDER.fullmatch(match[1]):
                        yield _Leak(match.start(), "an address with a password")
            at = content.find(b"@", at + 1, last)


def _embedded(content: bytes) -> Iterator[tuple[int, int, bytes, str]]:
    """The files embedded in text, in order: start, end, content, and how it is embedded."""
    quoted = (match.start() + 1 for pattern in _QUOTED for match in pattern.finditer(content))
    starts = sorted({*_offsets(content, b"data:"), *quoted})
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
        match = _BASE64.match(content, begin)
        text = match[0] if match else b""
        inner = _decoded(text)
        if inner is None or (not head and (len(text) < 64 or not _is_packed(inner))):
            continue
        done = begin + len(text)
        yield start, done, inner, "a data: address" if head else "base64"


def _unescaped(text: bytes) -> bytes:
    """The value of an attribute as a browser reads it."""
    return (
        html.unescape(text.decode(errors="surrogateescape")).encode(errors="surrogateescape") if b"&" in text else text
    )


def _offsets(content: bytes, part: bytes) -> Iterator[int]:
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


def _unpacked(content: bytes, budget: _Budget) -> Iterator[tuple[int, bytes, str]]:
    """The parts of a compressed file: offset, content and format."""
    if content.startswith(_GZIP):
        yield 0, _inflated(content, 31, budget), "gzip"
    elif _is_zlib(content):
        yield 0, _inflated(content, 15, budget), "deflated bytes"
    elif content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist()[:10_000]:
                    with archive.open(entry) as file:
                        inner = file.read(max(budget.most(), 0))
                    budget.left -= len(inner)
                    yield entry.header_offset, inner, "a zip file"
        except Exception:  # noqa: S110 - damaged, encrypted or of an unknown format: its bytes were searched
            pass


def _inflated(content: bytes, bits: int, budget: _Budget) -> bytes:
    """The unpacked bytes, as far as the content is valid and the budget allows."""
    parts: list[bytes] = []
    left = most = budget.most()
    rest = content
    for _ in range(MEMBERS):
        decompressor = zlib.decompressobj(bits)
        with suppress(zlib.error):
            while rest and left > 0 and not decompressor.eof:
                part = decompressor.decompress(rest, min(left, 1_000_000))
                rest = decompressor.unconsumed_tail
                if not part:
                    break
                parts.append(part)
                left -= len(part)
        if not (decompressor.eof and decompressor.unused_data.startswith(_GZIP)):
            break
        rest = decompressor.unused_data
    budget.left -= most - left
    return b"".join(parts)


def _picture_metadata(content: bytes, budget: _Budget) -> Iterator[tuple[int, bytes]] | None:
    """Offset and bytes of the parts of a picture that are no pixels; None for other files and unknown formats."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_metadata(content, budget)
    if content.startswith((b"GIF87a", b"GIF89a")):
        return _gif_metadata(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp_metadata(content)
    return None


def _png_metadata(content: bytes, budget: _Budget) -> Iterator[tuple[int, bytes]]:
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
            # A name and some short fields end in zeros; the deflated text follows.
            for packed in (body.find(b"\x78", skip) for skip in _field_ends(body)):
                if packed >= 0 and _is_zlib(body[packed : packed + 3]):
                    yield start, _inflated(body[packed:], 15, budget)
                    break
        at = start + length + 4
        if kind == b"IEND":
            break
    yield at, content[at:]  # bytes after the end of the picture, if any


def _field_ends(body: bytes) -> Iterator[int]:
    at = body.find(b"\0")
    for _ in range(4):
        if at < 0:
            return
        yield at + 1
        at = body.find(b"\0", at + 1)


def _gif_metadata(content: bytes) -> Iterator[tuple[int, bytes]]:
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


def _webp_metadata(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 12
    while at + 8 <= len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF"):
            yield at + 8, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    yield at, content[at:]
