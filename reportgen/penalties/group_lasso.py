"""The group lasso penalty, which removes whole units."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, Penalty, penalties

_FLOOR = 1e-18
"""The smallest divisor, which avoids 0 / 0. Below it the squares of float32 weights underflow, and norms are wrong."""


@penalties.register("group_lasso")
@dataclass(frozen=True)
class GroupLasso(Penalty):
    """Sum over units of √(weights in the group) · ‖outgoing weights of the unit‖₂.

    A group is the outgoing weights of one unit, so a group at zero is a unit (or an input) without effect. Neither
    Keras nor scikit-learn has this penalty.

    References:
        Yuan and Lin, Model Selection and Estimation in Regression with Grouped Variables, JRSS B 2006.
        Scardapane et al., Group Sparse Regularization for Deep Neural Networks, Neurocomputing 2017.
    """

    color = "purple"
    formula = "Σ √|g|·‖w_g‖ over groups g"
    term = "Σ √|g|·‖w_g‖"
    place = 4
    in_page = True

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        _, outputs = axes
        norms = xp.sqrt(xp.sum(w * w, axis=outputs, keepdims=True))
        return xp.sum(norms, axis=axes) * self._weight(w, outputs)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        norms = xp.sqrt(xp.sum(w * w, axis=axes[1], keepdims=True))
        return self._weight(w, axes[1]) * w / xp.maximum(norms, _FLOOR)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        norms = xp.sqrt(xp.sum(w * w, axis=axes[1], keepdims=True))
        kept = 1.0 - scale * self._weight(w, axes[1]) / xp.maximum(norms, _FLOOR)
        return w * xp.maximum(kept, 0.0)

    @staticmethod
    def _weight(w: Any, outputs: int) -> float:
        return float(int(w.shape[outputs]) ** 0.5)
