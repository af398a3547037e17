"""The solutions of L1 and L2 while their strength grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures import penalty_plane, style
from reportgen.pictures.counter import Counter
from reportgen.pictures.scene_look import word
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
        wide, high, side = style.WIDTH, 356, 218
        self.figure = Figure(figsize=(wide / 96, high / 96))
        self._panels = []
        for left, of in ((56, L1()), (wide - 10 - side, L2())):
            axes = self.figure.add_axes((left / wide, 92 / high, side / wide, side / high))
            axes.set_title(of.title)
            self._panels.append(penalty_plane.ConstraintPanel(axes, of, problem, values))
        digits = [f"{value:.2f}" for value in values] if counter else None
        self._counter = Counter(self.figure, digits, 20, 20, name=word("strength"))
        self.moving: Sequence[Artist] = [
            *(artist for panel in self._panels for artist in panel.moving),
            *self._counter.artists,
        ]

    def show(self, frame: int) -> None:
        for panel in self._panels:
            panel.show(frame, frame)
        self._counter.show(frame)
