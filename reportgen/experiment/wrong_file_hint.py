"""Hints for a path that is not an experiment file."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from reportgen.errors import ExperimentError

_OTHERS = {
    ".csv": "a table",
    ".tsv": "a table",
    ".json": "JSON",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".html": "a page",
    ".py": "a program",
    ".trajectory": "a trajectory, which reportgen animate draws",
}
"""Kinds of files that users take for experiment files, by suffix."""


def check(path: Path) -> None:
    """Raise `ExperimentError`, with advice, for a path that cannot be an experiment file by its name or kind.

    Other paths may still be wrong; reading them finds out.
    """
    if (path / "reportgen.toml").is_file():
        raise ExperimentError(
            f"{path} is the folder of a site, not an experiment file; build it with: reportgen site {path}"
        )
    if path.is_dir():
        inside = sorted(path.glob("*.toml"))
        instead = f"name a file in it, like {inside[0]}" if inside else f"to write the report there: -o {path}"
        raise ExperimentError(f"{path} is a folder, not an experiment file; {instead}")
    if os.path.lexists(path):
        if what := _OTHERS.get(path.suffix.lower()):
            raise ExperimentError(
                f"{path} is {what}, but experiment files are TOML; reportgen new -o mine.toml writes one to start from"
            )
        return
    shipped = {file.stem for file in (Path(__file__).parent / "shipped").glob("*.toml")}
    if (name := path.name.removesuffix(".toml")) in shipped and path.parent == Path():
        raise ExperimentError(
            f"there is no file {path}; {name!r} comes with reportgen: "
            f"reportgen new {name} -o {name}.toml, then reportgen build {name}.toml"
        )
    if not path.parent.is_dir():
        raise ExperimentError(f"there is no experiment file {path}: the folder {path.parent} does not exist")
    near = {file.name: file for file in path.parent.glob("*.toml")}
    if close := difflib.get_close_matches(path.name, near, n=1, cutoff=0.6):
        raise ExperimentError(f"there is no experiment file {path}. Did you mean {str(near[close[0]])!r}?")
    raise ExperimentError(f"there is no experiment file {path}; reportgen new -o {path} writes one to start from")
