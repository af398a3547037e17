"""Measures that several losses share, each from predictions and targets [..., B, O] to the samples [..., B]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.losses import Measure

Array = NDArray[np.floating[Any]]

ABSOLUTE = Measure(
    "absolute error",
    "|prediction − target|",
    "",
    lambda outputs, targets: np.asarray(np.abs(outputs - targets).sum(axis=-1)),
)
SQUARED = Measure(
    "squared error",
    "(prediction − target)²",
    "",
    lambda outputs, targets: np.asarray(np.square(outputs - targets).sum(axis=-1)),
)


def brier(probabilities: Array, targets: Array) -> Array:
    """The Brier score of each sample: Σ (probability − target)² over the outputs.

    With one output for two classes that is scikit-learn's `brier_score_loss`. With one-hot targets it is the sum over
    classes, Brier's own form, which is twice as large for two classes.

    References:
        Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 1950.
    """
    return np.asarray(np.square(probabilities - targets).sum(axis=-1))
