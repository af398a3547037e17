"""Settings of a process that trains or draws beside others like it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator


def compute_on_one_thread() -> None:
    """Keep libraries that are imported from now on to one thread and to the processor."""
    # Nothing here needs Keras, and without this TensorFlow imports it: a quarter of its import time.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # Networks this small are slower on a graphics card, and results should not depend on who has one.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


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
