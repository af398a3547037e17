"""Timelines: which recorded steps become frames, and how long each frame is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen.errors import DataError, ExperimentError
from reportgen.registry import stored
from reportgen.training.trajectory import Trajectory
from reportgen.values import checked

Pace = Literal["even", "slow-in"]


@stored
@checked
class Timeline:
    """The timing of an animation; animations of trainings of one length with one timeline run in step."""

    length: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Length of the animation in seconds."""
    hold: Annotated[float, Field(ge=0)] = 1.2
    """Seconds of it for which the last frame is held."""
    rate: Annotated[float, Field(gt=0, le=50)] = 13.0
    """Frames per second. Browsers slow down animations with more than 50."""
    pace: Pace = "even"
    """Equal numbers of steps between frames ("even"), or fewer where the weights change most ("slow-in")."""

    def __post_init__(self) -> None:
        if self.hold >= self.length:
            raise ExperimentError(f"hold must be below length ({self.length}), got {self.hold}")

    @property
    def frames(self) -> int:
        """Number of frames, if as many steps were recorded."""
        return 1 + int((self.length - self.hold) * self.rate + 1e-9)

    def records(self, trajectories: Sequence[Trajectory]) -> list[NDArray[np.intp]]:
        """For each trajectory the indices of the records that the frames show: the same steps for all.

        They include the first and the last step that all have recorded. Raises `DataError` if there is no common step.
        """
        steps = trajectories[0].steps
        for trajectory in trajectories[1:]:
            steps = np.intersect1d(steps, trajectory.steps)
        if not len(steps):
            raise DataError("there is no step at which all the trajectories were recorded; they share no animation")
        where = [np.searchsorted(t.steps, steps) for t in trajectories]
        shown = self._shown(self._positions(steps, trajectories, where))
        return [records[shown] for records in where]

    def fitting_every(self, trajectories: Sequence[Trajectory]) -> int | None:
        """The most steps between two records at which every frame shows a step of its own; None if even all steps are
        too few. Between recorded steps, the weights are taken to move evenly.
        """
        steps = trajectories[0].steps
        for trajectory in trajectories[1:]:
            steps = np.intersect1d(steps, trajectory.steps)
        where = [np.searchsorted(t.steps, steps) for t in trajectories]
        position = self._positions(steps, trajectories, where)
        first, last = int(steps[0]), int(steps[-1])
        for every in range((last - first) // max(1, self.frames - 2), 0, -1):
            recorded = np.array(sorted({*range(first, last, every), last}))
            if len(self._shown(np.interp(recorded, steps, position))) == self.frames:
                return every
        return None

    def _positions(
        self, steps: NDArray[np.int32], trajectories: Sequence[Trajectory], where: Sequence[NDArray[np.intp]]
    ) -> NDArray[np.float64]:
        """The time of each of `steps`, from 0 to 1; `where` are their records in each trajectory."""
        position = _position(steps.astype(np.float64))
        if self.pace == "slow-in":
            moved = sum(_movement(t, records) for t, records in zip(trajectories, where, strict=True))
            position = (position + _position(np.concatenate([[0.0], np.cumsum(moved)]))) / 2
        return position

    def _shown(self, position: NDArray[np.float64]) -> NDArray[np.intp]:
        """Indices of the positions that are nearest to those of the frames."""
        return np.unique(np.searchsorted((position[1:] + position[:-1]) / 2, np.linspace(0, 1, self.frames)))

    def delays(self, frames: int) -> list[int]:
        """The delay of each of `frames` frames, in hundredths of a second, the unit of a GIF.

        They add up to `length`; the last is about `hold` or slightly longer, since all others are equal.
        """
        length, hold = round(100 * self.length), round(100 * self.hold)
        if frames == 1:
            return [length]
        delay = max(2, (length - hold) // (frames - 1))
        return [delay] * (frames - 1) + [max(hold, length - delay * (frames - 1), 2)]


def _position(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ascending values as positions from 0 to 1; equally spaced if they are constant."""
    span = values[-1] - values[0]
    return (values - values[0]) / span if span > 0 else np.linspace(0, 1, len(values))


def _movement(trajectory: Trajectory, records: NDArray[np.intp]) -> NDArray[np.float64]:
    """The distance that all weights together move from each of `records` to the next."""
    squares = np.zeros(len(records) - 1)
    for w in trajectory.kernels:
        change = np.diff(w[records].astype(np.float64).reshape(len(records), -1), axis=0)
        squares += np.nan_to_num(change**2, posinf=0.0).sum(axis=1)
    return np.sqrt(squares)
