"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write a file by a rename: a reader sees the old one or the new one, and a failure leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tmp-", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            # Temporary files are for their owner alone; this one becomes a file like any other.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; raises `OSError`, or `ValueError` if it is anything else.

    A pipe or a device may never end, and opening one may wait for ever.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(number, "rb") as file:  # noqa: PTH123  # Path.open takes no number
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if status.st_size > most:
            raise ValueError(f"it is larger than {most:,} bytes")
        return file.read()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
