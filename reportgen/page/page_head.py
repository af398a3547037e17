"""What is around the text of a page: what it says of itself, to previews for instance, and the site it stands in."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reportgen.disk import files
from reportgen.errors import ExperimentError, RefusedError, reason
from reportgen.experiment.site_settings import Colours, SiteSettings
from reportgen.markdown import markdown, user_pictures
from reportgen.page import policy
from reportgen.pictures.media import content_named
from reportgen.version import __version__

LOGO_HEIGHT = 28
"""Of a logo on the page, in CSS pixels."""

LARGEST = 10_000_000
"""Bytes of a picture or a style sheet of the user's own."""


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


def surroundings(site: SiteSettings, beside: Path) -> tuple[SiteFrame, str, dict[str, bytes]]:
    """A site around its front page, its style sheet, and the files that both show; what it names lies in `beside`.

    Raises `ExperimentError` for a file that is missing or cannot be used, `RefusedError` for one outside of `beside`.
    """
    logo, shown = _logo(site, beside)
    found = SiteFrame(title=site.title, address=site.root, links=site.links, footer=_footer(site), logo=logo)
    return found, styles(site.colours, _css(site, beside)), shown


def theme(site: SiteSettings, beside: Path) -> Path | None:
    """The folder of a site's own templates, in `beside`; raises as `surroundings`."""
    if not site.theme:
        return None
    path = _inside(beside, site.theme, "theme")
    if not path.is_dir():
        raise ExperimentError(f"theme {path} is no folder")
    return path


def mistakes(site: SiteSettings, beside: Path) -> Iterator[tuple[str, ExperimentError]]:
    """What is wrong with the files and texts of a site, by the key that names them; raises `RefusedError`."""
    making: dict[str, Callable[[], object]] = {
        "logo": lambda: _logo(site, beside),
        "css": lambda: _css(site, beside),
        "footer": lambda: _footer(site),
        "theme": lambda: theme(site, beside),
    }
    for key, make in making.items():
        try:
            make()
        except ExperimentError as error:
            yield key, error


def _logo(site: SiteSettings, beside: Path) -> tuple[Logo | None, dict[str, bytes]]:
    if not site.logo:
        return None, {}
    path = beside / site.logo
    if path.suffix.lower() not in user_pictures.KINDS:
        raise ExperimentError(f"logo {path} is none of {', '.join(sorted(user_pictures.KINDS))}")
    try:
        content, width, height = user_pictures.load(path, beside)
    except ValueError as error:
        raise ExperimentError(f"logo {path}: {error}") from error
    name = f"media/{content_named(f'logo{path.suffix.lower()}', content)}"
    return Logo(path=name, width=round(width * LOGO_HEIGHT / height), height=LOGO_HEIGHT), {name: content}


def _css(site: SiteSettings, beside: Path) -> str:
    try:
        text = theirs(beside, site.css, "style sheet").decode("utf-8-sig") if site.css else ""
        return policy.fit(text, f"style sheet {beside / site.css}")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"style sheet {beside / site.css}: not UTF-8 text; save the file as UTF-8") from error
    except ValueError as error:
        raise ExperimentError(str(error)) from error


def _footer(site: SiteSettings) -> Markup:
    return markdown.alone(site.footer, "footer") if site.footer else Markup()


def digests(site: SiteSettings, beside: Path) -> dict[str, str]:
    """SHA-256 of each file that a site names, by its name."""
    named = {site.logo: "logo", site.css: "style sheet"}
    return {name: hashlib.sha256(theirs(beside, name, what)).hexdigest() for name, what in named.items() if name}


def theirs(beside: Path, name: str, what: str) -> bytes:
    """A file of the user's own; raises `ExperimentError`, and `RefusedError` for one that lies outside of `beside`."""
    path = _inside(beside, name, what)
    try:
        return files.read(path, LARGEST)
    except OSError as error:
        raise ExperimentError(f"cannot read {what} {path}: {reason(error)}") from error
    except ValueError as error:
        raise ExperimentError(f"cannot use {what} {path}: {error}") from error


def _inside(beside: Path, name: str, what: str) -> Path:
    """Where `name` is, which is there and in `beside`."""
    path = beside / name
    try:
        inside = path.resolve(strict=True).is_relative_to(beside.resolve())
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError
        said = reason(error) if isinstance(error, OSError) else "it is a link that leads to itself"
        raise ExperimentError(f"cannot read {what} {path}: {said}") from error
    if not inside:
        raise RefusedError(f"{what} {path} leads out of {beside.resolve().name or beside}; copy it there", code="RG702")
    return path


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


def slug(text: str) -> str:
    """A text as a part of an address: small letters and digits of any script, and hyphens between them."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text.casefold())).strip("-") or "-"


def styles(colours: Colours, own: str) -> str:
    """The style sheet of a site's colours, and `own` after it."""
    # As in article.css: what is printed is light, and each colour is for the pages that it was checked on.
    where = {"print, (prefers-color-scheme: light)": colours.accent}
    where |= {"screen and (prefers-color-scheme: dark)": colours.accent_dark}
    rules = [f"@media {media} {{ :root {{ --accent: {colour}; }} }}" for media, colour in where.items() if colour]
    return "\n".join([*rules, own])
