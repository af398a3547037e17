"""The metadata of a page, for previews, feeds and search engines, and the site it belongs to."""

from __future__ import annotations

import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from reportgen.version import __version__


def lang_attribute(language: str) -> Markup:
    """The attribute of an element in a language; empty for English, the language of all words of ours."""
    return Markup("") if is_english(language) else Markup(' lang="{}"').format(language)


def is_english(language: str) -> bool:
    """True for the tags of English, such as "en" and "en-GB"."""
    return language.lower().partition("-")[0] == "en"


@dataclass(frozen=True, kw_only=True)
class PreviewCard:
    """The preview card of a page."""

    path: str
    """Relative to the page's folder."""
    alt: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class NavigationEntry:
    """A page in the navigation."""

    label: str
    path: str
    """Path of its folder, relative to the site's, with a slash at its end; empty for the front page."""


@dataclass(frozen=True, kw_only=True)
class Logo:
    """The logo beside the title of a site."""

    path: str
    """Relative to the site's folder."""
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class SiteFrame:
    """The frame of a site, as the templates of one of its pages see it."""

    title: str
    address: str = ""
    """Absolute address with a slash at its end; empty if not set."""
    home: str = ""
    """Relative path from the page's folder to the site's: empty, or "../" repeated."""
    navigation: tuple[NavigationEntry, ...] = ()
    links: tuple[Any, ...] = ()
    """`experiment.site.Link` of the footer."""
    footer: Markup = field(default_factory=Markup)
    logo: Logo | None = None
    feed: bool = False
    posts: bool = False
    """True if the site has more than this page."""
    language: str = "en"
    """The language of its title, its labels and its footer."""

    @property
    def lang(self) -> Markup:
        """The attribute of elements with its title, labels and footer."""
        return lang_attribute(self.language)


@dataclass(frozen=True, kw_only=True)
class PageHead:
    """The metadata of a page."""

    title: str
    path: str = ""
    """Path of its folder, as in `NavigationEntry`."""
    site: SiteFrame | None = None
    """The frame of its site."""
    description: str = ""
    computed: bool = False
    """True if the description is a finding or other words of ours; False if the author wrote it."""
    language: str = "en"
    """The language of what the author wrote; all other words of a page are English."""
    author: str = ""
    kind: str = "article"
    """The type in Open Graph: "article" or "website"."""
    date: str = ""
    """The date in ISO format, like "2026-11-23"."""
    updated: str = ""
    tags: tuple[str, ...] = ()
    card: PreviewCard | None = None
    listed: bool = True
    """True if search engines may list the page."""
    generator: str = field(default=f"reportgen {__version__}", init=False)

    @property
    def address(self) -> str:
        """The absolute address; only the path if the site has no address."""
        return (self.site.address if self.site else "") + self.path

    @property
    def lang(self) -> Markup:
        """The attribute of elements with words of the author."""
        return lang_attribute(self.language)

    @property
    def english(self) -> Markup:
        """The attribute of elements with words of ours among those of the author."""
        return Markup(' lang="en"') if self.lang else Markup("")

    @property
    def day(self) -> str:
        """The date as readers write it."""
        day = datetime.date.fromisoformat(self.date)
        # Names of months are known in English only.
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if self.language.startswith("en") else self.date

    @property
    def linked(self) -> Mapping[str, Any]:
        """The metadata as JSON-LD, with the vocabulary of schema.org."""
        found: dict[str, Any] = {
            "@context": "https://schema.org",
            "@type": "Article" if self.kind == "article" else "WebPage",
            "headline" if self.kind == "article" else "name": self.title,
            "url": self.address,
            "inLanguage": self.language,
        }
        if self.description:
            found["description"] = self.description
        if self.author:
            found["author"] = {"@type": "Person", "name": self.author}
        if self.date:
            found |= {"datePublished": self.date, "dateModified": self.updated or self.date}
        if self.tags:
            found["keywords"] = list(self.tags)
        if self.card:
            found["image"] = self.address + self.card.path
        if self.site:
            found["isPartOf"] = {"@type": "WebSite", "name": self.site.title, "url": self.site.address}
        return found


def standalone_head(page: PageHead) -> PageHead:
    """The page head for a single file that may be moved: it refers to its site only by an absolute address."""
    if page.site is None or not page.site.address:
        return dataclasses.replace(page, site=None, card=None)
    site = dataclasses.replace(page.site, home=page.site.address, logo=None)
    return dataclasses.replace(page, site=site)


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def tag_slug(text: str) -> str:
    """The address of a tag: lower-case letters and digits of any script with hyphens between words. Tags that differ
    only in other characters share a page."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text.casefold())).strip("-") or "-"
