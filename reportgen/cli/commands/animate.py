"""`reportgen animate`: draw a stored training as an animation, without training."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import complete
from reportgen.cli.program import debug
from reportgen.cli.progress import option as progress_option
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.pictures.formats import formats
from reportgen.pictures.presets import PRESETS
from reportgen.text import plural, size_text

if TYPE_CHECKING:
    from reportgen.experiment.animation_settings import AnimationSettings
    from reportgen.pictures.animate import Animated
    from reportgen.pictures.timeline import Timeline


class SceneOption(click.Option):
    """An option whose help lists the scenes of trainings; it finds them when the help is printed, not at start."""

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
    help=f"The file to write. Its suffix chooses the format: {', '.join(f'.{name}' for name in formats.names())}.  "
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
    help="The scene to draw. Several are drawn side by side and play together.",
)
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    help="The service it will be posted to: sets size and rate unless given, and refuses what the service refuses.",
)
@click.option("--length", type=float, metavar="SECONDS", help="Duration.  [default: 5]")
@click.option(
    "--hold",
    type=float,
    metavar="SECONDS",
    help="How long the last frame is shown, as part of --length.  [default: 1.2, or a quarter of a short one]",
)
@click.option(
    "--fps", type=float, metavar="RATE", help="Frames per second, at most the number of stored steps.  [default: 13]"
)
@click.option("--frames", type=click.IntRange(min=2), metavar="N", help="Number of frames, instead of --fps.")
@click.option(
    "--pace",
    type=click.Choice(("even", "slow-in")),
    default="even",
    show_default=True,
    help="even: the same number of steps between frames. slow-in: more frames where the weights change most.",
)
@click.option(
    "--scale",
    type=click.IntRange(1, 4),
    metavar="N",
    help="Pixels per CSS pixel along each side; 2 is sharp on a high-density screen.  [default: 1]",
)
@click.option("--width", type=int, metavar="PIXELS", help="Width of the picture; the height follows unless given.")
@click.option("--height", type=int, metavar="PIXELS", help="Height of the picture; the width follows unless given.")
@click.option(
    "--theme", type=click.Choice(("light", "dark")), help="Colors for a light or a dark page.  [default: light]"
)
@click.option(
    "--color",
    "colors",
    multiple=True,
    metavar="NAME=CODE",
    help="A color such as ink=#1f2328, of paper, ink, positive or negative weights, or arm, once for each trajectory.",
)
@click.option(
    "--word",
    "words",
    multiple=True,
    metavar="NAME=TEXT",
    help="A word in your language, such as step=Schritt; [animation.words] in experiment files has all names.",
)
@click.option(
    "--font", metavar="NAME", help="An installed font.  [default: DejaVu Sans, and others where it lacks a character]"
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An experiment file whose table [animation] is used. Options come first.",
)
@click.option(
    "--title",
    "titles",
    multiple=True,
    metavar="TEXT",
    help="Title above a trajectory, given once for each.  [default: its penalty, or its file name]",
)
@click.option(
    "--plugin",
    "plugin_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A Python file with a scene, a format or a penalty of your own. It is code, and runs.",
)
@click.option("--poster", is_flag=True, help="Also write the last frame as a PNG file.")
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
    width: int | None,
    height: int | None,
    theme: str | None,
    colors: tuple[str, ...],
    words: tuple[str, ...],
    font: str | None,
    settings_file: Path | None,
    plugin_files: tuple[Path, ...],
    **options: Any,
) -> None:
    """Draw stored trainings as an animation.

    A TRAJECTORY is a file that reportgen.WeightRecorder or Trajectory.save wrote. Several are drawn side by side, at
    the steps that all of them recorded. An existing animation is replaced.
    """
    from reportgen import plugins
    from reportgen.pictures.animate import animate

    own = [one for file in plugin_files for one in plugins.read([file.name], file.parent, lambda _: "--plugin")]
    if fps is None and frames is None and options["preset"]:
        fps = PRESETS[options["preset"]].rate
    timeline = _timeline(length, hold, fps, frames, pace)
    plain = {"width": width, "height": height, "theme": theme, "font": font}
    given = {name: value for name, value in plain.items() if value is not None}
    settings = _settings(settings_file, given, colors, words)
    with plugins.using(own), progress(mode) as report:
        animation = animate(trajectories, output, timeline=timeline, settings=settings, progress=report, **options)
    emit(_describe(animation))


def _settings(
    file: Path | None, plain: Mapping[str, Any], colors: Sequence[str], words: Sequence[str]
) -> AnimationSettings:
    """The table [animation] of `file`, with the options in place of its keys."""
    from reportgen.experiment.animation_settings import AnimationSettings
    from reportgen.experiment.file import load
    from reportgen.values import short_repr

    base = load(file).animation if file else AnimationSettings()
    if not file or plain or colors or words:
        pairs = [_pair(text, "--color", "ink=#1f2328", [*_COLORS, "arm"]) for text in colors]
        for _, color in pairs:
            if not re.fullmatch("#[0-9a-fA-F]{6}", color):
                raise ExperimentError(
                    f"--color takes a code of six hexadecimal digits, like #1f2328; got {short_repr(color)}"
                )
        own: dict[str, Any] = {name: color for name, color in pairs if name != "arm"}
        if arms := tuple(color for name, color in pairs if name == "arm"):
            own["arms"] = arms
        names = [field.name for field in dataclasses.fields(base.words)]
        said = dict(_pair(text, "--word", "step=Schritt", names) for text in words)
        base = dataclasses.replace(
            base,
            colors=dataclasses.replace(base.colors, **own),
            words=dataclasses.replace(base.words, **said),
            **plain,
        )
    return base


_COLORS = ("paper", "ink", "positive", "negative")


def _pair(text: str, option: str, example: str, known: Sequence[str]) -> tuple[str, str]:
    from reportgen.values import short_repr

    name, sign, value = text.partition("=")
    if not sign:
        raise ExperimentError(f"{option} takes a name and a value, like {example}; got {short_repr(text)}")
    if name not in known:
        raise ExperimentError(f"{option} does not know {short_repr(name)}.{did_you_mean(name, known)}")
    return name, value


def _timeline(length: float | None, hold: float | None, fps: float | None, frames: int | None, pace: str) -> Timeline:
    from reportgen.pictures.timeline import Timeline

    if fps is not None and frames is not None:
        raise ExperimentError("--fps and --frames both set the number of frames; give one of them")
    settings = {"length": length, "hold": hold, "rate": fps, "pace": pace}
    if length is not None and hold is None:
        settings["hold"] = min(Timeline.hold, length / 4)
    timeline = Timeline(**{name: value for name, value in settings.items() if value is not None})  # type: ignore[arg-type]
    if frames is None:
        return timeline
    moving = timeline.length - timeline.hold
    most = 1 + math.floor(50 * moving)
    if frames > most:
        longer = math.ceil((frames - 1) / 50 + timeline.hold)
        instead = f"--length {longer} or --frames {most}" if longer <= 600 else f"--frames {most}"
        raise ExperimentError(f"{frames:,} frames in {moving:g} s are more than 50 a second; try {instead}")
    return dataclasses.replace(timeline, rate=(frames - 1) / moving)


def _describe(animation: Animated) -> str:
    a = animation
    frames, size = plural(a.frames, "frame"), size_text(a.bytes)
    line = f"{a.file}: {a.width}×{a.height}, {frames}, {a.seconds:.1f} s, {size}"
    return f"{line}\n{a.poster}: its last frame" if a.poster else line
