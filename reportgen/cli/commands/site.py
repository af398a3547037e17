"""`reportgen site`: a folder of posts and pages as a site."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import click

from reportgen.cli import build_options, executor_options, strict_option
from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.progress import option as progress_option
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit, tell


@click.command("site")
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]", shell_complete=folders)
@click.option(
    "-o",
    "--output",
    default="output",
    show_default=True,
    metavar="DIR",
    help="Where the site goes.",
    shell_complete=folders,
)
@build_options.cache_dir
@click.option(
    "--templates", metavar="DIR", shell_complete=folders, help="Templates and styles in place of the site's theme."
)
@build_options.explain
@build_options.adopt
@click.option("--overwrite-edited", is_flag=True, help="Replace files of the site that were edited since.")
@build_options.allow_shared_cache
@build_options.no_lock
@strict_option.option
@executor_options.options
@progress_option
@debug
def command(
    folder: Path,
    output: str,
    cache_dir: str | None,
    executor: str | Callable[[], Executor],
    templates: str | None,
    explain: bool,
    adopt: bool,
    overwrite_edited: bool,
    allow_shared_cache: bool,
    no_lock: bool,
    strict: bool,
    mode: str,
) -> None:
    """Build the site in a folder: every post and page, the lists and feeds that lead to them.

    DIR holds a reportgen.toml and is the current folder unless given; "reportgen new site" makes one to start from.
    """
    from reportgen.build import pipeline
    from reportgen.cli.summary import listing
    from reportgen.output import allowed_folders
    from reportgen.site.whole_site import Several

    out = allowed_folders.named(output)
    work = Several(folder, None if templates is None else allowed_folders.named(templates))
    with progress(mode) as report:
        done = pipeline.carry_out(
            work,
            out,
            cache=None if cache_dir is None else allowed_folders.named(cache_dir),
            executor=executor,
            progress=report,
            explain=(lambda line: tell(f"reportgen: {line}")) if explain else None,
            allowed=pipeline.Allowed(
                adopt=adopt, overwrite_edited=overwrite_edited, no_lock=no_lock, shared_cache=allow_shared_cache
            ),
        )
    emit(listing(done.files, out, out / "index.html"), controls=True)
    if not work.folder.site.root:
        tell("reportgen: there is no base in its settings, so the site has no feed, no map and no previews elsewhere")
    strict_option.settle(strict, out, done.new)
