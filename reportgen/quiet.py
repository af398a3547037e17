"""Silence for libraries that print whatever one asks of them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keeps what is printed to stderr, below Python's level too, and shows it only with an exception.

    TensorFlow prints ten lines when it is imported that no log level silences: they come before logging is set up.
    """
    with tempfile.TemporaryFile() as log:
        kept = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception as error:
            log.seek(0)
            error.add_note(f"On stderr meanwhile:\n{log.read().decode(errors='replace')[-4000:]}")
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
