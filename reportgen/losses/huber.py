"""Huber's loss: squared for small errors, absolute for large ones."""

from collections.abc import Sequence
from typing import Any

from reportgen.losses import Loss, Measure, losses
from reportgen.losses._measures import ABSOLUTE, SQUARED


@losses.register("huber")
class Huber(Loss):
    """r²/2 up to |r| = 1, |r| − 1/2 beyond, of a residual r = output − target; `keras.losses.Huber(delta=1.0)`.

    References:
        Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 1964.
    """

    title = "Huber's loss"
    short = "Huber"
    formula = "r²/2 up to |r| = 1, |r| − 1/2 beyond"
    place = 3
    in_page = True
    in_keras = "Huber(delta=1.0)"

    @property
    def measures(self) -> Sequence[Measure]:
        return ABSOLUTE, SQUARED

    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        r = outputs - targets
        size = xp.abs(r)
        return xp.where(size <= 1.0, 0.5 * r * r, size - 0.5)

    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return xp.clip(outputs - targets, -1.0, 1.0)
