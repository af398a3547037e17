"""The options of every command that builds, collected into one `BuildOptions`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from reportgen.cli import executor_options, strict_option
from reportgen.cli.complete import folders
from reportgen.cli.progress import option as progress_option
from reportgen.cli.terminal import tell

_CACHE_DIR = click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="Where work is kept for the next build.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
_SHARED_CACHE = click.option(
    "--allow-shared-cache", is_flag=True, help="Read a store that others can write to, and write elsewhere."
)
_NO_LOCK = click.option(
    "--no-lock", is_flag=True, help="Go on where folders cannot be locked; other builds are up to you then."
)
_ADOPT = click.option(
    "--adopt", is_flag=True, help="Write into a folder that holds other files too; none of them is replaced."
)
_EXPLAIN = click.option("--explain", is_flag=True, help="Say why each thing that is made anew is made.")


def writing(what: str, templates: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of commands that write `what` into a folder; `templates` is the help of that option.

    The command gets `out`, `templates`, `options` (a `BuildOptions`), `strict` and `mode`, the kind of progress.
    """
    listed: list[Callable[[Any], Any]] = [
        click.option(
            "-o",
            "--output",
            default="output",
            show_default=True,
            metavar="DIR",
            shell_complete=folders,
            help=f"Where the {what} goes.",
        ),
        _CACHE_DIR,
        click.option("--templates", metavar="DIR", shell_complete=folders, help=templates),
        _EXPLAIN,
        _ADOPT,
        click.option("--overwrite-edited", is_flag=True, help=f"Replace files of the {what} that were edited since."),
        _SHARED_CACHE,
        _NO_LOCK,
        strict_option.option,
        executor_options.options,
        progress_option,
    ]
    return lambda command: _with(listed, _collecting(command))


def previewing(templates: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a command that builds and writes no folder; as `writing`, without `out` and `strict`."""
    listed: list[Callable[[Any], Any]] = [
        _CACHE_DIR,
        click.option("--templates", metavar="DIR", shell_complete=folders, help=templates),
        _SHARED_CACHE,
        _NO_LOCK,
        executor_options.options,
        progress_option,
    ]
    return lambda command: _with(listed, _collecting(command))


def _with(options: list[Callable[[Any], Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _collecting(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def collected(*args: Any, executor: Any, cache_dir: str | None, templates: str | None, **given: Any) -> Any:
        from reportgen.output import allowed_folders
        from reportgen.pipeline.options import BuildOptions

        def folder(name: str | None) -> Any:
            return None if name is None else allowed_folders.folder_path(name)

        if "output" in given:
            given["out"] = folder(given.pop("output"))
        options = BuildOptions(
            cache=folder(cache_dir),
            executor=executor,
            explain=(lambda line: tell(f"reportgen: {line}")) if given.pop("explain", False) else None,
            adopt=given.pop("adopt", False),
            overwrite_edited=given.pop("overwrite_edited", False),
            no_lock=given.pop("no_lock"),
            shared_cache=given.pop("allow_shared_cache"),
        )
        return command(*args, templates=folder(templates), options=options, **given)

    return collected
