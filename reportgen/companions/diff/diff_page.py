"""The HTML page with the differences between two builds."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from reportgen.companions.diff import Estimate, ReportDiff, words
from reportgen.page import policy
from reportgen.page.article import render_template
from reportgen.text import printable

ROWS = 200
"""Number of lines of each table on the page; a page with all numbers of a large build would be useless."""

WIDTH, MARGIN = 160, 6
"""Size of the picture of an interval, in SVG units."""


def render(diff: ReportDiff) -> str:
    """The differences as one self-contained HTML page."""
    known = {"d": diff, "w": {name: getattr(words, name) for name in _WORDS}, "rows": ROWS, "drawn": drawn}
    return render_template("difference.html", known, _printable, None, policy.PICTURES_INSIDE)


def drawn(estimate: Estimate) -> dict[str, Any] | None:
    """Positions of the old interval, the new interval and zero in a picture of `WIDTH`; None if a number is missing."""
    sides = {
        side: [place for key in ("low", "estimate", "high") if (place := values[key]) is not None]
        for side, values in (("old", estimate.old), ("new", estimate.new))
    }
    places = [*sides["old"], *sides["new"]]
    if len(places) < 6:
        return None
    # The picture includes zero: most estimates are differences, and their sign matters most.
    least, most = min(*places, 0.0), max(*places, 0.0)
    if not 0 < most - least < math.inf:
        return None

    def x(place: float) -> float:
        share: float = (place - least) / (most - least)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * share, 1)

    return {side: [x(place) for place in ends] for side, ends in sides.items()} | {"zero": x(0.0), "width": WIDTH}


_WORDS = (
    *("change", "interval", "lengths", "marked", "nothing", "number", "outcome", "pair", "shift", "sides", "summary"),
    *("value", "verdicts"),
)
"""Functions of `words` that the template calls."""


def _printable(value: Any) -> Any:
    """Escape what a template prints, since names and sentences come from untrusted files."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
