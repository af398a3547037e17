"""`reportgen build`: everything, from an experiment file to the report."""

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


@click.command("build")
@click.argument("experiment", type=click.Path(path_type=Path), required=False, metavar="[EXPERIMENT.toml]")
@click.option(
    "-o",
    "--output",
    default="output",
    show_default=True,
    metavar="DIR",
    shell_complete=folders,
    help="Where the report goes.",
)
@build_options.cache_dir
@click.option(
    "--templates",
    metavar="DIR",
    shell_complete=folders,
    help="Templates and styles of your own: files in DIR take the place of those with the same name.",
)
@build_options.explain
@click.option("--verify", is_flag=True, help="Build once more from nothing, and compare every file.")
@build_options.adopt
@click.option("--overwrite-edited", is_flag=True, help="Replace files of the report that were edited since.")
@build_options.allow_shared_cache
@build_options.no_lock
@strict_option.option
@executor_options.options
@progress_option
@debug
def command(
    experiment: Path | None,
    output: str,
    cache_dir: str | None,
    executor: str | Callable[[], Executor],
    templates: str | None,
    explain: bool,
    verify: bool,
    adopt: bool,
    overwrite_edited: bool,
    allow_shared_cache: bool,
    no_lock: bool,
    strict: bool,
    mode: str,
) -> None:
    """Train, draw and write the report of an experiment.

    Without a file it is the experiment that comes with reportgen.

    What an earlier build trained, computed or drew is not made again.
    """
    from reportgen.build import pipeline
    from reportgen.cli.summary import summary
    from reportgen.experiment.file import load, parse, shipped
    from reportgen.output import allowed_folders

    wanted = parse(shipped(), "default.toml") if experiment is None else load(experiment)
    out = allowed_folders.named(output)
    own = None if templates is None else allowed_folders.named(templates)
    allowed = pipeline.Allowed(
        adopt=adopt, overwrite_edited=overwrite_edited, no_lock=no_lock, shared_cache=allow_shared_cache
    )
    with progress(mode) as report:
        built = pipeline.build(
            wanted,
            out,
            cache=None if cache_dir is None else allowed_folders.named(cache_dir),
            executor=executor,
            progress=report,
            explain=(lambda line: tell(f"reportgen: {line}")) if explain else None,
            templates=own,
            beside=experiment.parent if experiment else None,
            inputs={"experiment file": experiment} if experiment else None,
            allowed=allowed,
        )
        equal = 0
        if verify:
            beside = experiment.parent if experiment else None
            equal = pipeline.verify(wanted, out, executor=executor, progress=report, templates=own, beside=beside)
    emit(summary(built, out), controls=True)
    if verify:
        emit(f"\nBuilt again from nothing: all {equal} files are equal.")
    strict_option.settle(strict, out, built.new or verify, built.diverged)
