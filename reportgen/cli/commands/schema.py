"""`reportgen schema`: what an experiment file may say, for editors."""

from __future__ import annotations

import json

import click

from reportgen.cli.terminal import emit


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of experiment files.

    An editor completes and checks an experiment file whose first line is "#:schema reportgen.schema.json", with this
    schema saved under that name beside it.
    """
    from reportgen.experiment.file import schema

    emit(json.dumps(schema(), indent=2, ensure_ascii=False).encode() + b"\n")
