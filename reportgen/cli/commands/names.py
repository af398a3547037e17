"""`reportgen names`: what of a report a text can place."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.complete import folders
from reportgen.cli.terminal import emit


@click.command("names")
@click.argument("folder", type=click.Path(path_type=Path), default="output", metavar="[DIR]", shell_complete=folders)
@click.option("--only", metavar="WORD", default="", help="Those with WORD in their names or in what they say.")
def command(folder: Path, only: str) -> None:
    """List what a text of a site can place of a report: each as the reference to write, and what it says at present.

    DIR is the folder of the report, or of the post that it became, "output" unless given.
    """
    from reportgen.markdown.references import on_offer
    from reportgen.page.results import load

    found = [known for known in on_offer(load(folder)) if only.casefold() in " ".join(known).casefold()]
    width = max((len(reference) for reference, _ in found if len(reference) < 60), default=0)
    lines = [f"{reference:<{width}}  {says}".rstrip() for reference, says in found]
    emit("\n".join(lines) or f"{folder} has nothing with {only!r} in it.")
