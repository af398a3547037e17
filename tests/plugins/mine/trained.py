"""What networks are trained on and with."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from reportgen.datasets import Data, datasets, without_outliers
from reportgen.penalties import Axes, Penalty, penalties
from reportgen.values import checked


@penalties.register("hinge")
@checked
class Hinge(Penalty):
    """Half the sum of max(|w| − free, 0)²."""

    free: Annotated[float, Field(ge=0)] = 0.1
    """What costs nothing."""

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(_over(w, self.free, xp) ** 2, axis=axes) * 0.5

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sign(w) * _over(w, self.free, xp)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w - xp.sign(w) * _over(w, self.free, xp) * scale / (1.0 + scale)


def _over(w: Any, free: float, xp: Any) -> Any:
    return xp.maximum(xp.abs(w) - free, 0.0)


@datasets.register("saw")
@checked
class Saw:
    """A line that falls back to zero some times."""

    teeth: Annotated[int, Field(ge=1, le=9)] = 3

    @property
    def shape(self) -> tuple[int, int]:
        return 1, 1

    @property
    def training_samples(self) -> int:
        return 20

    def draw(self, seed: int) -> Data:
        x = np.random.default_rng([seed, 1]).uniform(size=(30, 1))
        y = x * self.teeth % 1.0
        return without_outliers(x[:20], y[:20], x[20:], y[20:])
