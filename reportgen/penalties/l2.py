"""The ridge penalty."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, penalties


@penalties.register("l2")
@dataclass(frozen=True)
class L2:
    """Half the sum of w².

    The half is TensorFlow's `tf.nn.l2_loss`. `keras.regularizers.L2` has none, so strength 0.3 here is `L2(0.15)`
    there; scikit-learn's `Ridge(alpha)` puts α Σw² beside the *sum* of squared errors.

    References:
        Hoerl and Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 1970.
    """

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(w * w, axis=axes) * 0.5

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return w / (1.0 + scale)
