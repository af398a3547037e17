"""`reportgen build`: everything, from an experiment file to the report."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import click

from reportgen.cli import execution
from reportgen.cli.program import debug
from reportgen.cli.progress import option as progress_option
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit


@click.command("build")
@click.argument("experiment", type=click.Path(path_type=Path), required=False, metavar="[EXPERIMENT.toml]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    metavar="DIR",
    help="Where the report goes.",
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where trained runs are kept for the next build.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
@execution.options
@progress_option
@debug
def command(
    experiment: Path | None, output: Path, cache_dir: Path | None, executor: str | Callable[[], Executor], mode: str
) -> None:
    """Train, draw and write the report of an experiment.

    Without a file it is the experiment that comes with reportgen.

    Runs that an earlier build trained are not trained again.
    """
    from reportgen import pipeline
    from reportgen.cli.summary import summary
    from reportgen.experiment.file import load, parse, shipped

    wanted = parse(shipped(), "default.toml") if experiment is None else load(experiment)
    with progress(mode) as report:
        built = pipeline.build(wanted, output, cache=cache_dir, executor=executor, progress=report)
    emit(summary(built, output))
