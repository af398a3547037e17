"""One animation file from trajectories that are there, with no experiment and no page around it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from reportgen.disk.files import as_machine_error, put
from reportgen.errors import ExperimentError, MachineError, did_you_mean, machine_error
from reportgen.executors import Progress
from reportgen.penalties.none import NoPenalty
from reportgen.pictures import Animation, Panel, presets, style, training_animation
from reportgen.pictures.draw import palette_of, rasterized, still
from reportgen.pictures.film import even
from reportgen.pictures.formats import Format, formats
from reportgen.pictures.presets import Preset
from reportgen.pictures.raster import Mosaic, Pixels, Raster
from reportgen.pictures.scenes import scenes
from reportgen.pictures.timeline import Timeline
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Animated:
    """A file that was written."""

    file: Path
    width: int
    height: int
    """In pixels."""
    frames: int
    seconds: float
    bytes: int
    poster: Path | None
    """A still of the last frame, if it was asked for."""


def animate(
    trajectories: Trajectory | str | PathLike[str] | Iterable[Trajectory | str | PathLike[str]],
    file: str | PathLike[str] | None = None,
    *,
    scenes: Sequence[str] = ("weights",),
    titles: Sequence[str] = (),
    timeline: Timeline | None = None,
    scale: int | None = None,
    preset: str | None = None,
    poster: bool = False,
    progress: Progress | None = None,
) -> Animated:
    """Draw `scenes` of one or more `trajectories`, values or files, side by side and in step, and write them to `file`.

    Its suffix chooses the format; without one it is named after the scenes. `scale` is pixels to a CSS pixel. `preset`
    is a place where the file is to be posted: it chooses what is not given here, and what the place would refuse is an
    error. `poster` also writes the last frame, as a PNG beside it.
    """
    if isinstance(trajectories, Trajectory | str | PathLike):
        trajectories = [trajectories]
    place = None if preset is None else presets.preset(preset)
    _check_scenes(scenes)
    usual = place.usual if place else "gif"
    path = Path(f"{'-'.join(scenes)}.{usual}") if file is None else Path(file)
    form = _format(path)
    if place:
        place.limits(form.suffix)
    form.check_available()
    _check_writable(path)
    panels = _panels([t if isinstance(t, Trajectory) else Path(t) for t in trajectories], titles)
    if timeline is None:
        timeline = Timeline() if place is None or place.rate is None else Timeline(rate=place.rate)
    item = training_animation(path.stem, scenes, panels, "", timeline)
    with style.look():
        raster, size, scale = _sized(item, form, scale, place)
        delays = timeline.delays(raster.count)
        if place:
            place.check(form.suffix, size, raster.count, sum(delays) / 100, scale)
        palette = palette_of(raster)
        content = form.encode(_told(raster, progress), palette, delays)
        if place:
            place.check_bytes(form.suffix, len(content), raster.count, scale)
        written = {path: content}
        if poster:
            written[path.with_suffix(".png")] = still(raster.frame(raster.count - 1), palette)
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
    """The scenes that show a training; the others are theory."""
    return tuple(name for name in scenes.names() if scenes[name].of_training)


def _check_scenes(wanted: Sequence[str]) -> None:
    known = training_scenes()
    for name in wanted:
        if name not in known:
            raise ExperimentError(f"unknown scene {name!r}.{did_you_mean(name, known)}")
    if not wanted:
        raise ExperimentError(f"no scene is asked for; known are {', '.join(known)}")


def _format(path: Path) -> Format:
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in formats.names():
        known = ", ".join(f".{name}" for name in formats.names())
        raise ExperimentError(f"{path} ends in no format of animations, which are {known}")
    return formats[suffix]()


def _check_writable(path: Path) -> None:
    """Better now than after the drawing."""
    try:
        if path.is_dir():
            raise MachineError(f"cannot write {path}: it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise machine_error(path, error) from error


def _panels(sources: Sequence[Trajectory | Path], titles: Sequence[str]) -> list[Panel]:
    if not sources:
        raise ExperimentError("no trajectory is given")
    if titles and len(titles) != len(sources):
        raise ExperimentError(f"{len(titles)} titles for {len(sources)} trajectories; give each its own, or none")
    loaded = [source if isinstance(source, Trajectory) else Trajectory.load(source) for source in sources]
    names = [source.stem if isinstance(source, Path) else "" for source in sources]
    chosen = titles or ([""] if len(loaded) == 1 else _titles([t.source for t in loaded], names))
    return [Panel(title=title, trajectory=t) for title, t in zip(chosen, loaded, strict=True)]


def _titles(runs: Sequence[Run | None], names: Sequence[str]) -> list[str]:
    """What tells trainings apart: their penalties, with seeds where the penalties are the same; else names of files."""
    told = [_penalty(run) if run else name for run, name in zip(runs, names, strict=True)]
    return [
        f"{text}, seed {run.init_seed}" if run and told.count(text) > 1 else text
        for text, run in zip(told, runs, strict=True)
    ]


def _penalty(run: Run) -> str:
    if run.strength == 0 or isinstance(run.penalty, NoPenalty):
        return NoPenalty.title
    proximal = ", proximal" if run.step == "proximal" else ""
    return f"{run.penalty.title}, λ = {style.number(run.strength)}{proximal}"


def _sized(
    item: Animation, form: Format, scale: int | None, place: Preset | None
) -> tuple[Raster | Mosaic, tuple[int, int], int]:
    """The frames, their size in the file, and the scale: as asked for, or the largest that the place takes."""
    for attempt in [scale] if scale is not None else range(place.scale if place else 1, 0, -1):
        raster = rasterized(item, attempt)
        height, width = raster.frame(0).shape
        size = even(width, height) if form.media_type.startswith("video/") else (width, height)
        if place is None or place.fits(form.suffix, size):
            break
    return raster, size, attempt


def _told(raster: Raster | Mosaic, progress: Progress | None) -> Iterator[Pixels]:
    for done, frame in enumerate(raster.frames(), 1):
        yield frame
        if progress:
            progress("draw", done, raster.count)
