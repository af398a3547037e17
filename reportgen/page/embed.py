"""Snippets that embed an animation of a built report in another page or post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reportgen.errors import DataError, ExperimentError, did_you_mean
from reportgen.page.results import load
from reportgen.text import printable
from reportgen.values import short_repr

NO_ANIMATIONS = "this report has no animations; add 'motion' to the sections of its experiment file, and build again"

LIVE = "live"
"""The name of the network that trains in the page, and of its page in the folder `embed`."""
_LIVE_SIZE = 800, 700

CONTROLS = 190
"""Height of a player's controls, in CSS pixels."""


def animations(folder: Path) -> dict[str, dict[str, Any]]:
    """The entries of animations in `results.json` of a built report, by name.

    Raises `DataError` if there is no report in `folder`, one of another version, or one that a build did not write.
    """
    found = {}
    for name, item in load(folder)["media"].items():
        if not _NAME.fullmatch(name) or not _is_media(item):
            raise DataError(f"cannot use {folder}: its results have a picture that no build writes, {short_repr(name)}")
        if item["kind"] == "animation":
            found[name] = item
    return found


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,200}")
_FILE = re.compile(r"(?:media|embed)/[A-Za-z0-9][A-Za-z0-9_-]{0,200}\.[a-z0-9]{1,9}")


def _is_media(item: Any) -> bool:
    """True if `item` has the structure of a picture in results. Snippets are made from it, so it must be checked."""
    return (
        isinstance(item, dict)
        and isinstance(item.get("kind"), str)
        and isinstance(item.get("alt"), str)
        and all(type(item.get(side)) is int and 0 < item[side] < 100_000 for side in ("width", "height"))
        and isinstance(item.get("files"), list)
        and all(isinstance(file, str) and _FILE.fullmatch(file) for file in item["files"])
    )


def find_animation(known: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The animation called `name`; raises `ExperimentError` if there is none."""
    if not known:
        raise ExperimentError(NO_ANIMATIONS)
    if name not in known:
        raise ExperimentError(f"this report has no animation {name!r}.{did_you_mean(name, known)}")
    return known[name]


def check_base(address: str) -> str:
    """`address` with a slash at its end; raises `ExperimentError` if it is not the address of a web page."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s\"'<>?#]", address):
        raise ExperimentError(
            f"{address!r} is not the address of a site, like https://example.org/report/ without ? and #"
        )
    return address.rstrip("/") + "/"


def snippets(name: str, item: Mapping[str, Any], base: str = "") -> dict[str, str]:
    """Text to paste, by kind: "markdown", "image", "player", and "video" if there is a video file.

    `item` is an animation of `results.json`. Addresses begin with `base`, the address of the report's folder; without
    one they are relative to it.
    """
    words = printable(" ".join(item["alt"].split()))
    alt, size = escape(words), f'width="{item["width"]}" height="{item["height"]}"'
    file = f"{base}embed/{name}"
    found = {
        "markdown": f"![{_escape_markdown(words)}]({file}.gif)",
        "image": f'<img src="{file}.gif" {size} alt="{alt}" loading="lazy" style="max-width:100%;height:auto">',
        "player": f'<iframe src="{file}.html" width="{item["width"]}" height="{item["height"] + CONTROLS}" '
        f'title="{alt}" loading="lazy" style="max-width:100%;border:0"></iframe>',
    }
    films = [path for path in item["files"] if path.endswith((".mp4", ".webm"))]
    if films:
        sources = "".join(f'\n  <source src="{base}{path}" type="video/{path.rpartition(".")[2]}">' for path in films)
        found["video"] = (
            f'<video {size} poster="{file}.png" aria-label="{alt}" controls loop muted playsinline>{sources}\n</video>'
        )
    return found


def has_live(findings: Mapping[str, Any]) -> bool:
    """True if a report with these findings by section has a network that trains in the page."""
    found = findings.get(LIVE)
    return isinstance(found, Mapping) and bool(found.get("possible"))


def live_snippet(base: str = "") -> str:
    """Text to paste that shows the network that trains in the page; see `snippets`."""
    width, height = _LIVE_SIZE
    return (
        f'<iframe src="{base}embed/{LIVE}.html" width="{width}" height="{height}" '
        'title="A network that trains in the page" loading="lazy" style="max-width:100%;border:0"></iframe>'
    )


def _escape_markdown(text: str) -> str:
    """Text with Markdown's characters and GitHub's formula signs escaped."""
    return re.sub(r"([\\\[\]`*_<>&$~|])", r"\\\1", text)
