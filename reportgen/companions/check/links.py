"""The addresses in a site: whether they lead to files and anchors of the site, or to other hosts."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, urljoin, urlsplit

from reportgen.companions.check import requests
from reportgen.companions.check.markup import Hyperlink, ParsedPage
from reportgen.companions.check.problem import Problem
from reportgen.text import size_text

CARD = 5_000_000
"""Limit of most services for the picture of a preview card, in bytes."""

_NOWHERE = "http://site.invalid/"
"""Stands for the address of a site that has none yet; the host name is reserved for such uses."""
_UNCHECKED_SCHEMES = frozenset({"mailto", "tel", "sms", "data", "blob", "about", "urn", "tag"})
_LOCAL_HOST = re.compile(r"localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?", re.IGNORECASE)


@dataclass(frozen=True)
class _Target:
    """The target of an address."""

    path: str | None = None
    """Path within the site; None for other hosts and addresses that cannot be checked."""
    fragment: str = ""
    elsewhere: str = ""
    """The whole address, if it leads to another host."""
    mistake: str = ""


@dataclass(frozen=True)
class LinkedSite:
    """The files and the address of a site, against which its links are checked."""

    names: Collection[str]
    size: Callable[[str], int]
    base: str = ""
    """The address of the site; all addresses below it belong to the site."""

    def check_page(self, name: str, page: ParsedPage) -> Iterator[Problem]:
        """Problems of the addresses in a page, without anchors in other pages."""
        for reference in page.references:
            target = self._target(name, reference.address, page.base)
            if target.mistake:
                yield Problem("link", name, reference.line, target.mistake)
            elif target.elsewhere and reference.loads:
                yield Problem("request", name, reference.line, f"the page loads {_short(target.elsewhere)}")
            elif target.path is not None:
                yield from self._check_file(name, reference, target.path)

    def check_anchors(self, pages: Mapping[str, ParsedPage]) -> Iterator[Problem]:
        """Links to anchors that their pages do not have."""
        for name, page in pages.items():
            for reference in page.references:
                if "#" not in reference.address:
                    continue
                target = self._target(name, reference.address, page.base)
                file = self._file(target.path) if target.path is not None else None
                linked = pages.get(file) if file else None
                # "#top" is the top of any page, and text after ":~:" is for the browser.
                anchor = target.fragment.split(":~:")[0]
                if linked and anchor and anchor.lower() != "top" and not {anchor, unquote(anchor)} & linked.ids:
                    where = "the page" if file == name else repr(file)
                    yield Problem("link", name, reference.line, f"{where} has no anchor {f'#{unquote(anchor)}'!r}")

    def check_list(self, name: str, content: bytes) -> Iterator[Problem]:
        """Problems of the addresses of this site in a feed, a sitemap or `robots.txt`."""
        base = self._root if self.base else ""
        if not base:
            return
        matches = re.finditer(re.escape(base.encode()) + rb"[^\s\"'<>]*", content)
        addresses = ((match.start(), html.unescape(match[0].decode(errors="replace"))) for match in matches)
        for line, address in requests.with_lines(content, addresses):
            target = self._target(name, address, "")
            if target.path is not None:
                yield from self._check_file(name, Hyperlink(line, address, loads=False), target.path)

    def check_request(self, name: str, line: int, address: str) -> Iterator[Problem]:
        """Problems of an address that a style sheet, a script or an SVG file loads."""
        yield from self.check_page(name, ParsedPage(references=[Hyperlink(line, address, loads=True)]))

    @cached_property
    def _root(self) -> str:
        return f"{self.base.rstrip('/')}/" if self.base else _NOWHERE

    @cached_property
    def _folders(self) -> frozenset[str]:
        folders = set()
        for name in self.names:
            while (name := posixpath.dirname(name)) and name not in folders:
                folders.add(name)
        return frozenset(folders)

    @cached_property
    def _names_by_lower_case(self) -> Mapping[str, str]:
        return {name.lower(): name for name in self.names}

    def _target(self, name: str, address: str, base: str) -> _Target:
        address = address.strip()
        if address.startswith("#") and not base:
            return _Target(name, address[1:])
        try:
            full = (
                urljoin(urljoin(f"{self._root}{_quoted(name)}", base), address)
                if base
                else urljoin(f"{self._root}{_quoted(name)}", address)
            )
            parts = urlsplit(full)
            host = parts.hostname or ""
        except ValueError:
            return _Target(mistake=f"{_short(address)!r} is no valid address")
        if full.startswith(self._root) or f"{full}/" == self._root:
            path = parts.path[len(urlsplit(self._root).path) :]
            return _Target(unquote(path), parts.fragment)
        scheme = parts.scheme.lower()
        if scheme in _UNCHECKED_SCHEMES:
            return _Target()
        if scheme == "javascript":
            return _Target(mistake="a script as an address; the policy of the pages forbids it")
        if scheme == "file":
            return _Target(mistake="it leads to a file on one machine only")
        if _LOCAL_HOST.fullmatch(host):
            return _Target(mistake=f"{_short(address)!r} leads to the reader's own machine")
        here = urlsplit(self._root)
        if (scheme, parts.netloc) == (here.scheme, here.netloc):
            inside = unquote(parts.path).lstrip("/")
            if inside and self._file(inside):
                return _Target(mistake=f"{_short(address)!r} leads out of {self.base}; it is at {here.path}{inside}")
        return _Target(elsewhere=full)

    def _file(self, path: str) -> str | None:
        """The file that a host serves for a path."""
        if path in self.names:
            return path
        index = f"{path.rstrip('/')}/index.html".lstrip("/")
        return index if index in self.names and not path.endswith("//") else None

    def _check_file(self, name: str, reference: Hyperlink, path: str) -> Iterator[Problem]:
        if file := self._file(path):
            if reference.card and (size := self.size(file)) > CARD:
                message = f"the preview picture {file} has {size_text(size)}; most services take {size_text(CARD)}"
                yield Problem("size", name, reference.line, message)
            return
        if path.rstrip("/") in self._folders or not path:
            problem = f"the folder {path or '/'!r} has no index.html"
        else:
            problem = f"there is no {_short(path)!r}"
            if other := self._names_by_lower_case.get(path.lower()):
                problem += f"; there is {other!r}"
        yield Problem("link", name, reference.line, problem)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def _short(address: str) -> str:
    return address if len(address) <= 120 else f"{address[:119]}…"
