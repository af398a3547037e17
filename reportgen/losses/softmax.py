"""The softmax loss of several classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reportgen.losses import Array, Loss, Measure, losses
from reportgen.losses._measures import brier


@losses.register("softmax")
class Softmax(Loss):
    """ln Σ eᶻ − z of the sample's class, with an output z for each class and one-hot targets.

    That is −ln of the probability that the outputs give to the class. `keras.losses.CategoricalCrossentropy(
    from_logits=True)` is the same: summed over classes, averaged over the batch.
    """

    title = "softmax loss"
    short = "softmax"
    formula = "ln Σ eᶻ − Σ y·z"
    tasks = ("classes",)
    place = 5
    in_keras = "CategoricalCrossentropy(from_logits=True)"

    @property
    def measures(self) -> Sequence[Measure]:
        return (
            Measure("log-loss", "−ln of the probability given to the sample's class", "nats", self._log_losses),
            Measure("error rate", "1 if the class of the greatest probability is not the sample's", "", self._mistakes),
            Measure("Brier score", "Σ (probability − target)² over the classes", "", self._brier),
        )

    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        # The parts of a sample are summed and not averaged, so each counts as often as there are classes.
        return -outputs.shape[axis] * targets * self._log_probabilities(outputs, xp, axis)

    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return outputs.shape[axis] * (self.prediction(outputs, xp, axis) - targets)

    def prediction(self, outputs: Any, xp: Any, axis: int = -1) -> Any:
        sizes = xp.exp(outputs - xp.max(outputs, axis=axis, keepdims=True))
        return sizes / xp.sum(sizes, axis=axis, keepdims=True)

    def _log_probabilities(self, outputs: Any, xp: Any, axis: int) -> Any:
        # The largest output becomes 0, so no exponential overflows and the sum is at least 1.
        below = outputs - xp.max(outputs, axis=axis, keepdims=True)
        return below - xp.log(xp.sum(xp.exp(below), axis=axis, keepdims=True))

    def _log_losses(self, outputs: Array, targets: Array) -> Array:
        return -np.asarray((targets * self._log_probabilities(outputs, np, -1)).sum(axis=-1))

    def _mistakes(self, outputs: Array, targets: Array) -> Array:
        return np.asarray(outputs.argmax(axis=-1) != targets.argmax(axis=-1), np.float64)

    def _brier(self, outputs: Array, targets: Array) -> Array:
        return brier(self.prediction(outputs, np), targets)
