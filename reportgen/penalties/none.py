"""No penalty: the baseline."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, Penalty, penalties


@penalties.register("none")
@dataclass(frozen=True)
class NoPenalty(Penalty):
    """Zero everywhere; its proximal step leaves the weights alone."""

    color = "gray"
    default_step = "subgradient"
    formula = "–"
    place = 0
    scale_per_weight = True
    in_page = True

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(w, axis=axes) * 0.0

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.zeros_like(w)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w
