"""Where the addresses of a site lead: to its own files, to its own places, or elsewhere."""

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

CARD = 5_000_000
"""Bytes of a picture that places which show cards take."""

_NOWHERE = "http://site.invalid/"
"""Stands for the address of a site that has none yet; the name is reserved for such uses."""
_APART = frozenset({"mailto", "tel", "sms", "data", "blob", "about", "urn", "tag"})
_HERE = re.compile(r"localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?", re.IGNORECASE)


@dataclass(frozen=True)
class _Target:
    """Where an address leads."""

    path: str | None = None
    """Within the site; None for elsewhere, or nowhere that can be checked."""
    fragment: str = ""
    elsewhere: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class LinkedSite:
    """Which files there are, and at which address."""

    names: Collection[str]
    size: Callable[[str], int]
    base: str = ""
    """Address of the site; it and what lies below it is here."""

    def of_page(self, name: str, page: ParsedPage) -> Iterator[Problem]:
        """What is wrong with the addresses of a page alone; `between` needs the others."""
        for reference in page.references:
            target = self._target(name, reference.address, page.base)
            if target.wrong:
                yield Problem("link", name, reference.line, target.wrong)
            elif target.elsewhere and reference.loads:
                yield Problem("request", name, reference.line, f"the page loads {_short(target.elsewhere)}")
            elif target.path is not None:
                yield from self._missing(name, reference, target.path)

    def between(self, pages: Mapping[str, ParsedPage]) -> Iterator[Problem]:
        """Addresses of places in pages that have no such place."""
        for name, page in pages.items():
            for reference in page.references:
                if "#" not in reference.address:
                    continue
                target = self._target(name, reference.address, page.base)
                file = self._file(target.path) if target.path is not None else None
                there = pages.get(file) if file else None
                # "#top" is the top of any page, and text after ":~:" is for the browser.
                place = target.fragment.split(":~:")[0]
                if there and place and place.lower() != "top" and not {place, unquote(place)} & there.ids:
                    where = "the page" if file == name else repr(file)
                    yield Problem("link", name, reference.line, f"{where} has no place {f'#{unquote(place)}'!r}")

    def of_list(self, name: str, content: bytes) -> Iterator[Problem]:
        """Addresses of this site in a feed, a sitemap or `robots.txt` at which there is nothing."""
        base = self._root if self.base else ""
        if not base:
            return
        named = re.finditer(re.escape(base.encode()) + rb"[^\s\"'<>]*", content)
        addresses = ((found.start(), html.unescape(found[0].decode(errors="replace"))) for found in named)
        for line, address in requests.with_lines(content, addresses):
            target = self._target(name, address, "")
            if target.path is not None:
                yield from self._missing(name, Hyperlink(line, address, loads=False), target.path)

    def of_style(self, name: str, line: int, address: str) -> Iterator[Problem]:
        """What is wrong with an address that a style, a script or a picture beside the pages loads."""
        yield from self.of_page(name, ParsedPage(references=[Hyperlink(line, address, loads=True)]))

    @cached_property
    def _root(self) -> str:
        return f"{self.base.rstrip('/')}/" if self.base else _NOWHERE

    @cached_property
    def _folders(self) -> frozenset[str]:
        found = set()
        for name in self.names:
            while (name := posixpath.dirname(name)) and name not in found:
                found.add(name)
        return frozenset(found)

    @cached_property
    def _as_lower(self) -> Mapping[str, str]:
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
            return _Target(wrong=f"{_short(address)!r} is no address")
        if full.startswith(self._root) or f"{full}/" == self._root:
            path = parts.path[len(urlsplit(self._root).path) :]
            return _Target(unquote(path), parts.fragment)
        scheme = parts.scheme.lower()
        if scheme in _APART:
            return _Target()
        if scheme == "javascript":
            return _Target(wrong="an address that is a script; pages may not run it")
        if scheme == "file":
            return _Target(wrong="it leads to a file of one machine alone")
        if _HERE.fullmatch(host):
            return _Target(wrong=f"{_short(address)!r} leads to the reader's own machine")
        here = urlsplit(self._root)
        if (scheme, parts.netloc) == (here.scheme, here.netloc):
            inside = unquote(parts.path).lstrip("/")
            if inside and self._file(inside):
                return _Target(wrong=f"{_short(address)!r} leads out of {self.base}; here it is {here.path}{inside}")
        return _Target(elsewhere=full)

    def _file(self, path: str) -> str | None:
        """The file that a host sends for a path."""
        if path in self.names:
            return path
        index = f"{path.rstrip('/')}/index.html".lstrip("/")
        return index if index in self.names and not path.endswith("//") else None

    def _missing(self, name: str, reference: Hyperlink, path: str) -> Iterator[Problem]:
        if file := self._file(path):
            if reference.card and (size := self.size(file)) > CARD:
                message = (
                    f"{file} is the picture of a card and has {size / 1e6:.1f} MB; most places take {CARD / 1e6:.0f} MB"
                )
                yield Problem("size", name, reference.line, message)
            return
        if path.rstrip("/") in self._folders or not path:
            problem = f"the folder {path or '/'!r} has no index.html"
        else:
            problem = f"there is no {_short(path)!r}"
            if other := self._as_lower.get(path.lower()):
                problem += f"; there is {other!r}"
        yield Problem("link", name, reference.line, problem)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def _short(address: str) -> str:
    return address if len(address) <= 120 else f"{address[:119]}…"
