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


@dataclass(frozen=True, kw_only=True)
class PreviewCard:
    """The picture of a page in previews."""

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
    """Of its folder, relative to the site's, with a slash at its end; empty for the front page."""


@dataclass(frozen=True, kw_only=True)
class Logo:
    """The picture beside the title of a site."""

    path: str
    """Relative to the site's folder."""
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class SiteFrame:
    """A site, as the templates of one of its pages see it."""

    title: str
    address: str = ""
    """Full address with a slash at its end; empty if it is not known."""
    home: str = ""
    """The way from the page's folder to the site's: nothing, or "../" so often."""
    navigation: tuple[NavigationEntry, ...] = ()
    links: tuple[Any, ...] = ()
    """`experiment.site.Link` of the footer."""
    footer: Markup = field(default_factory=Markup)
    logo: Logo | None = None
    feed: bool = False
    posts: bool = False
    """Whether it has more than this page."""


@dataclass(frozen=True, kw_only=True)
class PageHead:
    """What a page says of itself."""

    title: str
    path: str = ""
    """Of its folder, as in `NavigationEntry`."""
    around: SiteFrame | None = None
    """The site that it stands in."""
    description: str = ""
    language: str = "en"
    author: str = ""
    kind: str = "article"
    """In the words of Open Graph: "article" or "website"."""
    date: str = ""
    """A day, like "2026-11-23"."""
    updated: str = ""
    tags: tuple[str, ...] = ()
    card: PreviewCard | None = None
    listed: bool = True
    """Whether search engines shall know it."""
    generator: str = field(default=f"reportgen {__version__}", init=False)

    @property
    def address(self) -> str:
        """In full; the path where the site has no address."""
        return (self.around.address if self.around else "") + self.path

    @property
    def day(self) -> str:
        """The date as a reader wants it."""
        day = datetime.date.fromisoformat(self.date)
        # Names of months in other languages are another's knowledge.
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if self.language.startswith("en") else self.date

    @property
    def linked(self) -> Mapping[str, Any]:
        """The page as JSON-LD, in the words of schema.org."""
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
        if self.around:
            found["isPartOf"] = {"@type": "WebSite", "name": self.around.title, "url": self.around.address}
        return found


def alone(page: PageHead) -> PageHead:
    """The same page as a file that may lie anywhere: it leads to its site only by a full address."""
    if page.around is None or not page.around.address:
        return dataclasses.replace(page, around=None)
    around = dataclasses.replace(page.around, home=page.around.address, logo=None)
    return dataclasses.replace(page, around=around)


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def tag_slug(text: str) -> str:
    """The address of a tag: lower-case letters and digits of any script with hyphens between words. Tags that differ
    only in other characters share a page."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text.casefold())).strip("-") or "-"
