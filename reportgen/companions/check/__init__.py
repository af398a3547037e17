"""Problems of a finished site: broken links, invalid pages, sizes, requests to other hosts, and leaks.

Pure functions over the files of a site: a mapping in memory, or the result of `open_folder`.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Collection, Mapping, Sequence

from reportgen.companions.check.problem import Kind, Problem
from reportgen.companions.check.reading import FolderFiles, open_folder
from reportgen.companions.check.secrets import Secrets

__all__ = ["FolderFiles", "Kind", "Problem", "Secrets", "inspect", "open_folder", "warn"]

SHOWN = 20
"""Number of problems that a build lists."""


def inspect(
    files: Mapping[str, bytes], *, base: str = "", secrets: Secrets | None = None, trusted: Collection[str] = ()
) -> tuple[Problem, ...]:
    """The problems of a site, by file and line; equal files give equal problems.

    `base` is the address of the site; without it, the address in `robots.txt`. `secrets` are values that must not
    appear, besides everything that looks like a password; without them, the secrets of this process. Files in `trusted`
    are not checked. No file is kept in memory, and files too large for a host are not read.

    No content of a file raises an error. Reading a file may, see `open_folder`.
    """
    from reportgen.companions.check import leaks, links, markup, requests, sizes

    size = files.size if isinstance(files, FolderFiles) else lambda name: len(files[name])
    names = sorted(files)
    robots, front = (
        files[name] if name in names and size(name) <= sizes.FILE else b"" for name in ("robots.txt", "index.html")
    )
    base = base or _sitemap_base(robots)
    # A name that the site states as its author is there on purpose.
    public = f"{base} {_author(front)}"
    search = leaks.LeakSearch((Secrets.of_process() if secrets is None else secrets).without_names_in(public))
    site = links.LinkedSite(frozenset(names), size, base)
    pages: dict[str, markup.ParsedPage] = {}
    problems = [*(files.problems if isinstance(files, FolderFiles) else ()), *sizes.check_sizes(names, size)]
    for name in names:
        if size(name) > sizes.FILE or name in trusted:
            continue
        content = files[name]
        problems += leaks.find_leaks(name, content, search)
        suffix = name.rpartition(".")[2].lower()
        if suffix in ("html", "htm"):
            pages[name] = markup.parse_page(name, content)
            problems += pages[name].problems
            problems += site.check_page(name, pages[name])
        elif suffix in ("css", "js", "mjs", "svg"):
            for line, address in requests.addresses_in_file(suffix, content):
                problems += site.check_request(name, line, address)
        elif suffix in ("xml", "atom", "rss") or name == "robots.txt":
            problems += site.check_list(name, content)
    problems += site.check_anchors(pages)
    return tuple(sorted({search.mask(problem) for problem in problems}, key=lambda problem: problem.order))


def _sitemap_base(robots: bytes) -> str:
    """The address of a site: the folder of the sitemap that its `robots.txt` names."""
    match = re.search(rb"^Sitemap: (https?://\S+/)sitemap\.xml\s*$", robots, re.MULTILINE)
    return match[1].decode("utf-8", "replace") if match else ""


def _author(front: bytes) -> str:
    match = re.search(rb'<meta name="author" content="([^"]*)"', front[:100_000])
    return html.unescape(match[1].decode("utf-8", "replace")) if match else ""


def warn(problems: Sequence[Problem], folder: object) -> None:
    """Log the first problems as warnings; for the rest, name the command that lists all problems of `folder`."""
    log = logging.getLogger("reportgen")
    for problem in problems[:SHOWN]:
        log.warning("%s", problem, extra={"code": problem.code})
    if (more := len(problems) - SHOWN) > 0:
        log.warning("%s more; reportgen check %s lists all", f"{more:,}", folder)
