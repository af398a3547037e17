"""Animation files from trajectories, without an experiment or a page."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from reportgen.disk.files import as_machine_error, put
from reportgen.errors import ExperimentError, MachineError, did_you_mean, machine_error
from reportgen.executors import Progress
from reportgen.experiment.animation_settings import AnimationSettings, AnimationWords
from reportgen.penalties.none import NoPenalty
from reportgen.pictures import fonts, presets, scene_look, style
from reportgen.pictures.composition import rasterize
from reportgen.pictures.draw import animation_palette, still_png
from reportgen.pictures.film import video_size
from reportgen.pictures.formats import Format, formats
from reportgen.pictures.picture import Animation, Panel, PictureLook, training_animation
from reportgen.pictures.presets import Preset
from reportgen.pictures.raster import Mosaic, Pixels, Raster
from reportgen.pictures.scenes import scenes
from reportgen.pictures.timeline import Timeline
from reportgen.text import plural
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Animated:
    """The animation file that was written, with its size and length."""

    file: Path
    width: int
    height: int
    """In pixels."""
    frames: int
    seconds: float
    bytes: int
    poster: Path | None
    """A still of the last frame, if requested."""


def animate(
    trajectories: Trajectory | str | PathLike[str] | Iterable[Trajectory | str | PathLike[str]],
    file: str | PathLike[str] | None = None,
    *,
    scenes: Sequence[str] = ("weights",),
    titles: Sequence[str] = (),
    timeline: Timeline | None = None,
    scale: int | None = None,
    settings: AnimationSettings | None = None,
    preset: str | None = None,
    poster: bool = False,
    progress: Progress | None = None,
) -> Animated:
    """Draw `scenes` of one or more `trajectories`, values or files, side by side and in step, and write them to `file`.

    Its suffix chooses the format; without `file` it is named after the scenes. `scale` is the number of pixels of a CSS
    pixel; `settings` may give the exact size instead, and colors, words and the font. `preset` is the name of a
    platform where the file will be posted: it sets the other defaults, and a file that the platform would refuse is an
    error. `poster` also writes the last frame, as a PNG beside the file.

    Warns of characters that no installed font has, and of a `timeline` that shows more frames than steps were recorded.
    """
    if isinstance(trajectories, Trajectory | str | PathLike):
        trajectories = [trajectories]
    platform = None if preset is None else presets.find_preset(preset)
    _check_scenes(scenes)
    suffix = platform.default_format if platform else "gif"
    path = Path(f"{'-'.join(scenes)}.{suffix}") if file is None else Path(file)
    form = _format(path)
    if platform:
        platform.limits(form.suffix)
    form.check_available()
    _check_writable(path)
    settings = _framed(settings or AnimationSettings(), scale, platform)
    panels = _panels([t if isinstance(t, Trajectory) else Path(t) for t in trajectories], titles, settings)
    if timeline is None:
        timeline = Timeline() if platform is None or platform.rate is None else Timeline(rate=platform.rate)
    item = training_animation(path.stem, scenes, panels, "", timeline)
    _warn_of_few_steps(timeline, item, panels)
    look = PictureLook(animation=settings, fonts=_fonts(settings, panels))
    look.fonts.warn()
    with scene_look.use(look):
        raster, size, scale = _fit_scale(item, form, scale, platform)
        delays = timeline.delays(raster.count)
        if platform:
            platform.check(form.suffix, size, raster.count, sum(delays) / 100, scale)
        palette = animation_palette(raster)
        content = form.encode(_report_progress(raster, progress), palette, delays)
        if platform:
            platform.check_bytes(form.suffix, len(content), raster.count, scale)
        written = {path: content}
        if poster:
            written[path.with_suffix(".png")] = still_png(raster.frame(raster.count - 1), palette)
    for target, data in written.items():
        with as_machine_error(target):
            put(target, data)
    return Animated(
        file=path,
        width=size[0],
        height=size[1],
        frames=raster.count,
        seconds=sum(delays) / 100,
        bytes=len(content),
        poster=path.with_suffix(".png") if poster else None,
    )


def training_scenes() -> tuple[str, ...]:
    """Names of the scenes that show a training; the others show theory."""
    return tuple(name for name in scenes.names() if scenes[name].of_training)


def _check_scenes(names: Sequence[str]) -> None:
    known = training_scenes()
    for name in names:
        if name not in known:
            raise ExperimentError(f"unknown scene {name!r}.{did_you_mean(name, known)}")
    if not names:
        raise ExperimentError(f"no scene is given; choose from {', '.join(known)}")


def _format(path: Path) -> Format:
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in formats.names():
        known = ", ".join(f".{name}" for name in formats.names())
        raise ExperimentError(f"{path} is not an animation file; its name must end in one of {known}")
    return formats[suffix]()


def _check_writable(path: Path) -> None:
    """Raise `MachineError` if `path` cannot be written, before the frames are drawn."""
    try:
        if path.is_dir():
            raise MachineError(f"cannot write {path}: it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise machine_error(path, error) from error


def _framed(settings: AnimationSettings, scale: int | None, platform: Preset | None) -> AnimationSettings:
    """The settings with the frame of the platform, unless a size or a scale is given."""
    if settings.width or settings.height:
        if scale:
            raise ExperimentError("width or height set the pixels, and so does scale; give one of them")
        return settings
    if scale or not platform or not platform.frame:
        return settings
    return dataclasses.replace(settings, width=platform.frame[0], height=platform.frame[1])


def _fonts(settings: AnimationSettings, panels: Sequence[Panel]) -> fonts.FontChoice:
    """The fonts for all words of the author."""
    texts = {f"the word {name!r}": text for name, text in dataclasses.asdict(settings.words).items()}
    for number, panel in enumerate(panels, 1):
        texts[f"the title of trajectory {number}"] = panel.title
        texts |= {f"a layer of trajectory {number}, {name!r}": name for name in panel.trajectory.layers}
    return fonts.choose(texts, settings.font)


def _warn_of_few_steps(timeline: Timeline, item: Animation, panels: Sequence[Panel]) -> None:
    """Warn if frames that were asked for have no recorded step of their own, or half of the usual ones have none."""
    shown = len(item.inputs["panels"][0].trajectory.steps)
    if shown >= timeline.frames * (0.5 if timeline.rate == Timeline.rate else 1):
        return
    steps = panels[0].trajectory.steps
    every = timeline.fitting_every([panel.trajectory for panel in panels])
    first, last = int(steps[0]), int(steps[-1])
    found = f"{plural(shown, 'recorded step')} for {timeline.frames} frames"
    if every:
        logging.getLogger("reportgen").warning("%s; record with every = %s to have enough", found, f"{every:,}")
        return
    logging.getLogger("reportgen").warning(
        "%s, and a training of %s has no more than %s; ask for fewer frames",
        found,
        plural(last - first, "step"),
        f"{last - first + 1:,}",
    )


def _panels(sources: Sequence[Trajectory | Path], titles: Sequence[str], settings: AnimationSettings) -> list[Panel]:
    colors = settings.colors.arms
    if not sources:
        raise ExperimentError("no trajectory is given")
    if titles and len(titles) != len(sources):
        raise ExperimentError(f"{len(titles)} titles for {len(sources)} trajectories; give each its own, or none")
    if colors and len(colors) != len(sources):
        raise ExperimentError(
            f"{plural(len(colors), 'color')} of arms for {plural(len(sources), 'trajectory', 'trajectories')}; "
            "give each its own, or none"
        )
    loaded = [source if isinstance(source, Trajectory) else Trajectory.load(source) for source in sources]
    names = [source.stem if isinstance(source, Path) else "" for source in sources]
    chosen = titles or ([""] if len(loaded) == 1 else _titles([t.source for t in loaded], names, settings.words))
    arms: Sequence[str | None] = colors or [None] * len(loaded)
    return [Panel(title=title, trajectory=t, arm=arm) for title, t, arm in zip(chosen, loaded, arms, strict=True)]


def _titles(runs: Sequence[Run | None], names: Sequence[str], words: AnimationWords) -> list[str]:
    """Titles that distinguish trainings: penalties, with seeds if penalties are equal, or names of files."""
    labels = [_penalty_title(run, words) if run else name for run, name in zip(runs, names, strict=True)]
    return [
        f"{text}, {words.seed} {run.init_seed}" if run and labels.count(text) > 1 else text
        for text, run in zip(labels, runs, strict=True)
    ]


def _penalty_title(run: Run, words: AnimationWords) -> str:
    if run.strength == 0 or isinstance(run.penalty, NoPenalty):
        return words.no_penalty
    plain = f" {words.by_plain_gradient}" if run.penalty.by_gradient and run.step == "subgradient" else ""
    return f"{run.penalty.title}{plain}, λ = {style.number(run.strength)}"


def _fit_scale(
    item: Animation, form: Format, scale: int | None, platform: Preset | None
) -> tuple[Raster | Mosaic, tuple[int, int], int]:
    """The frames, their size in the file, and the scale: `scale`, or the largest that the platform accepts."""
    settings = scene_look.settings()
    fixed = scale or (1 if settings.width or settings.height else None)
    for attempt in [fixed] if fixed else range(platform.scale if platform else 1, 0, -1):
        raster = rasterize(item, attempt)
        height, width = raster.frame(0).shape
        size = video_size(width, height) if form.media_type.startswith("video/") else (width, height)
        if platform is None or platform.fits(form.suffix, size):
            break
    return raster, size, attempt


def _report_progress(raster: Raster | Mosaic, progress: Progress | None) -> Iterator[Pixels]:
    for done, frame in enumerate(raster.frames(), 1):
        yield frame
        if progress:
            progress("draw", done, raster.count)
