"""Why L1 gives zeros and L2 does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures import penalty_plane, style
from reportgen.pictures.stills import figures
from reportgen.statistics import plane


@figures.register("constraint")
def constraint(
    strength: float = 1.3,
    minimum: Sequence[float] = (0.8, 2.0),
    curvature: Sequence[Sequence[float]] = ((1.0, 0.3), (0.3, 1.0)),
) -> Figure:
    """Level lines of a quadratic loss and the L1 and L2 balls that touch them at the solution of this `strength`.

    The dark line is the solution for every strength, from zero, at the least loss, until L1 leaves no weight.
    """
    problem = plane.Quadratic(np.asarray(minimum, dtype=float), np.asarray(curvature, dtype=float))
    # L1 is zero from the largest slope of the loss at zero on; L2 reaches zero only in the limit.
    enough = 1.1 * max(float(np.abs(problem.curvature @ problem.minimum).max()), strength)
    path = np.linspace(0, enough, 160)
    strengths = np.append(path, strength)
    figure = style.blank_figure(352)
    for axes, of in zip(figure.subplots(1, 2), (L1(), L2()), strict=True):
        panel = penalty_plane.ConstraintPanel(axes, of, problem, strengths)
        panel.show(len(path), len(path) - 1)
        w = ", ".join(style.number(float(value), 2) for value in panel.points[-1])
        axes.set_title(f"{of.title}: w = ({w})")
    return figure
