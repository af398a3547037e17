"""`reportgen diff`: compare two builds."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.program import debug
from reportgen.cli.terminal import emit

FORMATS = ("text", "json", "html")


def _check_tolerance(_: click.Context, __: click.Parameter, value: float) -> float:
    if not 0 <= value < 1:
        raise click.BadParameter(f"must be at least 0 and less than 1, got {value}")
    return value


@click.command("diff")
@click.argument("first", type=click.Path(path_type=Path), metavar="A")
@click.argument("second", type=click.Path(path_type=Path), metavar="B")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Text, JSON or a page."
)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the result to FILE instead of the screen.",
)
@click.option("--all", "everything", is_flag=True, help="List every difference, not only the most important.")
@click.option(
    "--tolerance",
    type=float,
    default=1e-9,
    show_default=True,
    callback=_check_tolerance,
    metavar="SHARE",
    help="Two numbers are equal if they differ by at most this share of the larger one.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs, for scripts.")
@debug
def command(
    first: Path, second: Path, form: str, file: Path | None, everything: bool, tolerance: float, exit_code: bool
) -> None:
    """Show the differences between two builds.

    A and B are output folders of "reportgen build", or the results.json in them. Settings come first, then verdicts
    and claims with another outcome, then numbers, the largest changes on top.
    """
    from reportgen.companions.diff import as_json
    from reportgen.companions.diff.comparing import compare
    from reportgen.page.results import load

    results = [load(path) for path in (first, second)]
    diff = compare(*results, names=(str(first), str(second)), tolerance=tolerance)
    content: str | bytes
    if form == "json":
        content = as_json(diff)
    elif form == "html":
        from reportgen.companions.diff.diff_page import render

        content = render(diff).encode()
    else:
        from reportgen.companions.diff.words import text

        content = text(diff, everything=everything)
    if file is None:
        emit(content)
    else:
        _write(file, content if isinstance(content, bytes) else f"{content}\n".encode(), (first, second))
        emit(f"{file} is written.")
    if exit_code and diff.any:
        click.get_current_context().exit(1)


def _write(file: Path, content: bytes, builds: tuple[Path, Path]) -> None:
    from reportgen.disk.files import as_machine_error, put
    from reportgen.errors import ExperimentError

    inputs = (path for build in builds for path in (build, build / "results.json"))
    if file.is_file() and any(path.is_file() and file.samefile(path) for path in inputs):
        raise ExperimentError(f"{file} is one of the compared files and is not overwritten; give -o another name")
    with as_machine_error(file):
        put(file, content)
