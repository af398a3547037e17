"""`reportgen site`: build the site in a folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import build_options, strict_option
from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit, write_message

if TYPE_CHECKING:
    from reportgen.pipeline.options import BuildOptions


@click.command("site")
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]", shell_complete=folders)
@build_options.output_options("site", "Templates and styles that replace the site's theme.")
@debug
def command(folder: Path, out: Path, templates: Path | None, options: BuildOptions, strict: bool, mode: str) -> None:
    """Build the site in a folder: all posts and pages, with lists, tags and a feed.

    DIR has a reportgen.toml; the default is the current folder. "reportgen new site" makes a site to start from.
    """
    from reportgen.cli.summary import listing
    from reportgen.pipeline.build import build
    from reportgen.site.site_target import SiteTarget

    target = SiteTarget(folder, templates)
    with progress(mode) as report:
        result = build(target, out, dataclasses.replace(options, progress=report))
    emit(listing(result.files, out, out / "index.html"), controls=True)
    if not target.folder.site.root:
        write_message("reportgen: the site has no base address, so no feed, sitemap or link previews are written")
    strict_option.exit_if_strict(strict, out, result.new)
