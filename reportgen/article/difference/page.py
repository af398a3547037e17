"""The page that shows a difference of two builds."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from reportgen.article.difference import Difference, Estimate, words
from reportgen.sources import template_folder

ROWS = 200
"""How many lines of each table the page shows; a page with all numbers of a large build would be of no use."""

WIDTH, MARGIN = 160, 6
"""Of the picture of an interval, in its own units."""


def render(found: Difference) -> str:
    """The difference as one HTML page that needs nothing else."""
    return _environment().get_template("difference.html").render(d=found, w=words, rows=ROWS, drawn=drawn)


def drawn(estimate: Estimate) -> dict[str, Any] | None:
    """Where the old and the new interval lie in a picture of `WIDTH`, and zero; None if they cannot be drawn."""
    sides = {
        side: [place for key in ("low", "estimate", "high") if (place := values[key]) is not None]
        for side, values in (("old", estimate.old), ("new", estimate.new))
    }
    places = [*sides["old"], *sides["new"]]
    if len(places) < 6:
        return None
    # Zero belongs into the picture: most estimates are differences, and its side is what matters.
    least, most = min(*places, 0.0), max(*places, 0.0)
    if not 0 < most - least < math.inf:
        return None

    def x(place: float) -> float:
        share: float = (place - least) / (most - least)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * share, 1)

    return {side: [x(place) for place in ends] for side, ends in sides.items()} | {"zero": x(0.0), "width": WIDTH}


@cache
def _environment() -> jinja2.Environment:
    folder = template_folder()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (folder / "static" / "article.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704  # our own file
    return environment


def _printable(value: Any) -> Any:
    """What a template prints; names and sentences come from files that anyone may have written."""
    return words.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
