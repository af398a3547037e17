"""The solutions of L1 and L2 while their strength grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures import penalty_plane
from reportgen.pictures.counter import Counter
from reportgen.pictures.scenes import scenes
from reportgen.statistics import plane


@scenes.register("constraint_path")
class ConstraintPath:
    """The figure `constraint` for one strength after another: the balls shrink and the solutions move."""

    of_training: ClassVar[bool] = False
    in_page: ClassVar[bool] = False

    def __init__(
        self,
        strengths: Sequence[float] | None = None,
        minimum: Sequence[float] = (0.8, 2.0),
        curvature: Sequence[Sequence[float]] = ((1.0, 0.3), (0.3, 1.0)),
        counter: bool = True,
    ) -> None:
        values = np.linspace(0, 2.36, 36) if strengths is None else np.asarray(strengths, dtype=float)
        self.frames = len(values)
        problem = plane.Quadratic(np.asarray(minimum, dtype=float), np.asarray(curvature, dtype=float))
        self.figure = Figure(figsize=(720 / 96, 420 / 96))
        self._panels = []
        for left, of in ((50, L1()), (408, L2())):
            axes = self.figure.add_axes((left / 720, 86 / 420, 300 / 720, 300 / 420))
            axes.set_title(of.title)
            self._panels.append(penalty_plane.ConstraintPanel(axes, of, problem, values))
        digits = [f"{value:.2f}" for value in values] if counter else None
        self._counter = Counter(self.figure, digits, 20, 22, name="strength λ =")
        self.moving: Sequence[Artist] = [
            *(artist for panel in self._panels for artist in panel.moving),
            *self._counter.artists,
        ]

    def show(self, frame: int) -> None:
        for panel in self._panels:
            panel.show(frame, frame)
        self._counter.show(frame)
