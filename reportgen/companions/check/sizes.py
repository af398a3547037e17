"""Files that are too large for readers or for the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reportgen.companions.check.problem import Problem
from reportgen.text import size_text

REPORT = 8_000_000
"""Budget of an article in one file, in bytes."""
PAGE = 25_000_000
"""Budget of any page, in bytes; browsers and mail programs have trouble with larger ones."""
GIF = 1_000_000
FILE = 100_000_000
"""Limit of GitHub Pages for a file, in bytes."""
SITE = 1_000_000_000
"""Limit of GitHub Pages for a site, in bytes."""


def check_sizes(names: Iterable[str], size: Callable[[str], int]) -> Iterator[Problem]:
    """Files over their budget, and files or a site over the limits of GitHub Pages."""
    total = 0
    for name in names:
        total += (bytes_ := size(name))
        if bytes_ > FILE:
            message = f"{size_text(bytes_)}; GitHub Pages takes {size_text(FILE)} per file; it is not searched"
            yield Problem("size", name, None, message)
        elif bytes_ > PAGE and name.endswith((".html", ".htm")):
            message = f"{size_text(bytes_)} in one page; leave it out, or show fewer animations or frames"
            yield Problem("size", name, None, message, "RG703")
        elif bytes_ > REPORT and name.rpartition("/")[2] == "report.html":
            yield Problem("size", name, None, f"{size_text(bytes_)}; its budget is {size_text(REPORT)}")
        elif bytes_ > GIF and name.lower().endswith(".gif"):
            yield Problem("size", name, None, f"{size_text(bytes_)}; the budget of a GIF is {size_text(GIF)}")
    if total > SITE:
        yield Problem("size", ".", None, f"{size_text(total)} in all; GitHub Pages takes {size_text(SITE)}")
