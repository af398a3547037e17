"""Options that every command has that builds."""

from __future__ import annotations

import click

from reportgen.cli.complete import folders

cache_dir = click.option(
    "--cache-dir",
    metavar="DIR",
    shell_complete=folders,
    help="Where work is kept for the next build.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
allow_shared_cache = click.option(
    "--allow-shared-cache", is_flag=True, help="Read a store that others can write to, and write elsewhere."
)
no_lock = click.option(
    "--no-lock", is_flag=True, help="Go on where folders cannot be locked; other builds are up to you then."
)
adopt = click.option(
    "--adopt", is_flag=True, help="Write into a folder that holds other files too; none of them is replaced."
)
explain = click.option("--explain", is_flag=True, help="Say of each thing that is made anew why it is.")
