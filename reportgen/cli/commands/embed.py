"""`reportgen embed`: snippets that show an animation in another page."""

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
    help="The output folder of the report.",
)
@click.option("--base", metavar="URL", help="The web address of this folder; relative addresses without it.")
@click.option("--as", "kind", type=click.Choice(KINDS), help="Print only this snippet, for a pipe or the clipboard.")
def command(name: str | None, output: Path, base: str | None, kind: str | None) -> None:
    """Print snippets that embed an animation of a report.

    Without NAME the command lists the animations. The page embed/index.html of the report has the same snippets, with
    copy buttons.
    """
    from reportgen.errors import ExperimentError
    from reportgen.page.embed import (
        LIVE,
        NO_ANIMATIONS,
        animations,
        check_base,
        find_animation,
        has_live,
        live_snippet,
        snippets,
    )
    from reportgen.page.results import load

    address = check_base(base) if base else ""
    known = animations(output)
    live = has_live(load(output)["findings"])
    if name is None:
        if kind:
            raise ExperimentError("--as needs the name of an animation; without it reportgen embed lists them")
        if not known and not live:
            raise ExperimentError(NO_ANIMATIONS)
        width = max(map(len, [*known, LIVE]))
        for animation, item in known.items():
            emit(f"{animation:<{width}}  {item['width']}×{item['height']}  {', '.join(item['files'])}")
        if live:
            emit(f"{LIVE:<{width}}  a network that trains in the page, embed/{LIVE}.html")
        return
    if name == LIVE and live and kind in (None, "player"):
        text = live_snippet(address)
        emit(text if kind else f"player:\n{text}")
        return
    if name not in known and (Path(name) / "results.json").is_file():
        raise ExperimentError(f"{name!r} is the folder of a report; reportgen embed -o {name} lists its animations")
    texts = snippets(name, find_animation(known, name), address)
    if kind and kind not in texts:
        raise ExperimentError(f'{name!r} has no video; add formats = ["mp4"] to the experiment file')
    emit(texts[kind] if kind else "\n\n".join(f"{label}:\n{text}" for label, text in texts.items()))
