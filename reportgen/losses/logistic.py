"""The logistic loss of two classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reportgen.losses import Array, Loss, Measure, losses
from reportgen.losses._measures import brier


@losses.register("logistic")
class Logistic(Loss):
    """ln(1 + eᶻ) − y·z of an output z and a target y of 0 or 1: −ln of the probability that z gives to the class.

    The probability of class 1 is 1 / (1 + e⁻ᶻ). `keras.losses.BinaryCrossentropy(from_logits=True)` is the same.
    """

    title = "logistic loss"
    short = "logistic"
    formula = "ln(1 + eᶻ) − y·z"
    tasks = ("binary",)
    place = 4
    in_page = True
    in_keras = "BinaryCrossentropy(from_logits=True)"

    @property
    def measures(self) -> Sequence[Measure]:
        return (
            Measure("log-loss", "−ln of the probability given to the sample's class", "nats", self._log_losses),
            Measure("error rate", "1 if the class of the greater probability is not the sample's", "", self._mistakes),
            Measure("Brier score", "(probability of class 1 − target)²", "", self._brier),
        )

    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        # The exponential never overflows: it is of a number below zero.
        return xp.maximum(outputs, 0.0) - outputs * targets + xp.log1p(xp.exp(-xp.abs(outputs)))

    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        return self.prediction(outputs, xp, axis) - targets

    def prediction(self, outputs: Any, xp: Any, axis: int = -1) -> Any:
        small = xp.exp(-xp.abs(outputs))
        return xp.where(outputs >= 0.0, xp.ones_like(small), small) / (1.0 + small)

    def _log_losses(self, outputs: Array, targets: Array) -> Array:
        return np.asarray(self.value(outputs, targets, np).sum(axis=-1))

    def _mistakes(self, outputs: Array, targets: Array) -> Array:
        # An output of 0 is a probability of 1/2 for both classes, and counts as class 1.
        return np.asarray(((outputs >= 0) != (targets > 0.5)).any(axis=-1), np.float64)

    def _brier(self, outputs: Array, targets: Array) -> Array:
        return brier(self.prediction(outputs, np), targets)
