"""`reportgen embed`: what to paste where an animation shall appear."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import complete
from reportgen.cli.terminal import emit

KINDS = ("markdown", "image", "video", "player")


@click.command("embed")
@click.argument("name", required=False, shell_complete=complete.animations)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    metavar="DIR",
    shell_complete=complete.folders,
    help="The folder of the report.",
)
@click.option("--base", metavar="URL", help="The address that this folder has or will have; else relative to it.")
@click.option("--as", "kind", type=click.Choice(KINDS), help="This snippet alone, for a pipe or a clipboard.")
def command(name: str | None, output: Path, base: str | None, kind: str | None) -> None:
    """Print snippets that embed an animation of a report.

    Without NAME the animations are listed. The same snippets, with buttons that copy them, are in embed/index.html of
    the report.
    """
    from reportgen.errors import ExperimentError
    from reportgen.page.embed import NO_ANIMATIONS, animations, check_base, find_animation, snippets

    address = check_base(base) if base else ""
    known = animations(output)
    if name is None:
        if kind:
            raise ExperimentError("--as needs the name of an animation; without it reportgen embed lists them")
        if not known:
            raise ExperimentError(NO_ANIMATIONS)
        width = max(map(len, known))
        for each, item in known.items():
            emit(f"{each:<{width}}  {item['width']}×{item['height']}  {', '.join(item['files'])}")
        return
    if name not in known and (Path(name) / "results.json").is_file():
        raise ExperimentError(f"{name!r} is the folder of a report; reportgen embed -o {name} lists its animations")
    found = snippets(name, find_animation(known, name), address)
    if kind and kind not in found:
        raise ExperimentError(f'{name!r} was not made as a film; add formats = ["mp4"] to the experiment file')
    emit(found[kind] if kind else "\n\n".join(f"{each}:\n{text}" for each, text in found.items()))
