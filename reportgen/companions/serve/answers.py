"""The answer to a request, as a function of its bytes and of the files that a build returned. No file is read."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from http import HTTPStatus
from urllib.parse import quote, unquote, unquote_to_bytes

from reportgen.companions.serve import live_page
from reportgen.pictures.formats import formats

LARGEST_HEAD = 64 * 1024
"""Bytes that the head of a request may have."""

_TYPES: dict[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "md": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xml": "application/xml",
    "atom": "application/atom+xml",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "avif": "image/avif",
    "ico": "image/vnd.microsoft.icon",
    "woff2": "font/woff2",
    "pdf": "application/pdf",
    **{formats.stated(name, "suffix"): formats.stated(name, "media_type") for name in formats.names()},
}
_HTML = _TYPES["html"]

_NOT_A_PAGE = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Policy of files that are no pages, such as pictures: no scripts. SVG files of matplotlib need their inline styles."""

_SHOWN = re.compile(rb'(?:\s(?:src|poster)|<link\b[^<>]*?\shref)="(?!data:)([^"?#]{1,1000})')
"""Addresses of files that a page shows."""


class ServedSite:
    """The files of one build."""

    def __init__(self, files: Mapping[str, bytes], prefix: str = "/", before: ServedSite | None = None) -> None:
        self.files = files
        self._prefix = prefix
        # Digests of unchanged files are kept.
        self._digests: dict[str, str] = {
            name: digest
            for name, digest in dict(before._digests if before else {}).items()
            if files.get(name) == (before.files[name] if before else None)
        }

    def find(self, path: str) -> tuple[str, str]:
        """The file at a path, and the path to redirect to. At most one is set; both are empty for an unknown path."""
        for candidate in (path, "/" + path.removeprefix(self._prefix) if path.startswith(self._prefix) else path):
            name = candidate.removeprefix("/")
            if name in self.files:
                return name, ""
            index = f"{name}index.html" if name.endswith("/") or not name else f"{name}/index.html"
            if index in self.files:
                return (index, "") if candidate.endswith("/") else ("", path + "/")
        return "", ""

    def digest(self, path: str) -> str:
        """A digest of the page at `path` and of the files that it shows."""
        name = self.find(path)[0] or ("404.html" if "404.html" in self.files else "")
        if not name:
            return "missing"
        content = self.files[name]
        shown = [self._file_digest(file) for file in sorted(set(self._shown_files(name, content)))]
        return hashlib.sha256(" ".join([name, self._file_digest(name), *shown]).encode()).hexdigest()[:32]

    def _shown_files(self, name: str, content: bytes) -> Iterable[str]:
        for match in _SHOWN.finditer(content):
            address = unquote(unescape(match[1].decode("utf-8", "replace")))
            if address.startswith(self._prefix):
                address = "/" + address.removeprefix(self._prefix)
            path = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), address)).lstrip("/")
            if path in self.files:
                yield path

    def _file_digest(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = hashlib.sha256(self.files[name]).hexdigest()
        return self._digests[name]


@dataclass(frozen=True, kw_only=True)
class View:
    """The state that browsers see at one moment."""

    name: str
    site: ServedSite | None = None
    """The site of the last build that succeeded."""
    error: str = ""
    """The message of the last build, if it failed."""
    builds: int = 0
    """Number of builds that have ended."""
    working: str = ""
    """The stage of the running build; empty if none runs."""
    done: int = 0
    total: int = 0

    @property
    def step(self) -> str:
        """The progress of the running build, as text."""
        if self.working and self.total:
            return f"{self.working} {self.done:,} of {self.total:,}"
        return self.working or ("Waiting for a change." if self.error else "")

    def digest(self, path: str) -> str:
        """A digest that changes when the page at `path` changes."""
        return self.site.digest(path) if self.site else "waiting"

    def event(self, path: str) -> bytes:
        """The state of builds for the page at `path`, as a server-sent event."""
        state = {
            "page": self.digest(path),
            "error": self.error,
            "builds": self.builds,
            "step": self.step,
            "working": bool(self.working),
            "done": self.done,
            "total": self.total,
        }
        return b"data: " + json.dumps(state).encode() + b"\n\n"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | memoryview = b""
    bodiless: bool = False
    """True for a HEAD request: the body gives the length and is not sent."""
    events_of: str | None = None
    """The path whose events are sent after the headers, until one side closes the connection."""

    @property
    def head(self) -> bytes:
        """The status line and the headers."""
        lines = {
            **_ALWAYS,
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            **({} if self.events_of is not None else {"Content-Length": str(len(self.body))}),
            **self.headers,
        }
        text = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
        return (text + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode("latin-1")


_ALWAYS = {
    "Connection": "close",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def status_answer(status: HTTPStatus, **headers: str) -> Answer:
    """An answer whose body is its status. It repeats nothing of the request."""
    return Answer(
        status=status,
        headers={"Content-Type": _TYPES["txt"], **{name.replace("_", "-"): value for name, value in headers.items()}},
        body=f"{status.value} {status.phrase}\n".encode(),
    )


def answer(request: bytes, view: View, is_ours: Callable[[str], bool]) -> Answer:
    """The answer to a request, of which `request` is the head.

    `is_ours` decides whether a `Host` header names this server. This keeps out pages of a host whose name was made to
    resolve to this machine (DNS rebinding): they send their own name.
    """
    first, *lines = request.decode("latin-1").split("\r\n")
    request_line = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.\d", first)
    fields = [re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*", line) for line in lines]
    if not request_line or not all(fields):
        return status_answer(HTTPStatus.BAD_REQUEST)
    method, target, version = request_line.groups()
    if version != "1":
        return status_answer(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers: dict[str, list[str]] = {}
    for field_ in filter(None, fields):
        headers.setdefault(field_[1].lower(), []).append(field_[2])
    hosts = headers.get("host", [])
    if len(hosts) != 1 or not hosts[0]:
        return status_answer(HTTPStatus.BAD_REQUEST)
    if not is_ours(hosts[0].lower()):
        return status_answer(HTTPStatus.FORBIDDEN)
    if method not in ("GET", "HEAD"):
        return status_answer(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
    if not target.startswith("/"):
        return status_answer(HTTPStatus.BAD_REQUEST)
    if method == "HEAD":
        return replace(_answer_get(target, view, {}), bodiless=True)
    return _answer_get(target, view, headers)


def _answer_get(target: str, view: View, headers: Mapping[str, list[str]]) -> Answer:
    raw, _, query = target.partition("?")
    if raw == live_page.EVENTS:
        return _events_answer(query)
    path = decoded(raw)
    if view.site is None:
        body, policy = live_page.live(live_page.waiting(view.name, view.step, view.error), view.digest(raw))
        return _page_answer(HTTPStatus.SERVICE_UNAVAILABLE, body, policy, {"Retry-After": "1"})
    name, redirect = view.site.find(path) if path else ("", "")
    if redirect:
        to = quote(redirect) + (f"?{quote(query, safe='=&%+')}" if query else "")
        return status_answer(HTTPStatus.MOVED_PERMANENTLY, Location=to)
    status = HTTPStatus.OK if name else HTTPStatus.NOT_FOUND
    content = view.site.files[name] if name else view.site.files.get("404.html", live_page.missing())
    if not name or name.endswith(".html"):
        body, policy = live_page.live(content, view.site.digest(path or ""))
        return _page_answer(status, body, policy)
    return _file_answer(content, _media_type(name), headers)


def decoded(path: str) -> str:
    """The path of a request as text; empty if no file can have it."""
    try:
        text = unquote_to_bytes(path.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"[\0-\x1f\x7f\\]", text) else text


def _events_answer(query: str) -> Answer:
    page = re.fullmatch(r"page=([^&]*)", query)
    return Answer(
        status=HTTPStatus.OK,
        headers={"Content-Type": "text/event-stream"},
        events_of=decoded(unquote(page[1], "latin-1")) if page else "",
    )


def _page_answer(status: HTTPStatus, body: bytes, policy: str, headers: Mapping[str, str] | None = None) -> Answer:
    policy = f"{policy}; frame-ancestors 'none'"
    return Answer(
        status=status, headers={"Content-Type": _HTML, "Content-Security-Policy": policy, **(headers or {})}, body=body
    )


def _file_answer(content: bytes, media_type: str, headers: Mapping[str, list[str]]) -> Answer:
    """A file, or the range of it that was asked for. Several ranges, or an invalid one, get the whole file."""
    common = {
        "Content-Type": media_type,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": f"{_NOT_A_PAGE}; frame-ancestors 'none'",
    }
    size = len(content)
    span = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", ",".join(headers.get("range", [])))
    # If-Range names the version of which the browser has a part. Our versions have no names, so it never matches.
    if not span or not any(span.groups()) or "if-range" in headers:
        return Answer(status=HTTPStatus.OK, headers=common, body=content)
    if span[1]:
        begin, end = int(span[1]), min(int(span[2] or size), size - 1)
        if span[2] and int(span[2]) < begin:
            return Answer(status=HTTPStatus.OK, headers=common, body=content)
    else:
        begin, end = max(size - int(span[2]), 0), size - 1
    if begin > end:
        return status_answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}")
    return Answer(
        status=HTTPStatus.PARTIAL_CONTENT,
        headers={**common, "Content-Range": f"bytes {begin}-{end}/{size}"},
        body=memoryview(content)[begin : end + 1],
    )


def _media_type(name: str) -> str:
    file = posixpath.basename(name)
    stem, dot, suffix = file.rpartition(".")
    if not stem or not dot:  # .nojekyll, CNAME, _headers
        return _TYPES["txt"]
    return _TYPES.get(suffix.lower(), "application/octet-stream")
