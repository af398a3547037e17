"""Scenes: figures that move, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from reportgen.registry import Registry

if TYPE_CHECKING:  # a build whose pictures are all stored does not load matplotlib
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


class Scene(Protocol):
    """A figure some of whose artists move. Limits are the same for all frames, so that the axes do not move.

    A scene of training takes `panels`, one frame for each of their records; a scene of theory has its own parameters.
    Both take `counter`, which is false for all but one of the scenes side by side.
    """

    figure: Figure
    moving: Sequence[Artist]
    frames: int

    def show(self, frame: int) -> None:
        """Update the moving artists for `frame`, and nothing else."""


class SceneClass(Protocol):
    """The class of a scene, which is what the registry holds."""

    of_training: bool
    """True if it shows trainings, so that `reportgen animate` can draw any with it; otherwise it shows theory."""
    in_page: bool
    """True if `templates/static/player.js` draws it too."""

    def __call__(self, *args: Any, **inputs: Any) -> Scene: ...


scenes: Registry[SceneClass] = Registry("scene", __name__, needs=("of_training", "show"))
"""Classes made from keyword inputs."""
