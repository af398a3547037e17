"""The absolute error."""

from collections.abc import Sequence
from typing import Any

from reportgen.losses import Loss, Measure, losses
from reportgen.losses._measures import ABSOLUTE, SQUARED


@losses.register("absolute")
class Absolute(Loss):
    """|r| of a residual r = output − target; `keras.losses.MeanAbsoluteError`. Its derivative at 0 is 0."""

    title = "absolute error"
    short = "absolute"
    formula = "|r|"
    place = 1
    in_page = True
    in_keras = "MeanAbsoluteError()"

    @property
    def measures(self) -> Sequence[Measure]:
        return ABSOLUTE, SQUARED

    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return xp.abs(outputs - targets)

    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return xp.sign(outputs - targets)
