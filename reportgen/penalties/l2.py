"""The ridge penalty."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, Penalty, penalties


@penalties.register("l2")
@dataclass(frozen=True)
class L2(Penalty):
    """Half the sum of w².

    The half is TensorFlow's `tf.nn.l2_loss`. `keras.regularizers.L2` has none, so strength 0.3 here is `L2(0.15)`
    there; scikit-learn's `Ridge(alpha)` puts α Σw² beside the *sum* of squared errors.

    References:
        Hoerl and Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 1970.
    """

    color = "vermillion"
    default_step = "subgradient"
    formula = "½ Σw²"
    place = 2
    scale_per_weight = True
    in_page = True

    def in_keras(self, strength: float) -> str:
        return f"L2({strength / 2:.6g})"

    def in_scikit_learn(self, strength: float, samples: int) -> str:
        return f"Ridge(alpha={strength * samples / 2:.6g})"

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(w * w, axis=axes) * 0.5

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w / (1.0 + scale)
