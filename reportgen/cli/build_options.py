"""The options of every command that builds, collected into one `BuildOptions`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from reportgen.cli import executor_options, strict_option
from reportgen.cli.complete import folders
from reportgen.cli.progress import option as progress_option
from reportgen.cli.terminal import write_message

_CACHE_DIR = click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="The store of finished work.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
_SHARED_CACHE = click.option(
    "--allow-shared-cache", is_flag=True, help="Read a store that other users can write to; new work goes elsewhere."
)
_NO_LOCK = click.option(
    "--no-lock", is_flag=True, help="Build where folders cannot be locked; run no other build at the same time."
)
_ADOPT = click.option(
    "--adopt", is_flag=True, help="Write into a folder that has other files too; none of them is replaced."
)
_EXPLAIN = click.option("--explain", is_flag=True, help="Say why each part that is made again cannot be reused.")


def output_options(what: str, templates: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of commands that write `what` into a folder; `templates` is the help of `--templates`.

    The command gets `out`, `templates`, `options` (a `BuildOptions`), `strict` and `mode`, the kind of progress.
    """
    options: list[Callable[[Any], Any]] = [
        click.option(
            "-o",
            "--output",
            default="output",
            show_default=True,
            metavar="DIR",
            shell_complete=folders,
            help=f"The folder that the {what} is written to.",
        ),
        _CACHE_DIR,
        click.option("--templates", metavar="DIR", shell_complete=folders, help=templates),
        _EXPLAIN,
        _ADOPT,
        click.option("--overwrite-edited", is_flag=True, help=f"Replace files of the {what} that you edited."),
        _SHARED_CACHE,
        _NO_LOCK,
        strict_option.option,
        executor_options.options,
        progress_option,
    ]
    return lambda command: _add_options(options, _collect_options(command))


def preview_options(templates: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a command that builds without an output folder: `output_options` without `out` and `strict`."""
    options: list[Callable[[Any], Any]] = [
        _CACHE_DIR,
        click.option("--templates", metavar="DIR", shell_complete=folders, help=templates),
        _SHARED_CACHE,
        _NO_LOCK,
        executor_options.options,
        progress_option,
    ]
    return lambda command: _add_options(options, _collect_options(command))


def _add_options(options: list[Callable[[Any], Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _collect_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def call(*args: Any, executor: Any, cache_dir: str | None, templates: str | None, **values: Any) -> Any:
        from reportgen.output import allowed_folders
        from reportgen.pipeline.options import BuildOptions

        def folder(name: str | None) -> Any:
            return None if name is None else allowed_folders.folder_path(name)

        if "output" in values:
            values["out"] = folder(values.pop("output"))
        options = BuildOptions(
            cache=folder(cache_dir),
            executor=executor,
            explain=_write_line if values.pop("explain", False) else None,
            notice=None if values["mode"] in ("json", "none") else _write_line,
            adopt=values.pop("adopt", False),
            overwrite_edited=values.pop("overwrite_edited", False),
            no_lock=values.pop("no_lock"),
            shared_cache=values.pop("allow_shared_cache"),
        )
        return command(*args, templates=folder(templates), options=options, **values)

    return call


def _write_line(line: str) -> None:
    write_message(f"reportgen: {line}")
