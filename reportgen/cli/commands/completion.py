"""`reportgen completion`: what makes the Tab key know this program."""

from __future__ import annotations

import click

from reportgen.cli.complete import WHERE, script
from reportgen.cli.terminal import emit


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(WHERE)))
def command(shell: str) -> None:
    """Print the script with which a shell completes commands, options, files and names.

    To try it in this bash: eval "$(reportgen completion bash)". The first lines of the script say where to put it.
    """
    from reportgen.cli.program import program

    emit(script(shell, program).encode())
