"""What is around the text of a page: what it says of itself, to previews for instance, and the site it stands in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

import reportgen
from reportgen.experiment.site import Colours, Site


@dataclass(frozen=True, kw_only=True)
class Card:
    """The picture of a page in previews."""

    path: str
    """Relative to the page's folder."""
    alt: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Entry:
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Around:
    """A site, as the templates of one of its pages see it."""

    title: str
    address: str = ""
    """Full address with a slash at its end; empty if it is not known."""
    home: str = ""
    """The way from the page's folder to the site's: nothing, or "../" so often."""
    navigation: tuple[Entry, ...] = ()
    links: tuple[Any, ...] = ()
    """`experiment.site.Link` of the footer."""
    footer: Markup = field(default_factory=Markup)
    logo: Logo | None = None
    css: str = ""
    """Colours of the site, and the user's own style sheet."""
    feed: bool = False
    posts: bool = False
    """Whether it has more than this page."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page says of itself."""

    title: str
    path: str = ""
    """Of its folder, as in `Entry`."""
    site: Site | None = None
    description: str = ""
    language: str = "en"
    author: str = ""
    kind: str = "article"
    """In the words of Open Graph: "article" or "website"."""
    date: str = ""
    """A day, like "2026-11-23"."""
    updated: str = ""
    tags: tuple[str, ...] = ()
    card: Card | None = None
    listed: bool = True
    """Whether search engines shall know it."""
    generator: str = field(default=f"reportgen {reportgen.__version__}", init=False)

    @property
    def address(self) -> str:
        """In full; the path where the site has no address."""
        return (self.site.root if self.site else "") + self.path

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
        if self.site:
            found["isPartOf"] = {"@type": "WebSite", "name": self.site.title, "url": self.site.root}
        return found


def styles(colours: Colours, own: str) -> str:
    """The style sheet of a site's colours, and `own` after it."""
    rules = [f":root {{ --accent: {colours.accent}; }}"] if colours.accent else []
    if colours.accent_dark:
        rules.append(
            f"@media screen and (prefers-color-scheme: dark) {{ :root {{ --accent: {colours.accent_dark}; }} }}"
        )
    return "\n".join([*rules, own])


def shortened(text: str, most: int = 200) -> str:
    """A text in one line of at most so many letters, ending with a whole word."""
    words = " ".join(text.split())
    return words if len(words) <= most else re.sub(r"[\s,;:–—-]*\S*$", "", words[:most]) + " …"
