"""The lasso penalty."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, Look, Penalty, penalties


@penalties.register("l1")
@dataclass(frozen=True)
class L1(Penalty):
    """Sum of |w|.

    `keras.regularizers.L1(strength)` is the same; scikit-learn's `Lasso(alpha)` has the same term beside *half* the
    mean squared error.

    References:
        Tibshirani, Regression Shrinkage and Selection via the Lasso, JRSS B 1996.
    """

    color = "blue"
    by_gradient = Look("L1 by plain gradient", "sky")
    formula = "Σ|w|"
    place = 1
    scale_per_weight = True
    in_page = True

    def in_keras(self, strength: float) -> str:
        return f"L1({strength:.6g})"

    def in_scikit_learn(self, strength: float, samples: int) -> str:
        return f"Lasso(alpha={strength / 2:.6g})"

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(xp.abs(w), axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sign(w)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        # Soft thresholding without a sign function: a weight within the band becomes exactly zero.
        return w - xp.clip(w, -scale, scale)
