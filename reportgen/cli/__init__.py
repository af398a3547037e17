"""The command line: one file per command in `commands`, loaded when it is asked for.

Here belong options, messages of progress and exit codes. Work that a Python program could ask for does not.
"""

from reportgen.cli.program import main

__all__ = ["main"]
