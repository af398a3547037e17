"""`reportgen diff`: what is not the same in two builds."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.program import debug
from reportgen.cli.terminal import emit

FORMATS = ("text", "json", "html")


def _share(_: click.Context, __: click.Parameter, given: float) -> float:
    if not 0 <= given < 1:
        raise click.BadParameter(f"must be at least 0 and less than 1, got {given}")
    return given


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
    help="Write it to FILE, not to the screen.",
)
@click.option("--all", "everything", is_flag=True, help="All of it as text, and not the most important alone.")
@click.option(
    "--tolerance",
    type=float,
    default=1e-9,
    show_default=True,
    callback=_share,
    metavar="SHARE",
    help="Numbers that differ by no more than this share of the larger are the same.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs, for scripts.")
@debug
def command(
    first: Path, second: Path, form: str, file: Path | None, everything: bool, tolerance: float, exit_code: bool
) -> None:
    """Say what is not the same in two builds.

    A and B are output folders of "reportgen build", or the results.json in them. Settings come first, then verdicts
    and claims that came out otherwise, then numbers, those that changed most on top.
    """
    from reportgen.companions.diff import as_json
    from reportgen.companions.diff.comparing import difference
    from reportgen.page.results import load

    results = [load(place) for place in (first, second)]
    found = difference(*results, names=(str(first), str(second)), tolerance=tolerance)
    content: str | bytes
    if form == "json":
        content = as_json(found)
    elif form == "html":
        from reportgen.companions.diff.diff_page import render

        content = render(found).encode()
    else:
        from reportgen.companions.diff.words import text

        content = text(found, everything=everything)
    if file is None:
        emit(content)
    else:
        _write(file, content if isinstance(content, bytes) else f"{content}\n".encode(), (first, second))
        emit(f"{file} is written.")
    if exit_code and found.any:
        click.get_current_context().exit(1)


def _write(file: Path, content: bytes, places: tuple[Path, Path]) -> None:
    from reportgen.disk.files import as_machine_error, put
    from reportgen.errors import ExperimentError

    compared = (read for place in places for read in (place, place / "results.json"))
    if file.is_file() and any(read.is_file() and file.samefile(read) for read in compared):
        raise ExperimentError(f"{file} is what is compared and is left as it is; give -o another name")
    with as_machine_error(file):
        put(file, content)
