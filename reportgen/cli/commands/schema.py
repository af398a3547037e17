"""`reportgen schema`: what an experiment file may say, for editors and for readers."""

from __future__ import annotations

import json

import click

from reportgen.cli.terminal import emit


@click.command("schema")
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "markdown")),
    default="json",
    show_default=True,
    help="JSON Schema for an editor, or the same as a page to read.",
)
def command(form: str) -> None:
    """Print what experiment files may say.

    An editor completes and checks an experiment file whose first line is "#:schema reportgen.schema.json", with this
    schema saved under that name beside it.
    """
    from reportgen.experiment.file import schema

    if form == "json":
        emit(json.dumps(schema(), indent=2, ensure_ascii=False).encode() + b"\n")
        return
    from reportgen.article.sections import sections
    from reportgen.experiment.manual import manual

    emit(manual(schema(), {name: sections[name].title for name in sections.names()}).encode())
