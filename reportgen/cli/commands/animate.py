"""`reportgen animate`: a stored training as an animation, without training anything."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import complete
from reportgen.cli.program import debug
from reportgen.cli.progress import option as progress_option
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit
from reportgen.errors import ExperimentError
from reportgen.pictures.formats import formats
from reportgen.pictures.presets import PRESETS

if TYPE_CHECKING:
    from reportgen.pictures.animate import Animated
    from reportgen.pictures.timeline import Timeline


class SceneOption(click.Option):
    """Lists the scenes when help is asked for: only their classes know which show a training, and load matplotlib."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from reportgen.pictures.animate import training_scenes

        self.help = f"{self.help} One of {', '.join(training_scenes())}.  [default: weights]"
        return super().get_help_record(ctx)


@click.command("animate")
@click.argument(
    "trajectories", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="TRAJECTORY [TRAJECTORY]..."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Where to write it; its end chooses the format: {', '.join(f'.{name}' for name in formats.names())}.  "
    "[default: SCENE.gif]",
)
@click.option(
    "--scene",
    "scenes",
    cls=SceneOption,
    multiple=True,
    default=("weights",),
    metavar="NAME",
    shell_complete=complete.scenes,
    help="What to draw; several stand side by side, in step.",
)
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    help="Where it will be posted: sets what is not set here, and refuses what that place would refuse.",
)
@click.option("--length", type=float, metavar="SECONDS", help="How long it takes.  [default: 5]")
@click.option(
    "--hold",
    type=float,
    metavar="SECONDS",
    help="How much of that it rests on the last frame.  [default: 1.2, or a quarter of a short one]",
)
@click.option("--fps", type=float, metavar="RATE", help="Frames a second, if so many steps are stored.  [default: 13]")
@click.option("--frames", type=click.IntRange(min=2), metavar="N", help="How many frames, instead of --fps.")
@click.option(
    "--pace",
    type=click.Choice(("even", "slow-in")),
    default="even",
    show_default=True,
    help="As many steps between any two frames, or more frames where the weights change most.",
)
@click.option(
    "--scale",
    type=click.IntRange(1, 4),
    metavar="N",
    help="Pixels along a line for each of the page; 2 is crisp on a dense screen.  [default: 1]",
)
@click.option(
    "--title",
    "titles",
    multiple=True,
    metavar="TEXT",
    help="What to write above a trajectory, once for each.  [default: its penalty, or the name of its file]",
)
@click.option(
    "--plugin",
    "plugin_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A Python file with a scene, a format or a penalty of your own. It is code, and runs.",
)
@click.option("--poster", is_flag=True, help="Also write the last frame, as a PNG beside it.")
@progress_option
@debug
def command(
    trajectories: tuple[Path, ...],
    output: Path | None,
    length: float | None,
    hold: float | None,
    fps: float | None,
    frames: int | None,
    pace: str,
    mode: str,
    plugin_files: tuple[Path, ...],
    **options: Any,
) -> None:
    """Draw stored trainings as an animation.

    A TRAJECTORY is a file that reportgen.WeightRecorder or Trajectory.save wrote. Several are drawn side by side, at
    the steps that all of them recorded. An animation that is there already is replaced.
    """
    from reportgen import plugins
    from reportgen.pictures.animate import animate

    own = [one for file in plugin_files for one in plugins.read([file.name], file.parent, lambda _: "--plugin")]
    if fps is None and frames is None and options["preset"]:
        fps = PRESETS[options["preset"]].rate
    timeline = _timeline(length, hold, fps, frames, pace)
    with plugins.at_work(own), progress(mode) as report:
        done = animate(trajectories, output, timeline=timeline, progress=report, **options)
    emit(_told(done))


def _timeline(length: float | None, hold: float | None, fps: float | None, frames: int | None, pace: str) -> Timeline:
    from reportgen.pictures.timeline import Timeline

    if fps is not None and frames is not None:
        raise ExperimentError("--fps and --frames both say how many frames there are; give one of them")
    given = {"length": length, "hold": hold, "rate": fps, "pace": pace}
    if length is not None and hold is None:
        given["hold"] = min(Timeline.hold, length / 4)
    timeline = Timeline(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    if frames is None:
        return timeline
    moving = timeline.length - timeline.hold
    most = 1 + math.floor(50 * moving)
    if frames > most:
        longer = math.ceil((frames - 1) / 50 + timeline.hold)
        instead = f"--length {longer} or --frames {most}" if longer <= 600 else f"--frames {most}"
        raise ExperimentError(f"{frames:,} frames in {moving:g} s are more than 50 a second; try {instead}")
    return dataclasses.replace(timeline, rate=(frames - 1) / moving)


def _told(done: Animated) -> str:
    from reportgen.cli.summary import size

    frames = "1 frame" if done.frames == 1 else f"{done.frames:,} frames"
    line = f"{done.file}: {done.width}×{done.height}, {frames}, {done.seconds:.1f} s, {size(done.bytes)}"
    return f"{line}\n{done.poster}: its last frame" if done.poster else line
