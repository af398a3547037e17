"""Exceptions that know their exit code, and the lines that are printed for them.

Everything a user can cause derives from `ReportgenError`: the command line prints it as one line and leaves with
`exit_code`. Any other exception is a mistake of ours and keeps its traceback.
"""

import difflib
import errno
import re
from collections.abc import Iterable


class ReportgenError(Exception):
    """A build or a command that could not be done; the message says what, where and the way out."""

    exit_code = 1

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        """What `docs/reliability.md` lists the fault under, like "RG301"; empty for most."""


class ExperimentError(ReportgenError):
    """A mistake in an experiment file, a value made in Python, or on the command line."""

    exit_code = 2


class TemplateError(ReportgenError):
    """A template that is missing, does not parse, or asks for a value that does not exist."""

    exit_code = 2


class DataError(ReportgenError):
    """A file that was handed in (a stored trajectory, a data set) cannot be used as it is."""

    exit_code = 3


class RefusedError(ReportgenError):
    """What was asked for could destroy or reveal what is not ours."""

    exit_code = 4


class MachineError(ReportgenError):
    """The machine is in the way: disk full, no permission, a program or font that is missing."""

    exit_code = 5


class BusyError(ReportgenError):
    """Another process works on the same folder."""

    exit_code = 6


class VerificationError(ReportgenError):
    """Two builds that must be equal are not."""

    exit_code = 7


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`" Did you mean 'l1'? Known: l1, l2."`, without the question where nothing comes close."""
    if not (known := sorted(known)):
        return " There is none."
    # Wrong capitals are the most frequent mistake.
    spellings = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), spellings, n=1, cutoff=0.6)
    question = f" Did you mean {spellings[close[0]]!r}?" if close else ""
    return f"{question} Known: {', '.join(known)}."


def reason(error: OSError) -> str:
    """What the operating system said, without the Python around it."""
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
                return error_lines(trouble(path or "a file", error))
            return [f"reportgen: {path}: {reason(error)}" if path else f"reportgen: {reason(error)}"]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return [f"reportgen: mistake in reportgen: {what}"]


def _with_code(line: str, code: str) -> str:
    """A line that begins with `file:line:column:`, with its code behind that; empty for any other line.

    Editors and terminals follow a position only if nothing precedes it.
    """
    if not (position := re.match(r".*?:\d+:\d+: ", line)):
        return ""
    return f"{position.group()}{code}{' ' if code else ''}{line[position.end() :]}"


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk, a quota or a limit without room says."""


def trouble(what: object, error: OSError, doing: str = "write") -> MachineError:
    """What to raise when the operating system did not let us write (or read, or remove) `what`."""
    if error.errno in FULL:
        return MachineError(f"disk full writing {what}: {reason(error)}", code="RG301")
    return MachineError(f"cannot {doing} {what}: {reason(error)}")
