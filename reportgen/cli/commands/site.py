"""`reportgen site`: a folder of posts and pages as a site."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import click

from reportgen.cli import building, execution, strictness
from reportgen.cli.completing import folders
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
@building.cache_dir
@click.option(
    "--templates", metavar="DIR", shell_complete=folders, help="Templates and styles in place of the site's theme."
)
@building.explain
@building.adopt
@click.option("--overwrite-edited", is_flag=True, help="Replace files of the site that were edited since.")
@building.allow_shared_cache
@building.no_lock
@strictness.option
@execution.options
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
    from reportgen import guard, pipeline
    from reportgen.cli.summary import listing
    from reportgen.site.several import Several

    out = guard.named(output)
    work = Several(folder, None if templates is None else guard.named(templates))
    with progress(mode) as report:
        done = pipeline.carry_out(
            work,
            out,
            cache=None if cache_dir is None else guard.named(cache_dir),
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
    strictness.settle(strict, out, done.new)
