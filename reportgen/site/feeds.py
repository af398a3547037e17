"""The machine-readable files of a site: feed, sitemap, `robots.txt` and the headers for hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote
from xml.etree import ElementTree

from reportgen.experiment.site_settings import SiteSettings
from reportgen.page.page_head import PageHead

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"

MOST = 30
"""Number of posts in the feed, the newest ones."""


def atom(site: SiteSettings, posts: Sequence[PageHead]) -> bytes:
    """An Atom feed (RFC 4287) of the posts, the newest first; the id of each is its address."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": site.language})
    _add(feed, "title", site.title)
    if site.description:
        _add(feed, "subtitle", site.description)
    _add(feed, "id", site.root)
    _add(feed, "updated", _timestamp(max(post.updated or post.date for post in posts)))
    _add(feed, "link", href=f"{site.root}feed.xml", rel="self", type="application/atom+xml")
    _add(feed, "link", href=site.root, rel="alternate", type="text/html")
    # Atom requires an author for the feed or for every entry.
    _add(_add(feed, "author"), "name", site.author or site.title)
    for post in posts[:MOST]:
        entry = _add(feed, "entry")
        _add(entry, "title", post.title)
        _add(entry, "id", post.address)
        _add(entry, "link", href=post.address, rel="alternate", type="text/html")
        _add(entry, "published", _timestamp(post.date))
        _add(entry, "updated", _timestamp(post.updated or post.date))
        if post.author:
            _add(_add(entry, "author"), "name", post.author)
        _add(entry, "summary", post.description)
        for tag in post.tags:
            _add(entry, "category", term=tag)
    return _xml(feed)


def sitemap(pages: Iterable[PageHead]) -> bytes:
    """The sitemap of the pages, for search engines."""
    root = ElementTree.Element("urlset", {"xmlns": _SITEMAP})
    for page in pages:
        if page.listed:
            entry = _add(root, "url")
            _add(entry, "loc", quote(page.address, safe="/:@!$&'()*+,;=%~[]"))
            if page.updated or page.date:
                _add(entry, "lastmod", page.updated or page.date)
    return _xml(root)


def robots(site: SiteSettings) -> bytes:
    """A `robots.txt` that allows everything and names the sitemap."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {site.root}sitemap.xml\n".encode()


def headers(folders: Iterable[str]) -> bytes:
    """The file `_headers` of some hosts. Names in `media` contain the digest of the content, so they may be cached.

    `folders` are the folders with a subfolder `media`, each ending with a slash.
    """
    rules = ["/*\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: strict-origin-when-cross-origin\n"]
    rules += [f"/{folder}media/*\n  Cache-Control: public, max-age=31536000, immutable\n" for folder in sorted(folders)]
    return "\n".join(rules).encode()


def _timestamp(day: str) -> str:
    return f"{day}T00:00:00Z"


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text or None
    return element


def _xml(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()
