"""`reportgen site`: a folder of posts and pages as a site."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import build_options, strict_option
from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit, tell

if TYPE_CHECKING:
    from reportgen.pipeline.options import BuildOptions


@click.command("site")
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]", shell_complete=folders)
@build_options.writing("site", "Templates and styles in place of the site's theme.")
@debug
def command(folder: Path, out: Path, templates: Path | None, options: BuildOptions, strict: bool, mode: str) -> None:
    """Build the site in a folder: every post and page, the lists and feeds that lead to them.

    DIR holds a reportgen.toml and is the current folder unless given; "reportgen new site" makes one to start from.
    """
    from reportgen.cli.summary import listing
    from reportgen.pipeline.build import build
    from reportgen.site.site_target import SiteTarget

    target = SiteTarget(folder, templates)
    with progress(mode) as report:
        done = build(target, out, dataclasses.replace(options, progress=report))
    emit(listing(done.files, out, out / "index.html"), controls=True)
    if not target.folder.site.root:
        tell("reportgen: the site has no base address, so no feed, sitemap or link previews are written")
    strict_option.settle(strict, out, done.new)
