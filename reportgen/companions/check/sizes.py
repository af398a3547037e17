"""What is too large, for a reader or for the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reportgen.companions.check.problem import Problem

REPORT = 8_000_000
"""Bytes of an article in one file."""
PAGE = 25_000_000
"""Bytes of any page, beyond which browsers and mail have trouble."""
GIF = 1_000_000
FILE = 100_000_000
"""What GitHub Pages takes of one file."""
SITE = 1_000_000_000
"""What it takes of a site."""


def sizes(names: Iterable[str], size: Callable[[str], int]) -> Iterator[Problem]:
    """Everything beyond its budget, or beyond what GitHub Pages takes."""
    total = 0
    for name in names:
        total += (bytes_ := size(name))
        if bytes_ > FILE:
            yield Problem(
                "size", name, None, f"{_mb(bytes_)}; GitHub Pages takes {_mb(FILE)} a file, and it is not searched"
            )
        elif bytes_ > PAGE and name.endswith((".html", ".htm")):
            message = f"{_mb(bytes_)} in one page; leave it out, or show fewer animations or frames"
            yield Problem("size", name, None, message, "RG703")
        elif bytes_ > REPORT and name.rpartition("/")[2] == "report.html":
            yield Problem("size", name, None, f"{_mb(bytes_)}; its budget is {_mb(REPORT)}")
        elif bytes_ > GIF and name.lower().endswith(".gif"):
            yield Problem("size", name, None, f"{_mb(bytes_)}; the budget of a GIF is {_mb(GIF)}")
    if total > SITE:
        yield Problem("size", ".", None, f"{total / 1e9:.1f} GB in all; GitHub Pages takes {SITE / 1e9:.0f} GB")


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count % 1_000_000 else f"{count // 1_000_000} MB"
