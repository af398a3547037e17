"""Figures: one file a kind. A static figure draws once; a scene draws once and then moves.

Whoever wants a picture says so with a value, `Picture` or `Animation`: the name of a figure and plain arrays for it.
Workers turn these values into files, so figure code never sees a run, a page or a path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reportgen.registry import Registry

if TYPE_CHECKING:  # a page that finds its pictures drawn never loads matplotlib
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Animation:
    """A moving picture that a section asks for; `inputs` hold one entry a frame where things move."""

    name: str
    scene: str
    """Name of a registered scene."""
    inputs: dict[str, Any] = field(default_factory=dict)
    alt: str


class Scene(Protocol):
    """A figure of which some artists move. Limits are fixed for all frames, so that the axes hold still."""

    figure: Figure
    moving: Sequence[Artist]
    frames: int

    def show(self, frame: int) -> None:
        """Move the moving artists to where they are in `frame`; touches nothing else."""


figures: Registry[Callable[..., Figure]] = Registry("figure", "reportgen.figures.stills")
"""Functions from keyword inputs to a figure."""

scenes: Registry[Callable[..., Scene]] = Registry("scene", "reportgen.figures.moving")
"""Classes made from keyword inputs."""
