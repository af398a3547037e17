"""`--strict`: a warning is a failure. For every command that makes or looks through a site."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.terminal import warnings

option = click.option("--strict", is_flag=True, help="End with 1 if anything was warned of, also of an earlier build.")


def settle(strict: bool, out: Path, new: bool, failed: int = 0) -> None:
    """End with 1 if `strict` and there was a warning or a run `failed`; what is not `new` is looked through again."""
    if not strict:
        return
    if not new:
        from reportgen.companions import check

        check.warn(check.inspect(check.of_folder(out)), out)
    if warnings.count or failed:
        click.get_current_context().exit(1)
