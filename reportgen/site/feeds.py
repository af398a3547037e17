"""What machines read of a site: its feed, its map, and what hosts shall do with its files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote
from xml.etree import ElementTree

from reportgen.experiment.site_settings import SiteSettings
from reportgen.page.page_head import PageHead

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"

MOST = 30
"""The most posts that the feed has, the newest ones."""


def atom(site: SiteSettings, posts: Sequence[PageHead]) -> bytes:
    """The posts, the newest first, as an Atom feed (RFC 4287); each is known by its address."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": site.language})
    _add(feed, "title", site.title)
    if site.description:
        _add(feed, "subtitle", site.description)
    _add(feed, "id", site.root)
    _add(feed, "updated", _moment(max(post.updated or post.date for post in posts)))
    _add(feed, "link", href=f"{site.root}feed.xml", rel="self", type="application/atom+xml")
    _add(feed, "link", href=site.root, rel="alternate", type="text/html")
    # Every entry needs an author, or the feed does.
    _add(_add(feed, "author"), "name", site.author or site.title)
    for post in posts[:MOST]:
        entry = _add(feed, "entry")
        _add(entry, "title", post.title)
        _add(entry, "id", post.address)
        _add(entry, "link", href=post.address, rel="alternate", type="text/html")
        _add(entry, "published", _moment(post.date))
        _add(entry, "updated", _moment(post.updated or post.date))
        if post.author:
            _add(_add(entry, "author"), "name", post.author)
        _add(entry, "summary", post.description)
        for tag in post.tags:
            _add(entry, "category", term=tag)
    return _xml(feed)


def sitemap(pages: Iterable[PageHead]) -> bytes:
    """The pages that search engines shall know."""
    found = ElementTree.Element("urlset", {"xmlns": _SITEMAP})
    for page in pages:
        if page.listed:
            place = _add(found, "url")
            _add(place, "loc", quote(page.address, safe="/:@!$&'()*+,;=%~[]"))
            if page.updated or page.date:
                _add(place, "lastmod", page.updated or page.date)
    return _xml(found)


def robots(site: SiteSettings) -> bytes:
    """Everybody may read all of it."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {site.root}sitemap.xml\n".encode()


def headers(folders: Iterable[str]) -> bytes:
    """For hosts that read a file `_headers`: names in `media` hold the digest of the content, so they may be kept.

    `folders` are those that have a folder `media`, with a slash at their ends.
    """
    rules = ["/*\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: strict-origin-when-cross-origin\n"]
    rules += [f"/{folder}media/*\n  Cache-Control: public, max-age=31536000, immutable\n" for folder in sorted(folders)]
    return "\n".join(rules).encode()


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text or None
    return element


def _xml(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()
