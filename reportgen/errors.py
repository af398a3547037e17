"""The exceptions, each with its exit code, and the lines that the command prints for them.

Every error that a user can cause derives from `ReportgenError`: the command line prints it as one line and exits with
`exit_code`. Any other exception is a bug and keeps its traceback.
"""

import difflib
import errno
import re
from collections.abc import Iterable


class ReportgenError(Exception):
    """A build or a command failed; the message says what is wrong, where, and what to do."""

    exit_code = 1

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        """The code of the error in `docs/reliability.md`, like "RG301"; empty for most."""


class ExperimentError(ReportgenError):
    """A mistake in an experiment file, a value made in Python, or on the command line."""

    exit_code = 2


class TemplateError(ReportgenError):
    """A template is missing, does not parse, or uses a value that does not exist."""

    exit_code = 2


class DataError(ReportgenError):
    """An input file (a stored trajectory, a data set) cannot be used."""

    exit_code = 3


class RefusedError(ReportgenError):
    """The request could destroy or reveal data that is not ours."""

    exit_code = 4


class MachineError(ReportgenError):
    """The machine cannot do it: the disk is full, a permission, a program or a font is missing."""

    exit_code = 5


class BusyError(ReportgenError):
    """Another process uses the same folder."""

    exit_code = 6


class VerificationError(ReportgenError):
    """Two builds that must be equal differ."""

    exit_code = 7


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A hint, `" Did you mean 'l1'? Known: l1, l2."`; the question is left out if no known name is similar."""
    if not (known := sorted(known)):
        return " There is none."
    # The most frequent mistake is a capital.
    spellings = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), spellings, n=1, cutoff=0.6)
    question = f" Did you mean {spellings[close[0]]!r}?" if close else ""
    return f"{question} Known: {', '.join(known)}."


def reason(error: OSError) -> str:
    """The message of the operating system, without the error number and the path."""
    return error.strerror or str(error)


def error_lines(error: BaseException) -> list[str]:
    """What the command prints for an error: a line for each mistake that it names."""
    match error:
        case ReportgenError():
            name = f"reportgen[{error.code}]" if error.code else "reportgen"
            lines = str(error).splitlines() or [type(error).__name__]
            return [_with_code(line, error.code) or f"{name}: {line}" for line in lines]
        case MemoryError():
            return ["reportgen: out of memory; close other programs, or run again with --executor serial"]
        case OSError():
            path = error.filename2 or error.filename
            if error.errno in FULL:
                return error_lines(machine_error(path or "a file", error))
            return [f"reportgen: {path}: {reason(error)}" if path else f"reportgen: {reason(error)}"]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return [f"reportgen: mistake in reportgen: {what}"]


def _with_code(line: str, code: str) -> str:
    """A line that begins with `file:line:column:`, with its code behind that; empty for any other line.

    Editors and terminals follow a position only if nothing precedes it. Mistakes in plugins have a line, but no column.
    """
    if not (position := re.match(r".*?:\d+:\d+: |[^:]+\.py:\d+: ", line)):
        return ""
    return f"{position.group()}{code}{' ' if code else ''}{line[position.end() :]}"


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk, an exhausted quota, or a file size limit."""


def machine_error(path: object, error: OSError, action: str = "write") -> MachineError:
    """The error to raise after the operating system refused to write (or read, or remove) `path`."""
    if error.errno in FULL:
        return MachineError(f"disk full writing {path}: {reason(error)}", code="RG301")
    return MachineError(f"cannot {action} {path}: {reason(error)}")
