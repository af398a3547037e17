"""The option `--strict`, which makes a warning a failure."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.terminal import warnings

option = click.option("--strict", is_flag=True, help="Exit with 1 after a warning, even if nothing was built.")


def exit_if_strict(strict: bool, out: Path, new: bool, failed: int = 0) -> None:
    """Exit with 1 if `strict` and there was a warning or a `failed` run; what is not `new` is checked again."""
    if not strict:
        return
    if not new:
        from reportgen.companions import check

        check.warn(check.inspect(check.open_folder(out)), out)
    if warnings.count or failed:
        click.get_current_context().exit(1)
