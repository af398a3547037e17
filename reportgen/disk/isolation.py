"""Process isolation: no modules or programs of the working folder, no settings of the user, no system fonts.

So the same experiment gives the same bytes for every user, and a build never executes a file because it lies in the
working folder.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


def isolate_process() -> None:
    """Isolate the process of a command or a worker; to be called before heavy imports.

    Child processes inherit the settings. A process that only calls our functions is not isolated.
    """
    os.environ.update(_ENVIRONMENT)
    for name in _UNSET:
        os.environ.pop(name, None)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(filter(os.path.isabs, path))
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns that it cannot store its list of fonts
    if not any(isinstance(finder, _MatplotlibFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _MatplotlibFinder())


_ENVIRONMENT = {
    "PYTHONSAFEPATH": "1",  # Python child processes do not look for modules in the working folder
    "MATPLOTLIBRC": os.devnull,
    "MPLBACKEND": "agg",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "KERAS_HOME": os.devnull,  # otherwise Keras reads and writes ~/.keras/keras.json
    # Networks this small are slower on a graphics card, and results must not depend on whether there is one.
    "CUDA_VISIBLE_DEVICES": "-1",
}

_UNSET = ("XLA_FLAGS", "TF_XLA_FLAGS", "FFREPORT", "SOURCE_DATE_EPOCH")
"""Variables that change compiled numbers, make ffmpeg write a log file, or put a date into a picture."""


class _MatplotlibFinder:
    """Import hook that lets matplotlib read only its own settings.

    Matplotlib reads a `matplotlibrc` in the working folder first, and creates folders in the user's home.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "matplotlib" or not (spec := PathFinder.find_spec(fullname, path)) or not spec.loader:
            return None
        execute, exists = spec.loader.exec_module, os.path.exists

        def exec_module(module: ModuleType) -> None:
            os.path.exists = lambda path: path != "matplotlibrc" and exists(path)
            try:
                execute(module)
            finally:
                os.path.exists = exists
            # A folder that can neither exist nor be created.
            nowhere = os.path.join(os.devnull, "matplotlib")  # noqa: PTH118  # matplotlib takes a string
            module.get_configdir = module.get_cachedir = lambda: nowhere  # type: ignore[attr-defined]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
