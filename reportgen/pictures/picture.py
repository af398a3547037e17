"""Requests for pictures: what a section asks for, as values that workers turn into files.

A request has the name of a figure or scenes and plain arrays for them, so a figure never sees a page or a path; scenes
of training see trajectories.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportgen.experiment.animation_settings import AnimationSettings
from reportgen.pictures.alt_text import alt_text
from reportgen.pictures.fonts import FontChoice
from reportgen.pictures.timeline import Timeline
from reportgen.registry import stored
from reportgen.training.trajectory import Trajectory


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Picture:
    """A still picture that a section asks for."""

    name: str
    """Stem of its file; unique in a report."""
    figure: str
    """Name of a registered figure."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the figure draws: plain numbers, strings, arrays, and lists and dicts of them."""
    alt: str = ""
    """The alt text, computed from the data; by default what `alt_text` finds in the inputs."""

    def __post_init__(self) -> None:
        if not self.alt:
            object.__setattr__(self, "alt", alt_text(self.inputs))


@dataclass(frozen=True, kw_only=True)
class PictureLook:
    """What an author may set about all pictures of a report: fonts, and how animations look."""

    animation: AnimationSettings = field(default_factory=AnimationSettings)
    arms: tuple[tuple[int | str, str], ...] = ()
    """Colors of arms in animations, each with the style that the arm has by default."""
    fonts: FontChoice = field(default_factory=FontChoice)


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """A training in a scene, with its title."""

    title: str
    trajectory: Trajectory
    arm: int | str | None = None
    """Its style in scenes that distinguish arms by color, a value of `Look.arm`; None for the default color."""


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Animation:
    """A moving picture that a section asks for: one scene, or several side by side in step."""

    name: str
    scenes: tuple[str, ...]
    """Names of registered scenes."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """The inputs of each scene."""
    alt: str
    timeline: Timeline = field(default_factory=Timeline)
    keep: bool = False
    """True to show the file itself at the end of the page, too: for readers without scripts, and for mail."""
    one_run: bool = False
    """True if its player shows these runs only, because the text is about them; else a reader can choose others."""


def training_animation(
    name: str,
    scenes: Sequence[str],
    panels: Sequence[Panel],
    alt: str,
    timeline: Timeline | None = None,
    *,
    keep: bool = False,
    one_run: bool = False,
) -> Animation:
    """An animation of trainings, thinned to the records that its frames show.

    Raises `DataError` if the trajectories of `panels` have no recorded step in common.
    """
    timeline = timeline or Timeline()
    records = timeline.records([panel.trajectory for panel in panels])
    thinned = tuple(
        dataclasses.replace(panel, trajectory=panel.trajectory.only(shown))
        for panel, shown in zip(panels, records, strict=True)
    )
    return Animation(
        name=name,
        scenes=tuple(scenes),
        inputs={"panels": thinned},
        alt=alt,
        timeline=timeline,
        keep=keep,
        one_run=one_run,
    )
