"""What the numbers of a run depend on besides the run itself."""

from importlib.metadata import version

from reportgen import __version__

CODE_EPOCH = 3
"""To be raised whenever training, data sets or initial weights come to give other numbers for the same run."""


def engine() -> dict[str, str]:
    """Versions of the libraries that compute, and our code; a new patch release is trusted to give the same numbers."""
    libraries = {name: ".".join(version(name).split(".")[:2]) for name in ("numpy", "tensorflow")}
    return libraries | {"code epoch": str(CODE_EPOCH)}


def versions() -> dict[str, str]:
    """What must be equal on two machines that share the training of one report."""
    return {"reportgen": __version__} | engine()
