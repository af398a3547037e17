"""The function that a network of one input computes, record by record."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.training.trajectory import Trajectory


def curves(trajectory: Trajectory) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Inputs [P] across the range of the training samples, and the outputs [S, P] there at each record."""
    x = trajectory.run.draw().x_train
    margin = 0.03 * (x.max() - x.min())
    straight = trajectory.run.network.activation == "linear"
    grid = np.linspace(x.min() - margin, x.max() + margin, 2 if straight else 120)
    records = range(len(trajectory.steps))
    return grid, np.stack([trajectory.predict(grid[:, None], record)[:, 0] for record in records])
