"""`reportgen completion`: scripts for completion with the Tab key."""

from __future__ import annotations

import click

from reportgen.cli.complete import WHERE, script
from reportgen.cli.terminal import emit


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(WHERE)))
def command(shell: str) -> None:
    """Print the script that makes a shell complete commands, options, files and names.

    To try it in bash: eval "$(reportgen completion bash)". The first lines of the script say where to save it.
    """
    from reportgen.cli.program import program

    emit(script(shell, program).encode())
