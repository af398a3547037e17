"""Settings of a process that trains or draws beside other such processes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator


def compute_on_one_thread() -> None:
    """Limit libraries that are imported later to one thread and to the processor."""
    # TensorFlow would import Keras, which we do not need and which takes a quarter of the import time.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # Networks this small are slower on a graphics card, and results must not depend on whether there is one.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Capture stderr, also that of C code, and show it only with an exception.

    TensorFlow prints ten lines when it is imported, before its logging is set up, so no log level silences them.
    """
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception as error:
            log.seek(0)
            error.add_note(f"Captured stderr:\n{log.read().decode(errors='replace')[-4000:]}")
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
