"""The group lasso penalty, which removes whole units."""

from dataclasses import dataclass
from typing import Any

from reportgen.penalties import Axes, Penalty, penalties

_FLOOR = 1e-18
"""The smallest divisor, which avoids 0 / 0. Below it the squares of float32 weights underflow, and norms are wrong."""

_NEWTON_STEPS = 10
"""Enough to be exact in float64 where the scales of a group span fourteen orders of magnitude."""


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
    scale_per_weight = True
    in_page = True

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        _, outputs = axes
        norms = xp.sqrt(xp.sum(w * w, axis=outputs, keepdims=True))
        return xp.sum(norms, axis=axes) * self._weight(w, outputs)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        norms = xp.sqrt(xp.sum(w * w, axis=axes[1], keepdims=True))
        return self._weight(w, axes[1]) * w / xp.maximum(norms, _FLOOR)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        if _varies(scale, w, axes[1]):
            return self._prox_per_weight(w, scale, xp, axes[1])
        norms = xp.sqrt(xp.sum(w * w, axis=axes[1], keepdims=True))
        kept = 1.0 - scale * self._weight(w, axes[1]) / xp.maximum(norms, _FLOOR)
        return w * xp.maximum(kept, 0.0)

    def _prox_per_weight(self, w: Any, scale: Any, xp: Any, outputs: int) -> Any:
        """`prox` with a scale for each weight: z = w · r / (r + band), where r is the norm of z.

        The norm solves Σ (w / (r + band))² = 1; without a solution above zero the group is zero. One over the root of
        that sum is a concave function of r, so Newton's steps rise to the solution from below. The start is a lower
        bound at which no term exceeds 1.
        """
        band = scale * self._weight(w, outputs)
        r = xp.maximum(xp.max(xp.abs(w) - band, axis=outputs, keepdims=True), 0.0)
        for _ in range(_NEWTON_STEPS):
            divisor = xp.maximum(r + band, _FLOOR)
            squares = xp.square(w / divisor)
            total = xp.sum(squares, axis=outputs, keepdims=True)
            slope = xp.sum(squares / divisor, axis=outputs, keepdims=True)
            step = total * (xp.sqrt(total) - 1.0) / xp.maximum(slope, _FLOOR)
            r = r + xp.maximum(step, 0.0)
        return xp.where(scale > 0, w * (r / xp.maximum(r + band, _FLOOR)), w)

    @staticmethod
    def _weight(w: Any, outputs: int) -> float:
        return float(int(w.shape[outputs]) ** 0.5)


def _varies(scale: Any, w: Any, axis: int) -> bool:
    """True if `scale` has a number for each place of `w` along the axis."""
    shape = getattr(scale, "shape", ())
    from_end = len(w.shape) - axis if axis >= 0 else -axis
    return len(shape) >= from_end and int(shape[-from_end]) > 1
