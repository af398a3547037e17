"""The squared error."""

from collections.abc import Sequence
from typing import Any

from reportgen.losses import Loss, Measure, losses
from reportgen.losses._measures import ABSOLUTE, SQUARED


@losses.register("squared")
class Squared(Loss):
    """r² of a residual r = output − target, without a half; `keras.losses.MeanSquaredError`."""

    title = "squared error"
    short = "squared"
    formula = "r²"
    place = 2
    in_page = True
    in_keras = "MeanSquaredError()"

    @property
    def measures(self) -> Sequence[Measure]:
        # Totals are of absolute errors whatever was trained with, so that networks of several losses can be compared.
        return ABSOLUTE, SQUARED

    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return xp.square(outputs - targets)

    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return 2.0 * (outputs - targets)
