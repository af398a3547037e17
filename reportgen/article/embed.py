"""Snippets that put an animation of a built report into somebody's own page or post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reportgen.article.results import load
from reportgen.errors import ExperimentError, did_you_mean

CONTROLS = 190
"""Height in CSS pixels that a player needs below its picture."""


def animations(folder: Path) -> dict[str, dict[str, Any]]:
    """What `results.json` of a built report says of each animation, by name.

    Raises `DataError` if there is no report in `folder`, or one of another version.
    """
    return {name: item for name, item in load(folder)["media"].items() if item["kind"] == "animation"}


def chosen(known: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The animation called `name`; raises `ExperimentError` if there is none."""
    if name not in known:
        raise ExperimentError(f"this report has no animation {name!r}.{did_you_mean(name, known)}")
    return known[name]


def check_base(address: str) -> str:
    """`address` with a slash at its end; raises `ExperimentError` if it is no address of a web page."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s\"'<>?#]", address):
        raise ExperimentError(
            f"{address!r} is not the address of a site, like https://example.org/report/ without ? and #"
        )
    return address.rstrip("/") + "/"


def snippets(name: str, item: Mapping[str, Any], base: str = "") -> dict[str, str]:
    """Text to paste, by kind: "markdown", "image", "player", and "video" where there is a film.

    `item` is an animation of `results.json`. Addresses begin with `base`, the address of the report's folder; without
    one they are relative to it.
    """
    alt, size = escape(item["alt"]), f'width="{item["width"]}" height="{item["height"]}"'
    media = f"{base}media/"
    found = {
        "markdown": f"![{_plain(item['alt'])}]({media}{name}.gif)",
        "image": f'<img src="{media}{name}.gif" {size} alt="{alt}" loading="lazy">',
        "player": f'<iframe src="{base}embed/{name}.html" width="{item["width"]}" height="{item["height"] + CONTROLS}" '
        f'title="{alt}" loading="lazy"></iframe>',
    }
    films = [file for file in item["files"] if file.endswith((".mp4", ".webm"))]
    if films:
        sources = "".join(f'\n  <source src="{media}{f}" type="video/{f.rpartition(".")[2]}">' for f in films)
        found["video"] = (
            f'<video {size} poster="{media}{name}.png" aria-label="{alt}" controls loop muted playsinline>{sources}\n'
            "</video>"
        )
    return found


def _plain(text: str) -> str:
    """Text that Markdown leaves alone."""
    return re.sub(r"([\\\[\]`*_<>])", r"\\\1", text)
