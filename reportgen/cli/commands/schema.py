"""`reportgen schema`: the JSON Schema of experiment files and of site settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reportgen.cli.terminal import emit


@click.command("schema")
@click.argument("kind", default="experiment", metavar="[experiment|site|EXPERIMENT.toml]")
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

    With an experiment file the schema includes the kinds of its plugins.

    Save it as reportgen.schema.json beside your file and begin the file with "#:schema reportgen.schema.json"; then an
    editor completes and checks it.
    """
    if kind == "site":
        from reportgen.site import folder

        if form != "json":
            raise click.UsageError("the schema of a site is available as JSON only; leave --format out")
        emit(_json(folder.schema()))
        return
    from reportgen import plugins
    from reportgen.experiment.file import plugins_of, schema

    if kind != "experiment" and not kind.endswith(".toml"):
        raise click.UsageError(f"{kind!r} is neither experiment nor site, and no experiment file, which ends in .toml")
    own = () if kind == "experiment" else plugins_of(Path(kind))
    with plugins.using(own):
        if form == "json":
            emit(_json(schema(own)))
            return
        from reportgen.experiment.schema_manual import manual
        from reportgen.sections import sections

        emit(manual(schema(own), {name: sections[name].title for name in sections.names()}).encode())


def _json(schema: dict[str, Any]) -> bytes:
    return json.dumps(schema, indent=2, ensure_ascii=False).encode() + b"\n"
