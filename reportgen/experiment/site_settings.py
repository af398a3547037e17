"""What a site says of itself: `reportgen.toml`, or the table [site] of an experiment file."""

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


def _day(value: Any, info: ValidationInfo) -> Any:
    if type(value) is datetime.date:
        return value.isoformat()
    if info.context == IN_FILE:
        raise PydanticCustomError("day", "must be a day without quotes, like 2026-11-23")
    try:
        return value and datetime.date.fromisoformat(value).isoformat()
    except ValueError:
        raise PydanticCustomError("day", "must be a day, like 2026-11-23") from None


Date = Annotated[
    str,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date"}),
    Field(json_schema_extra=lambda schema: schema.pop("default", None)),  # "" is no day that a file could hold
]
"""A day, like "2026-11-23", or none; a file has it without quotes."""

Tags = tuple[Annotated[Label, Field(min_length=1, max_length=40)], ...]
"""What a post is about, in a word or two each; every tag has a page of its posts."""

Below = Annotated[str, Field(max_length=500, pattern=r"^([^/\\\x00-\x1f][^\\\x00-\x1f]*)?$")]
"""A file or folder, relative to that of the file that names it."""


def _is_an_address(text: str) -> str:
    try:
        plain = escape_control_characters(text) == text and urlsplit(text)
    except ValueError:  # half of an IPv6 address
        plain = False
    if text and not (plain and re.fullmatch(r"https?://[^\s/?#\"'<>\\]+(/[^\s?#\"'<>\\]*)?", text)):
        raise ValueError("must be the address of a folder, like https://example.org/blog/")
    return text


_Address = Annotated[str, AfterValidator(_is_an_address)]
_Color = Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")]

_PAPER = {"accent": "#ffffff", "accent_dark": "#14171c"}
"""What text of these colors stands on: `--paper` of `templates/static/article.css`."""

_ENOUGH = 4.5
"""The least contrast of text by WCAG 2.2, success criterion 1.4.3."""


@checked
class Colors:
    """Colors of links and marks, like "#00619a"."""

    accent: _Color = ""
    """On light pages."""
    accent_dark: _Color = ""
    """On dark pages."""

    def __post_init__(self) -> None:
        for name, paper in _PAPER.items():
            color = getattr(self, name)
            if color and (found := contrast(color, paper)) < _ENOUGH:
                raise ExperimentError(
                    f"{name} must have a contrast of at least {_ENOUGH} with its page ({paper}), and {color} has "
                    f"{found:.1f}; make it {'darker' if name == 'accent' else 'lighter'}"
                )


@checked
class Link:
    """A link at the end of every page."""

    label: Annotated[Label, Field(min_length=1)]
    """What is read."""
    address: Annotated[str, Field(pattern=r"^(https?://|mailto:)[^\s\"<>\x00-\x20\x7f-\x9f]+$")]
    """Where it leads."""


@checked
class SiteSettings:
    """What the pages of a site have in common."""

    title: Annotated[Label, Field(min_length=1)]
    """The name of the site; at the top of every page."""
    author: Label = ""
    """Of whatever names no author of its own."""
    base: _Address = ""
    """The address at which the site will be found, like "https://example.org/blog/". Without it there are no previews
    in other places, no feed and no site map, since these need full addresses."""
    language: Language = "en"
    """Of its pages, such as "en" or "pt-BR", unless they say another."""
    description: Label = ""
    """A sentence for search engines, previews and the front page."""
    colors: Colors = field(default_factory=Colors)
    logo: Below = ""
    """A picture file (PNG, SVG, JPEG, GIF or WebP) beside the title."""
    footer: Annotated[str, Field(max_length=5_000)] = ""
    """Markdown at the end of every page."""
    css: Below = ""
    """A style sheet of your own, after those of the site."""
    theme: Below = ""
    """A folder of templates, styles and scripts that take the place of ours with the same names."""
    links: tuple[Link, ...] = ()
    """Links at the end of every page."""

    @property
    def root(self) -> str:
        """`base` with a slash at its end; empty without one."""
        return f"{self.base.rstrip('/')}/" if self.base else ""


def contrast(one: str, other: str) -> float:
    """Contrast of two colors like "#00619a", from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
