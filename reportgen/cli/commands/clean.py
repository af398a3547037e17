"""`reportgen clean`: delete what a build wrote."""

from __future__ import annotations

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.terminal import emit
from reportgen.text import plural


@click.command("clean")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--dry-run", is_flag=True, help="List what would be deleted, and delete nothing.")
@click.option("--no-lock", is_flag=True, help="Do not check that no build uses DIR; for disks without locks.")
@debug
def command(folder: str, dry_run: bool, no_lock: bool) -> None:
    """Delete what reportgen wrote into DIR.

    Those are the files in .reportgen-manifest.json, the list that each build writes. Files that you edited are kept,
    and so are all other files.
    """
    from reportgen.output import allowed_folders, output_folder

    deleted = output_folder.clean(allowed_folders.folder_path(folder), dry_run=dry_run, lock=not no_lock)
    count = plural(len(deleted), "file")
    emit("\n".join([*map(str, deleted), f"{count} {'would be' if dry_run else 'are'} deleted."]))
