"""The size of the page in a single file: limits, the largest parts, and advice to reduce it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from reportgen.errors import ExperimentError

HEAVY = 25_000_000
"""Bytes above which a build warns: the limit of most mail servers."""

LARGEST = 100_000_000
"""Bytes above which a build fails: browsers cannot open such a page, and hosts of sites refuse the file."""

_PARTS = {
    "pictures": rb'<svg class="chart".*?</svg>|"data:image/[^"]*"',
    "players": rb'<script type="application/json".*?</script>',
    "tables": rb'"data:text/csv[^"]*"|<table\b.*?</table>',
}

_ADVICE = {
    "pictures": "leave out sections or arms, or record less often ([recording] every), for fewer frames",
    "players": "record less often ([recording] every), or have fewer arms",
    "tables": "train fewer runs ([runs] count), or leave out sections",
    "text": "leave out sections",
}


def check_weight(page: bytes, name: str = "report.html") -> None:
    """Warn (RG703) if a page in a single file is large, with its largest parts and the settings that reduce them.

    Raises `ExperimentError` (RG703) if it is too large to be opened or hosted.
    """
    if len(page) <= HEAVY:
        return
    parts = part_sizes(page)
    most = max(parts, key=lambda part: parts[part])
    shares = ", ".join(f"{part} {_mb(size)}" for part, size in sorted(parts.items(), key=lambda one: -one[1]) if size)
    figures = ", ".join(f"{figure} {_mb(size)}" for figure, size in _largest_figures(page))
    told = f"{shares}{f'; the largest: {figures}' if figures else ''}"
    if len(page) > LARGEST:
        raise ExperimentError(
            f"{name} would have {_mb(len(page))}, more than {_mb(LARGEST)}, with which browsers and hosts have "
            f"trouble ({told}): {_ADVICE[most]}",
            code="RG703",
        )
    logging.getLogger("reportgen").warning(
        "%s has %s, too much for mail (%s); index.html shows the same from smaller files; for less: %s",
        name,
        _mb(len(page)),
        told,
        _ADVICE[most],
        extra={"code": "RG703"},
    )


def part_sizes(page: bytes) -> Mapping[str, int]:
    """Bytes of a page by part; their sum is the size of the page."""
    found = {part: sum(len(each) for each in re.findall(what, page, re.DOTALL)) for part, what in _PARTS.items()}
    # Content inside a table counts as the table only.
    return {**found, "text": max(0, len(page) - sum(found.values()))}


def _largest_figures(page: bytes) -> list[tuple[str, int]]:
    found = re.finditer(rb'<figure\b[^>]*\bid="(?:figure|table)-([^"]*)".*?</figure>', page, re.DOTALL)
    sizes = sorted(((len(each[0]), each[1].decode(errors="replace")) for each in found), reverse=True)
    return [(figure, size) for size, figure in sizes[:3] if size > HEAVY / 50]


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 10_000_000 else f"{size / 1e6:,.0f} MB"
