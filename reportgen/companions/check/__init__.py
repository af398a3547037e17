"""What is wrong with a finished site: dead links, broken pages, sizes, requests to elsewhere, and leaks.

Pure functions over the files of a site, wherever they are: a mapping in memory, or `of_folder`.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Collection, Mapping, Sequence

from reportgen.companions.check.problem import Kind, Problem
from reportgen.companions.check.reading import FolderFiles, of_folder
from reportgen.companions.check.secrets import Secrets

__all__ = ["Folder", "Kind", "Problem", "Secrets", "inspect", "of_folder", "warn"]

TOLD = 20
"""Problems that a build tells of one by one."""


def inspect(
    files: Mapping[str, bytes], *, base: str = "", secrets: Secrets | None = None, trusted: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Everything that is wrong with a site, by file and line; equal files give equal problems.

    `base` is the address that the site will have; that in its `robots.txt` unless given. `secrets` are what must not
    appear in it besides what looks like a password anywhere; those of the surroundings unless given. No file is kept,
    and none too large for a host is read. Into those that are `trusted` nothing looks.

    No content makes it raise; reading may, see `of_folder`.
    """
    from reportgen.companions.check import leaks, links, markup, requests, sizes

    size = files.size if isinstance(files, FolderFiles) else lambda name: len(files[name])
    names = sorted(files)
    robots, front = (
        files[name] if name in names and size(name) <= sizes.FILE else b"" for name in ("robots.txt", "index.html")
    )
    base = base or _told(robots)
    # A name that the site gives as its author's was put there on purpose.
    look = leaks.LeakSearch((Secrets.here() if secrets is None else secrets).apart_from(f"{base} {_author(front)}"))
    site = links.LinkedSite(frozenset(names), size, base)
    pages: dict[str, markup.ParsedPage] = {}
    found = [*(files.problems if isinstance(files, FolderFiles) else ()), *sizes.sizes(names, size)]
    for name in names:
        if size(name) > sizes.FILE or name in trusted:
            continue
        content = files[name]
        found += leaks.of_file(name, content, look)
        ending = name.rpartition(".")[2].lower()
        if ending in ("html", "htm"):
            pages[name] = markup.read(name, content)
            found += pages[name].problems
            found += site.of_page(name, pages[name])
        elif ending in ("css", "js", "mjs", "svg"):
            for line, address in requests.of_file(ending, content):
                found += site.of_style(name, line, address)
        elif ending in ("xml", "atom", "rss") or name == "robots.txt":
            found += site.of_list(name, content)
    found += site.between(pages)
    return tuple(sorted({look.masked(problem) for problem in found}, key=lambda problem: problem.order))


def _told(robots: bytes) -> str:
    """The address that a site tells of itself, which is where its map lies."""
    found = re.search(rb"^Sitemap: (https?://\S+/)sitemap\.xml\s*$", robots, re.MULTILINE)
    return found[1].decode("utf-8", "replace") if found else ""


def _author(front: bytes) -> str:
    found = re.search(rb'<meta name="author" content="([^"]*)"', front[:100_000])
    return html.unescape(found[1].decode("utf-8", "replace")) if found else ""


def warn(problems: Sequence[Problem], folder: object) -> None:
    """Tell of problems as warnings, the first of them one by one; `folder` is where they can all be looked up."""
    log = logging.getLogger("reportgen")
    for problem in problems[:TOLD]:
        log.warning("%s", problem, extra={"code": problem.code})
    if (more := len(problems) - TOLD) > 0:
        log.warning("%s more; reportgen check %s lists all", f"{more:,}", folder)
