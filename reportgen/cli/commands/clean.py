"""`reportgen clean`: what a build wrote, deleted again."""

from __future__ import annotations

import click

from reportgen.cli.complete import folders
from reportgen.cli.program import debug
from reportgen.cli.terminal import emit


@click.command("clean")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--no-lock", is_flag=True, help="Do not ask whether a build is using DIR, where locks do not work.")
@debug
def command(folder: str, dry_run: bool, no_lock: bool) -> None:
    """Delete what reportgen wrote into DIR.

    That is the files on the list that each build leaves there, .reportgen-manifest.json. Files that were edited since
    are kept, and so is everything else.
    """
    from reportgen.output import allowed_folders, output_folder

    deleted = output_folder.clean(allowed_folders.folder_path(folder), dry_run=dry_run, lock=not no_lock)
    count = "1 file" if len(deleted) == 1 else f"{len(deleted):,} files"
    emit("\n".join([*map(str, deleted), f"{count} {'would be' if dry_run else 'are'} deleted."]))
