"""`reportgen schema`: the JSON Schema of experiment files and of site settings."""

from __future__ import annotations

import json
from typing import Any

import click

from reportgen.cli.terminal import emit


@click.command("schema")
@click.argument("kind", type=click.Choice(("experiment", "site")), default="experiment")
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "markdown")),
    default="json",
    show_default=True,
    help="JSON Schema for an editor, or Markdown to read.",
)
def command(kind: str, form: str) -> None:
    """Print the schema of experiment files, or with "site" the schema of reportgen.toml.

    Save it as reportgen.schema.json beside your file and begin the file with "#:schema reportgen.schema.json"; then an
    editor completes and checks it.
    """
    if kind == "site":
        from reportgen.site import folder

        if form != "json":
            raise click.UsageError("the schema of a site is available as JSON only; leave --format out")
        emit(_json(folder.schema()))
        return
    from reportgen.experiment.file import schema

    if form == "json":
        emit(_json(schema()))
        return
    from reportgen.experiment.schema_manual import manual
    from reportgen.sections import sections

    emit(manual(schema(), {name: sections[name].title for name in sections.names()}).encode())


def _json(schema: dict[str, Any]) -> bytes:
    return json.dumps(schema, indent=2, ensure_ascii=False).encode() + b"\n"
