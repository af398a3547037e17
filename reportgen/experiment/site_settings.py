"""The settings of a site: `reportgen.toml`, or the table [site] of an experiment file."""

from __future__ import annotations

import datetime
import re
from dataclasses import field
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from reportgen.errors import ExperimentError
from reportgen.experiment.toml import IN_FILE
from reportgen.text import escape_control_characters
from reportgen.values import Label, checked

Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language tag, like "en" or "pt-BR"."""


def _parse_date(value: Any, info: ValidationInfo) -> Any:
    if type(value) is datetime.date:
        return value.isoformat()
    if info.context == IN_FILE:
        raise PydanticCustomError("day", "must be a date without quotes, like 2026-11-23")
    try:
        return value and datetime.date.fromisoformat(value).isoformat()
    except ValueError:
        raise PydanticCustomError("day", "must be a date, like 2026-11-23") from None


Date = Annotated[
    str,
    BeforeValidator(_parse_date),
    WithJsonSchema({"type": "string", "format": "date"}),
    Field(
        json_schema_extra=lambda schema: schema.pop("default", None)
    ),  # a file cannot hold the default, "", as a date
]
"""A date, like "2026-11-23", or empty; written without quotes in a file."""

Tags = tuple[Annotated[Label, Field(min_length=1, max_length=40)], ...]
"""Topics of a post, in a word or two each; every tag has a page that lists its posts."""

Below = Annotated[str, Field(max_length=500, pattern=r"^([^/\\\x00-\x1f][^\\\x00-\x1f]*)?$")]
"""A path, relative to the folder of the file that names it."""


def _check_address(text: str) -> str:
    try:
        parts = escape_control_characters(text) == text and urlsplit(text)
    except ValueError:  # half of an IPv6 address
        parts = False
    if text and not (parts and re.fullmatch(r"https?://[^\s/?#\"'<>\\]+(/[^\s?#\"'<>\\]*)?", text)):
        raise ValueError("must be the address of a folder, like https://example.org/blog/")
    return text


_Address = Annotated[str, AfterValidator(_check_address)]
_Color = Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")]

_PAPER = {"accent": "#ffffff", "accent_dark": "#14171c"}
"""Background colors of the page behind each color: `--paper` in `templates/static/article.css`."""

_LEAST_CONTRAST = 4.5
"""The least contrast of text in WCAG 2.2, success criterion 1.4.3."""


@checked
class Colors:
    """Colors of links and marks, like "#00619a"."""

    accent: _Color = ""
    """The color on light pages."""
    accent_dark: _Color = ""
    """The color on dark pages."""

    def __post_init__(self) -> None:
        for name, paper in _PAPER.items():
            color = getattr(self, name)
            if color and (ratio := contrast(color, paper)) < _LEAST_CONTRAST:
                raise ExperimentError(
                    f"{name} must have a contrast of at least {_LEAST_CONTRAST} with the page ({paper}); {color} has "
                    f"{ratio:.1f}; make it {'darker' if name == 'accent' else 'lighter'}"
                )


@checked
class Link:
    """A link at the end of every page."""

    label: Annotated[Label, Field(min_length=1)]
    """The text of the link."""
    address: Annotated[str, Field(pattern=r"^(https?://|mailto:)[^\s\"<>\x00-\x20\x7f-\x9f]+$")]
    """The address of the link."""


@checked
class SiteSettings:
    """The settings of all pages of a site."""

    title: Annotated[Label, Field(min_length=1)]
    """The name of the site, at the top of every page."""
    author: Label = ""
    """The author of pages that name none."""
    base: _Address = ""
    """The address of the site, like "https://example.org/blog/". Without it there are no link previews, no feed and no
    sitemap, since they need full addresses."""
    language: Language = "en"
    """The language of pages that name none, such as "en" or "pt-BR"."""
    description: Label = ""
    """A sentence for search engines, link previews and the front page."""
    colors: Colors = field(default_factory=Colors)
    logo: Below = ""
    """A picture file (PNG, SVG, JPEG, GIF or WebP) beside the title."""
    footer: Annotated[str, Field(max_length=5_000)] = ""
    """Markdown at the end of every page."""
    css: Below = ""
    """A style sheet of your own, loaded after those of the site."""
    theme: Below = ""
    """A folder of templates, styles and scripts, which replace ours with the same names."""
    links: tuple[Link, ...] = ()
    """Links at the end of every page."""

    @property
    def root(self) -> str:
        """`base` with a slash at its end; empty without `base`."""
        return f"{self.base.rstrip('/')}/" if self.base else ""


def contrast(color: str, other: str) -> float:
    """Contrast of two colors like "#00619a", from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted(map(_luminance, (color, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
