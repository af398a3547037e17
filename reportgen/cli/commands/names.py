"""`reportgen names`: list the references that a text can make to a report."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.complete import folders
from reportgen.cli.terminal import emit


@click.command("names")
@click.argument("folder", type=click.Path(path_type=Path), default="output", metavar="[DIR]", shell_complete=folders)
@click.option("--only", metavar="WORD", default="", help="Only references with WORD in their name or content.")
def command(folder: Path, only: str) -> None:
    """List the references that a text of a site can make to a report, each with its current content.

    DIR is the folder of the report, or of the post made from it. The default is "output".
    """
    from reportgen.markdown.references import available_references
    from reportgen.page.results import load

    rows = [row for row in available_references(load(folder)) if only.casefold() in " ".join(row).casefold()]
    width = max((len(reference) for reference, _ in rows if len(reference) < 60), default=0)
    lines = [f"{reference:<{width}}  {content}".rstrip() for reference, content in rows]
    emit("\n".join(lines) or f"{folder} has nothing with {only!r} in it.")
