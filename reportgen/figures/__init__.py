"""Figures: one file a kind. A static figure draws once; a scene draws once and then moves.

Whoever wants a picture says so with a value, `Picture` or `Animation`: the name of a figure and plain arrays for it.
Workers turn these values into files, so figure code never sees a page or a path; scenes of training see trajectories.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reportgen.figures.timeline import Timeline
from reportgen.registry import Registry, stored
from reportgen.trajectory import Trajectory

if TYPE_CHECKING:  # a page that finds its pictures drawn never loads matplotlib
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


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
    alt: str
    """What a reader who cannot see it should know, computed from the data."""


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """A training that a scene shows, under its title."""

    title: str
    trajectory: Trajectory
    arm: int | None = None
    """Its style where scenes tell arms by colour; none of its own if None."""


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Animation:
    """A moving picture that a section asks for: one scene, or several side by side in step."""

    name: str
    scenes: tuple[str, ...]
    """Names of registered scenes."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What each of them is made from."""
    alt: str
    timeline: Timeline = field(default_factory=Timeline)


def training_animation(
    name: str, scenes: Sequence[str], panels: Sequence[Panel], alt: str, timeline: Timeline | None = None
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
    return Animation(name=name, scenes=tuple(scenes), inputs={"panels": thinned}, alt=alt, timeline=timeline)


class Scene(Protocol):
    """A figure of which some artists move. Limits are fixed for all frames, so that the axes hold still.

    A scene of training is made from `panels`, one frame for each of their records; a scene of theory says what it
    needs by its own parameters. Both take `counter`, which is false for all but one of the scenes side by side.
    """

    figure: Figure
    moving: Sequence[Artist]
    frames: int

    def show(self, frame: int) -> None:
        """Move the moving artists to where they are in `frame`; touches nothing else."""


class SceneClass(Protocol):
    """What is registered: the class of a scene."""

    of_training: bool

    def __call__(self, *args: Any, **inputs: Any) -> Scene: ...


figures: Registry[Callable[..., Figure]] = Registry("figure", "reportgen.figures.stills")
"""Functions from keyword inputs to a figure."""

scenes: Registry[SceneClass] = Registry("scene", "reportgen.figures.moving")
"""Classes made from keyword inputs."""
