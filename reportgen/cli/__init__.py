"""The command line: one file per command in `commands`, loaded when the command is called.

Options, progress messages and exit codes belong here. Work that a Python program could call for does not.
"""

from reportgen.cli.program import main

__all__ = ["main"]
