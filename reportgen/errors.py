"""What can go wrong, as exceptions that know their exit code.

Everything a user can cause derives from `ReportgenError`: the command line prints it as one line and leaves with
`exit_code`. Any other exception is a mistake of ours and keeps its traceback.
"""

import difflib
import errno
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
    # Capitals are what most of all is mistaken.
    spellings = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), spellings, n=1, cutoff=0.6)
    question = f" Did you mean {spellings[close[0]]!r}?" if close else ""
    return f"{question} Known: {', '.join(known)}."


def reason(error: OSError) -> str:
    """What the operating system said, without the Python around it."""
    return error.strerror or str(error)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk, a quota or a limit without room says."""


def trouble(what: object, error: OSError, doing: str = "write") -> MachineError:
    """What to raise when the operating system did not let us write (or read, or remove) `what`."""
    if error.errno in FULL:
        return MachineError(f"disk full writing {what}: {reason(error)}", code="RG301")
    return MachineError(f"cannot {doing} {what}: {reason(error)}")
