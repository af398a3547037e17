"""`reportgen check`: find problems in a finished report or site."""

from __future__ import annotations

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.terminal import emit
from reportgen.text import plural


@click.command("check")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--strict", is_flag=True, help="Exit with 1 if there is any problem.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True, help="Text or JSON."
)
@click.option(
    "--base", default="", metavar="ADDRESS", help="The address the site will have, like https://me.org/blog/."
)
@debug
def command(folder: str, strict: bool, form: str, base: str) -> None:
    """List the problems of a finished report or site.

    Problems are broken links and anchors, invalid markup, pictures without alt text, duplicate ids, files over their
    size budget, requests to other hosts, and leaks: folders, names and passwords of this machine and tokens of
    well-known kinds, in text, in embedded files and in the metadata of pictures.
    """
    import json

    from reportgen.companions import check
    from reportgen.errors import ExperimentError

    files = check.open_folder(folder)
    if files and "index.html" not in files:
        raise ExperimentError(f"{folder} is no report and no site: it has no index.html; name the folder of a build")
    problems = check.inspect(files, base=_check_base(base))
    if form == "json":
        items = [
            {"kind": p.kind, "file": p.file, "line": p.line, "message": p.message, "code": p.code} for p in problems
        ]
        emit(f"{json.dumps(items, indent=1, ensure_ascii=False)}\n".encode())
    else:
        count = plural(len(problems), "problem") if problems else "no problem"
        emit("\n".join([*map(str, problems), f"{count} in {folder}."]))
    if strict and problems:
        click.get_current_context().exit(1)


def _check_base(base: str) -> str:
    from urllib.parse import urlsplit

    from reportgen.errors import ExperimentError

    try:
        parts = urlsplit(base)
        is_valid = not base or (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query + parts.fragment
        )
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ExperimentError(f"--base must be an address like https://me.org/blog/, got {base!r}")
    return base
