"""`reportgen schema`: what an experiment file or the settings of a site may say, for editors and for readers."""

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
    help="JSON Schema for an editor, or the same as a page to read.",
)
def command(kind: str, form: str) -> None:
    """Print what experiment files may say, or with "site" a reportgen.toml.

    An editor completes and checks a file whose first line is "#:schema reportgen.schema.json", with this schema saved
    under that name beside it.
    """
    if kind == "site":
        from reportgen.site import folder

        if form != "json":
            raise click.UsageError("settings of a site are described in JSON only; leave --format out")
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
