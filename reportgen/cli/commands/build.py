"""`reportgen build`: build the report of an experiment file, or of a table."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import build_options, strict_option, table_options
from reportgen.cli.program import debug
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit

if TYPE_CHECKING:
    from reportgen.cli.table_options import TableArguments
    from reportgen.pipeline.options import BuildOptions


@click.command("build")
@click.argument("experiment", type=click.Path(path_type=Path), required=False, metavar="[EXPERIMENT.toml | TABLE.csv]")
@click.option("--verify", is_flag=True, help="Build once more with an empty cache, and compare every file.")
@table_options.options
@build_options.output_options(
    "report", "Your own templates and styles: a file in DIR replaces the built-in file of the same name."
)
@debug
def command(
    experiment: Path | None,
    verify: bool,
    columns: TableArguments,
    out: Path,
    templates: Path | None,
    options: BuildOptions,
    strict: bool,
    mode: str,
) -> None:
    """Train, draw and write the report of an experiment.

    Without a file, the command builds the experiment that comes with reportgen. Of a table (CSV, TSV, Parquet or xlsx)
    with --target, it builds the report on which columns predict the target: the experiment that "reportgen new table"
    writes to a file.

    Work of earlier builds is reused: networks, results, pictures and pages.
    """
    from reportgen.cli.summary import summary
    from reportgen.experiment.file import load, parse, shipped
    from reportgen.pipeline import report_target

    what = "experiment file"
    if experiment and table_options.is_table(experiment):
        what = "table"
        text = table_options.experiment_text(experiment, columns, Path(experiment.name))
        parsed = parse(text, str(experiment), experiment.parent)
    else:
        table_options.refuse_without_table(columns)
        parsed = load(experiment) if experiment else parse(shipped(), "default.toml")
    beside = experiment.parent if experiment else None
    equal = 0
    with progress(mode) as report:
        options = dataclasses.replace(options, progress=report)
        inputs = {what: experiment} if experiment else None
        built = report_target.build_report(parsed, out, options, templates=templates, beside=beside, inputs=inputs)
        if verify:
            equal = report_target.verify(
                parsed, out, executor=options.executor, progress=report, templates=templates, beside=beside
            )
    emit(summary(built, out), controls=True)
    if verify:
        emit(f"\nBuilt again with an empty cache: all {equal} files are equal.")
    strict_option.exit_if_strict(strict, out, built.new or verify, built.diverged)
