"""`reportgen new`: start an experiment file, a site or a workflow from a shipped one, or an experiment from a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from reportgen.cli import complete, table_options
from reportgen.cli.terminal import emit

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from reportgen.cli.table_options import TableArguments

_OTHERS = {
    "table": "A study of a table of your own: reportgen new table FILE --target COLUMN.",
    "site": "Several posts with an index, tags and a feed: a folder for reportgen site and reportgen serve.",
    "workflow": "A GitHub Actions workflow that builds a repository and publishes it on GitHub Pages.",
}
"""Starting points that are no experiments, each with a description."""

_EXAMPLE_NAMES = {"default": "l1-and-l2"}
"""Names of posts of the example that are not those of their experiments; they become addresses."""

WORKFLOW = ".github/workflows/report.yml"


@click.command("new")
@click.argument("name", default="default", shell_complete=complete.experiments)
@click.argument("table", type=click.Path(path_type=Path), required=False, metavar="[FILE]")
@click.option(
    "-o",
    "--output",
    "place",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="The new file, or the folder of the new site or of the example of a table.  "
    f'[default: "site" for a site, "{WORKFLOW}" for a workflow, the current folder for an example]',
)
@click.option(
    "--example",
    is_flag=True,
    help="For a site: the post of reportgen on L1 and L2, and its companions, as its posts. For a table: a small one "
    "with prices, and its experiment.",
)
@click.option("-l", "--list", "listing", is_flag=True, help="List all names with a description.")
@table_options.options
def command(
    name: str, table: Path | None, place: Path | None, example: bool, listing: bool, columns: TableArguments
) -> None:
    """Start an experiment, a site or a workflow from one that comes with reportgen.

    NAME is "site", "workflow" or the name of an experiment; the default is the experiment "default". An experiment is
    printed unless you give a PLACE. Existing files are never overwritten.

    With NAME "table", the experiment studies which columns of the table FILE predict the --target. Its comments say
    what was found in each column. "reportgen new table --example" writes a table and its experiment to try.
    """
    if name != "table":
        table_options.refuse_without_table(columns)
        if table:
            raise click.UsageError("a FILE goes with the name table: reportgen new table FILE --target COLUMN")
    if example and name not in ("site", "table"):
        raise click.UsageError("--example goes with the name site or table: reportgen new site --example")
    if example and name == "table" and (table or columns.stated):
        raise click.UsageError(f"--example is a table of its own; leave out {table or columns.stated}")
    from reportgen.errors import ExperimentError, did_you_mean
    from reportgen.experiment.file import shipped, shipped_descriptions

    offer = shipped_descriptions() | _OTHERS
    if listing:
        width = max(map(len, offer))
        emit("\n".join(f"{name:{width}}  {description}" for name, description in offer.items()))
    elif name not in offer:
        raise ExperimentError(f"unknown experiment {name!r}.{did_you_mean(name, offer)}")
    elif name == "table" and example:
        from reportgen.experiment.table_example import example_files

        example_table = {(place or Path()) / file: content for file, content in example_files().items()}
        _write(example_table)
        _, settings = example_table
        emit(f"{' and '.join(map(str, example_table))} are written. Next: reportgen build {settings}")
    elif name == "table":
        if table is None:
            raise click.UsageError("name the table: reportgen new table FILE --target COLUMN")
        text = table_options.experiment_text(table, columns, _from_folder(table, place))
        if place is None:
            emit(text.encode())
        else:
            _write({place: text.encode()}, folders=False)
            emit(f"{place} is written. Next: reportgen build {place}")
    elif name == "site":
        folder = place or Path("site")
        files = _example() if example else _files_below(_package("site") / "starter", PurePosixPath())
        _write({folder / inside: content for inside, content in files.items()})
        emit(f"{folder} is a new site. Next: reportgen serve {folder}")
    elif name == "workflow":
        file = place or Path(WORKFLOW)
        text = (_package("companions") / "publish" / "workflow.yml").read_text("utf-8")
        step = "set in it REPOSITORY and COMMIT of reportgen"
        if origin := _origin():
            text = re.sub(r'(REPOSITORY|COMMIT): ".*"', lambda line: f'{line[1]}: "{origin[line[1]]}"', text)
            step = f"check that reportgen should come from {origin['REPOSITORY']}"
        _write({file: text.encode()})
        emit(
            f'{file} is written. Next: {step}, set Pages to "GitHub Actions" in the settings of the repository, commit '
            "and push"
        )
    elif place is None:
        emit(shipped(name).encode())
    else:
        _write({place: shipped(name).encode()}, folders=False)
        emit(f"{place} is written. Next: reportgen build {place}")


def _from_folder(table: Path, place: Path | None) -> Path:
    """The path of a table as the experiment file `place` names it: relative to its folder, unless it is absolute."""
    import os

    folder = place.parent if place else Path()
    return table if table.is_absolute() else Path(os.path.relpath(table, folder))


def _origin() -> dict[str, str]:
    """Repository and commit that this copy was installed from; empty unless pip recorded both."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    from reportgen.version import DISTRIBUTION

    try:
        known = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
    url, commit = known.get("url", ""), known.get("vcs_info", {}).get("commit_id", "")
    public = re.fullmatch(r"https://[\w./~-]+", url) and re.fullmatch(r"[0-9a-f]{40,64}", commit)
    return {"REPOSITORY": url, "COMMIT": commit} if public else {}


def _write(files: Mapping[Path, bytes], *, folders: bool = True) -> None:
    """Write new files, all or none; with `folders` also create missing folders."""
    from reportgen.errors import machine_error

    created: list[Path] = []
    try:
        for file, content in files.items():
            for folder in [*reversed(file.parents)] if folders else []:
                if not folder.exists():
                    folder.mkdir()
                    created.append(folder)
            with file.open("xb") as new:
                created.append(file)
                new.write(content)
    except BaseException as error:
        for path in reversed(created):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, FileExistsError):
            raise _exists_error(file) from error
        if isinstance(error, OSError):
            raise machine_error(file, error) from error
        raise


def _exists_error(path: Path) -> Exception:
    from reportgen.errors import ExperimentError

    return ExperimentError(f"{path} exists already and is not overwritten; give -o another name")


def _files_below(folder: Traversable, inside: PurePosixPath) -> dict[PurePosixPath, bytes]:
    files: dict[PurePosixPath, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            files |= _files_below(entry, inside / entry.name)
        else:
            files[inside / entry.name] = entry.read_bytes()
    return files


def _example() -> dict[PurePosixPath, bytes]:
    """The files of the site on L1 and L2, by their paths: its posts are the shipped experiments that have a date."""
    from reportgen.experiment.file import shipped, shipped_descriptions

    files = _files_below(_package("site") / "example", PurePosixPath())
    for name in shipped_descriptions():
        if re.search(r"^date = ", text := shipped(name), re.MULTILINE):
            files[PurePosixPath("posts", f"{_EXAMPLE_NAMES.get(name, name)}.toml")] = text.encode()
    return files


def _package(name: str) -> Traversable:
    from importlib import resources

    return resources.files("reportgen") / name
