"""Settings of a process that trains or draws beside others like it."""

import os


def compute_on_one_thread() -> None:
    """Keep libraries that are imported from now on to one thread and to the processor."""
    # Nothing here needs Keras, and without this TensorFlow imports it: a quarter of its import time.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # Networks this small are slower on a graphics card, and results should not depend on who has one.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
