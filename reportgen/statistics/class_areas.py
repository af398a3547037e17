"""What a network says about classes: their probabilities at inputs, and which class a target is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.losses import loss_of
from reportgen.training.network import Weights
from reportgen.training.trajectory import Trajectory

MOST_CLASSES = 7
"""The most classes that pictures show: as many colors as color-blind readers can distinguish."""


def class_probabilities(trajectory: Trajectory, x: Weights, record: int = -1) -> NDArray[np.float64]:
    """The probability of each class [B, classes] at inputs [B, I]; for one output, of class 0 and of class 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges
        outputs = np.asarray(trajectory.predict(x, record), np.float64)
        found = loss_of(trajectory.run.training.loss).prediction(outputs, np)
    return np.hstack([1 - found, found]) if found.shape[1] == 1 else np.asarray(found)


def class_indices(targets: Weights) -> NDArray[np.intp]:
    """The class [B] of each target [B, O]: 0 or 1 of one column, or the place of the one in one-hot columns."""
    return targets.argmax(axis=1) if targets.shape[1] > 1 else (targets[:, 0] > 0.5).astype(np.intp)
