"""`reportgen doctor`: test whether this machine can build a report."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import MACHINE, debug
from reportgen.cli.terminal import emit, write_message
from reportgen.text import plural

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
    help="The output folder to test.",
)
@click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="The store to test.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
@debug
def command(experiment: Path | None, form: str, output: str, cache_dir: str | None) -> None:
    """Test whether this machine can build a report, and say how to fix what is missing.

    With an experiment file it also loads the plugins of that file: they are code, and run.

    Nothing is changed. Exits with 0 if a build can run here, and with 5 if it cannot. The output has no names of users
    or machines, so you can paste it into a bug report.
    """
    from reportgen.companions.doctor import SlowTest, examine
    from reportgen.output import allowed_folders

    findings = []
    store = None if cache_dir is None else allowed_folders.folder_path(cache_dir)
    for item in examine(allowed_folders.folder_path(output), store, experiment):
        if isinstance(item, SlowTest):
            write_message(f"reportgen: testing {item.subject} …")
            continue
        findings.append(item)
        if form == "text":
            emit(f"{item.level:<7}  {item.name:<14} {item.text}" + (f"\n{'':24}→ {item.step}" if item.step else ""))
    problems, notes = (sum(finding.level == level for finding in findings) for level in ("problem", "note"))
    if form == "json":
        items = [{"name": f.name, "level": f.level, "text": f.text, "next": f.step} for f in findings]
        emit(json.dumps({"able": not problems, "findings": items}, indent=1, ensure_ascii=False).encode() + b"\n")
    else:
        verdict = "do what the arrows say, and try again." if problems else "a build can run here."
        emit(f"\n{plural(problems, 'problem')}, {plural(notes, 'note')}: {verdict}")
    if problems:
        click.get_current_context().exit(MACHINE)
