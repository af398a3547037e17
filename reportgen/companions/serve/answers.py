"""What is answered to a request: a function of its bytes and of what a build returned. Nothing here reads a file."""

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
"""Bytes that a request may have before its empty line."""

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
"""For what is opened alone, such as a picture: it shows itself and runs nothing. matplotlib's have styles inside."""

_SHOWN = re.compile(rb'(?:\s(?:src|poster)|<link\b[^<>]*?\shref)="(?!data:)([^"?#]{1,1000})')
"""What a page shows that lies beside it."""


class ServedSite:
    """The files of one build."""

    def __init__(self, files: Mapping[str, bytes], prefix: str = "/", before: ServedSite | None = None) -> None:
        self.files = files
        self._prefix = prefix
        # What has not changed since is not hashed again.
        self._digests: dict[str, str] = {
            name: digest
            for name, digest in dict(before._digests if before else {}).items()
            if files.get(name) == (before.files[name] if before else None)
        }

    def find(self, path: str) -> tuple[str, str]:
        """The file that a path means and where to look instead; one of them is empty, and both if there is neither."""
        for each in (path, "/" + path.removeprefix(self._prefix) if path.startswith(self._prefix) else path):
            name = each.removeprefix("/")
            if name in self.files:
                return name, ""
            index = f"{name}index.html" if name.endswith("/") or not name else f"{name}/index.html"
            if index in self.files:
                return (index, "") if each.endswith("/") else ("", path + "/")
        return "", ""

    def digest(self, path: str) -> str:
        """Changes with the page at `path` and with what it shows that lies beside it."""
        name = self.find(path)[0] or ("404.html" if "404.html" in self.files else "")
        if not name:
            return "missing"
        content = self.files[name]
        shown = [self._digest_of(each) for each in sorted(set(self._beside(name, content)))]
        return hashlib.sha256(" ".join([name, self._digest_of(name), *shown]).encode()).hexdigest()[:32]

    def _beside(self, name: str, content: bytes) -> Iterable[str]:
        for found in _SHOWN.finditer(content):
            address = unquote(unescape(found[1].decode("utf-8", "replace")))
            if address.startswith(self._prefix):
                address = "/" + address.removeprefix(self._prefix)
            path = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), address)).lstrip("/")
            if path in self.files:
                yield path

    def _digest_of(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = hashlib.sha256(self.files[name]).hexdigest()
        return self._digests[name]


@dataclass(frozen=True, kw_only=True)
class View:
    """What there is to see at one moment."""

    name: str
    site: ServedSite | None = None
    """Of the last build that succeeded."""
    error: str = ""
    """Why the last build did not."""
    builds: int = 0
    """How many have come to an end."""
    working: str = ""
    """What is being done, if anything is."""
    done: int = 0
    total: int = 0

    @property
    def step(self) -> str:
        """What is being done, and how far it is."""
        if self.working and self.total:
            return f"{self.working} {self.done:,} of {self.total:,}"
        return self.working or ("Waiting for a change." if self.error else "")

    def digest(self, path: str) -> str:
        """Changes when what is shown at `path` does."""
        return self.site.digest(path) if self.site else "waiting"

    def event(self, path: str) -> bytes:
        """What the page at `path` is told of builds, as an event of a stream."""
        told = {
            "page": self.digest(path),
            "error": self.error,
            "builds": self.builds,
            "step": self.step,
            "working": bool(self.working),
            "done": self.done,
            "total": self.total,
        }
        return b"data: " + json.dumps(told).encode() + b"\n\n"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | memoryview = b""
    bodiless: bool = False
    """Whether the body is only counted: it was asked for with HEAD."""
    follow: str | None = None
    """The path whose events are sent after the headers, until one side ends."""

    @property
    def head(self) -> bytes:
        """The status line and the headers."""
        lines = {
            **_ALWAYS,
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            **({} if self.follow is not None else {"Content-Length": str(len(self.body))}),
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


def plain(status: HTTPStatus, **headers: str) -> Answer:
    """An answer that says no more than its status. What was asked for is not repeated."""
    return Answer(
        status=status,
        headers={"Content-Type": _TYPES["txt"], **{name.replace("_", "-"): value for name, value in headers.items()}},
        body=f"{status.value} {status.phrase}\n".encode(),
    )


def answer(request: bytes, view: View, is_ours: Callable[[str], bool]) -> Answer:
    """The answer to a request, of which `request` is all before the empty line.

    `is_ours` knows the values of `Host` that are meant for this server. A page of another host whose name was made to
    lead here sends its own.
    """
    first, *lines = request.decode("latin-1").split("\r\n")
    asked = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.\d", first)
    fields = [re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*", line) for line in lines]
    if not asked or not all(fields):
        return plain(HTTPStatus.BAD_REQUEST)
    method, target, version = asked.groups()
    if version != "1":
        return plain(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers: dict[str, list[str]] = {}
    for found in filter(None, fields):
        headers.setdefault(found[1].lower(), []).append(found[2])
    hosts = headers.get("host", [])
    if len(hosts) != 1 or not hosts[0]:
        return plain(HTTPStatus.BAD_REQUEST)
    if not is_ours(hosts[0].lower()):
        return plain(HTTPStatus.FORBIDDEN)
    if method not in ("GET", "HEAD"):
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
    if not target.startswith("/"):
        return plain(HTTPStatus.BAD_REQUEST)
    if method == "HEAD":
        return replace(_at(target, view, {}), bodiless=True)
    return _at(target, view, headers)


def _at(target: str, view: View, headers: Mapping[str, list[str]]) -> Answer:
    raw, _, query = target.partition("?")
    if raw == live_page.EVENTS:
        return _events(query)
    path = decoded(raw)
    if view.site is None:
        body, policy = live_page.live(live_page.waiting(view.name, view.step, view.error), view.digest(raw))
        return _page(HTTPStatus.SERVICE_UNAVAILABLE, body, policy, {"Retry-After": "1"})
    name, elsewhere = view.site.find(path) if path else ("", "")
    if elsewhere:
        to = quote(elsewhere) + (f"?{quote(query, safe='=&%+')}" if query else "")
        return plain(HTTPStatus.MOVED_PERMANENTLY, Location=to)
    status = HTTPStatus.OK if name else HTTPStatus.NOT_FOUND
    content = view.site.files[name] if name else view.site.files.get("404.html", live_page.missing())
    if not name or name.endswith(".html"):
        body, policy = live_page.live(content, view.site.digest(path or ""))
        return _page(status, body, policy)
    return _part(content, _type(name), headers)


def decoded(path: str) -> str:
    """A path of a request as text; empty if it is none that a file could have."""
    try:
        text = unquote_to_bytes(path.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"[\0-\x1f\x7f\\]", text) else text


def _events(query: str) -> Answer:
    asked = re.fullmatch(r"page=([^&]*)", query)
    return Answer(
        status=HTTPStatus.OK,
        headers={"Content-Type": "text/event-stream"},
        follow=decoded(unquote(asked[1], "latin-1")) if asked else "",
    )


def _page(status: HTTPStatus, body: bytes, policy: str, headers: Mapping[str, str] | None = None) -> Answer:
    policy = f"{policy}; frame-ancestors 'none'"
    return Answer(
        status=status, headers={"Content-Type": _HTML, "Content-Security-Policy": policy, **(headers or {})}, body=body
    )


def _part(content: bytes, kind: str, headers: Mapping[str, list[str]]) -> Answer:
    """A file, or the one range of it that was asked for. Several at once, or what cannot be read, is all of it."""
    about = {
        "Content-Type": kind,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": f"{_NOT_A_PAGE}; frame-ancestors 'none'",
    }
    size = len(content)
    asked = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", ",".join(headers.get("range", [])))
    # If-Range names a version that the browser has a part of. Versions have no names here, so it is another.
    if not asked or not any(asked.groups()) or "if-range" in headers:
        return Answer(status=HTTPStatus.OK, headers=about, body=content)
    if asked[1]:
        begin, end = int(asked[1]), min(int(asked[2] or size), size - 1)
        if asked[2] and int(asked[2]) < begin:
            return Answer(status=HTTPStatus.OK, headers=about, body=content)
    else:
        begin, end = max(size - int(asked[2]), 0), size - 1
    if begin > end:
        return plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}")
    return Answer(
        status=HTTPStatus.PARTIAL_CONTENT,
        headers={**about, "Content-Range": f"bytes {begin}-{end}/{size}"},
        body=memoryview(content)[begin : end + 1],
    )


def _type(name: str) -> str:
    file = posixpath.basename(name)
    stem, dot, suffix = file.rpartition(".")
    if not stem or not dot:  # .nojekyll, CNAME, _headers
        return _TYPES["txt"]
    return _TYPES.get(suffix.lower(), "application/octet-stream")
