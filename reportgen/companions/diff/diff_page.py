"""The page that shows a difference of two builds."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from reportgen.companions.diff import Estimate, ReportDiff, words
from reportgen.page import policy
from reportgen.page.article import render_template
from reportgen.text import printable

ROWS = 200
"""How many lines of each table the page shows; a page with all numbers of a large build would be of no use."""

WIDTH, MARGIN = 160, 6
"""Of the picture of an interval, in its own units."""


def render(found: ReportDiff) -> str:
    """The difference as one HTML page that needs nothing else."""
    known = {"d": found, "w": {name: getattr(words, name) for name in _WORDS}, "rows": ROWS, "drawn": drawn}
    return render_template("difference.html", known, _printable, None, policy.PICTURES_INSIDE)


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


_WORDS = (
    *("change", "interval", "lengths", "marked", "nothing", "number", "outcome", "pair", "shift", "sides", "summary"),
    *("value", "verdicts"),
)
"""Of `words`, what the template calls."""


def _printable(value: Any) -> Any:
    """What a template prints; names and sentences come from files that anyone may have written."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
