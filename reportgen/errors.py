"""The exceptions, each with its exit code.

Every error that a user can cause derives from `ReportgenError`: the command line prints it as one line and exits with
`exit_code`. Any other exception is a bug and keeps its traceback.
"""

import difflib
import errno
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


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk, an exhausted quota, or a file size limit."""


def machine_error(path: object, error: OSError, action: str = "write") -> MachineError:
    """The error to raise after the operating system refused to write (or read, or remove) `path`."""
    if error.errno in FULL:
        return MachineError(f"disk full writing {path}: {reason(error)}", code="RG301")
    return MachineError(f"cannot {action} {path}: {reason(error)}")
