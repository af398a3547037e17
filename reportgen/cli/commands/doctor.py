"""`reportgen doctor`: whether a report can be built here, and what to do if not."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import MACHINE, debug
from reportgen.cli.terminal import emit, tell

FORMATS = ("text", "json")


@click.command("doctor")
@click.argument("experiment", type=click.Path(path_type=Path), required=False, metavar="[EXPERIMENT.toml]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Text or JSON.")
@click.option(
    "-o",
    "--output",
    default="output",
    show_default=True,
    metavar="DIR",
    shell_complete=folders,
    help="Where a report would go.",
)
@click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="The store to look at.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
@debug
def command(experiment: Path | None, form: str, output: str, cache_dir: str | None) -> None:
    """Try what a build needs, and say what is missing and what to do about it.

    Of an experiment file the plugins are loaded: they are code, and run.

    Nothing is changed. Exits with 0 if a build can run here, and with 5 if something that it needs is missing. The text
    has no names of users or machines, so it can be pasted into a report of a bug.
    """
    from reportgen.companions.doctor import Looking, examine
    from reportgen.output import allowed_folders

    found = []
    store = None if cache_dir is None else allowed_folders.named(cache_dir)
    for each in examine(allowed_folders.named(output), store, experiment):
        if isinstance(each, Looking):
            tell(f"reportgen: trying {each.at} …")
            continue
        found.append(each)
        if form == "text":
            emit(f"{each.level:<7}  {each.name:<14} {each.text}" + (f"\n{'':24}→ {each.step}" if each.step else ""))
    problems, notes = (sum(each.level == level for each in found) for level in ("problem", "note"))
    if form == "json":
        items = [{"name": one.name, "level": one.level, "text": one.text, "next": one.step} for one in found]
        emit(json.dumps({"able": not problems, "findings": items}, indent=1, ensure_ascii=False).encode() + b"\n")
    else:
        emit(f"\n{_counted(problems, 'problem')}, {_counted(notes, 'note')}: {_VERDICT[not problems]}")
    if problems:
        click.get_current_context().exit(MACHINE)


_VERDICT = {True: "a build can run here.", False: "do what the arrows say, and try again."}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
