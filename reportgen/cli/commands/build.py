"""`reportgen build`: everything, from an experiment file to the report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import build_options, strict_option
from reportgen.cli.program import debug
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit

if TYPE_CHECKING:
    from reportgen.pipeline.options import BuildOptions


@click.command("build")
@click.argument("experiment", type=click.Path(path_type=Path), required=False, metavar="[EXPERIMENT.toml]")
@click.option("--verify", is_flag=True, help="Build once more from nothing, and compare every file.")
@build_options.writing(
    "report", "Templates and styles of your own: files in DIR take the place of those with the same name."
)
@debug
def command(
    experiment: Path | None,
    verify: bool,
    out: Path,
    templates: Path | None,
    options: BuildOptions,
    strict: bool,
    mode: str,
) -> None:
    """Train, draw and write the report of an experiment.

    Without a file it is the experiment that comes with reportgen.

    What an earlier build trained, computed or drew is not made again.
    """
    from reportgen.cli.summary import summary
    from reportgen.experiment.file import load, parse, shipped
    from reportgen.pipeline import report_target

    wanted = parse(shipped(), "default.toml") if experiment is None else load(experiment)
    beside = experiment.parent if experiment else None
    equal = 0
    with progress(mode) as report:
        options = dataclasses.replace(options, progress=report)
        inputs = {"experiment file": experiment} if experiment else None
        built = report_target.build_report(wanted, out, options, templates=templates, beside=beside, inputs=inputs)
        if verify:
            equal = report_target.verify(
                wanted, out, executor=options.executor, progress=report, templates=templates, beside=beside
            )
    emit(summary(built, out), controls=True)
    if verify:
        emit(f"\nBuilt again from nothing: all {equal} files are equal.")
    strict_option.settle(strict, out, built.new or verify, built.diverged)
