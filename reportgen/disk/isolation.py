"""What lies around is not picked up: modules and programs in the working folder, settings of the user, system fonts.

The same experiment gives the same bytes for everybody, and nobody who can put a file into a folder gets it executed
because somebody builds a report there.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


def shut_out() -> None:
    """For processes that are ours alone, before anything heavy is imported: the command, and a worker.

    Processes that they start inherit it. A caller's own process is left as its owner wants it.
    """
    os.environ.update(_FIXED)
    for name in _UNWANTED:
        os.environ.pop(name, None)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(filter(os.path.isabs, path))
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns that it could not keep its list of fonts
    if not any(isinstance(finder, _Matplotlib) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Matplotlib())


_FIXED = {
    "PYTHONSAFEPATH": "1",  # of the Pythons that are started from here: none looks for modules in the working folder
    "MATPLOTLIBRC": os.devnull,
    "MPLBACKEND": "agg",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "KERAS_HOME": os.devnull,  # else it reads and writes ~/.keras/keras.json
    # Networks this small are slower on a graphics card, and results should not depend on who has one.
    "CUDA_VISIBLE_DEVICES": "-1",
}

_UNWANTED = ("XLA_FLAGS", "TF_XLA_FLAGS", "FFREPORT", "SOURCE_DATE_EPOCH")
"""Change what the compiler does to numbers, have ffmpeg leave a log file, put a date into a picture."""


class _Matplotlib:
    """Imports matplotlib such that it finds no settings but its own.

    It reads a `matplotlibrc` in the working folder before any other, and makes folders in the user's home.
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
            # Nothing can be in it or be written to it.
            nowhere = os.path.join(os.devnull, "matplotlib")  # noqa: PTH118  # matplotlib takes a string
            module.get_configdir = module.get_cachedir = lambda: nowhere  # type: ignore[attr-defined]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
