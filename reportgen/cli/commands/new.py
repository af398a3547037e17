"""`reportgen new`: an experiment file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli.terminal import emit


@click.command("new")
@click.argument("name", default="default")
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE, a new file."
)
@click.option("-l", "--list", "listing", is_flag=True, help="Say which there are, and what each is about.")
def command(name: str, file: Path | None, listing: bool) -> None:
    """Print an experiment file that comes with reportgen.

    NAME is "default" unless given. An existing FILE is never overwritten.
    """
    from reportgen.errors import ExperimentError, trouble
    from reportgen.experiment.file import on_offer, shipped

    if listing:
        offer = on_offer()
        width = max(map(len, offer))
        emit("\n".join(f"{known:{width}}  {about}" for known, about in offer.items()))
        return
    content = shipped(name).encode()
    if file is None:
        emit(content)
        return
    try:
        with file.open("xb") as new:
            try:
                new.write(content)
                new.flush()
            except OSError:
                file.unlink()
                raise
    except FileExistsError as error:
        raise ExperimentError(f"{file} exists already and is left as it is; give -o another name") from error
    except OSError as error:
        raise trouble(file, error) from error
    emit(f"{file} is written. Next: reportgen build {file}")
