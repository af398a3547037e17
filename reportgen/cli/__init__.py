"""The command line: a thin skin. One file per command in `commands`, loaded when it is asked for."""

from reportgen.cli.program import main

__all__ = ["main"]
