"""The minimax concave penalty."""

from typing import Annotated, Any

from pydantic import Field

from reportgen.penalties import Axes, Penalty
from reportgen.values import checked


@checked
class MCP(Penalty):
    """Sum of |w| − w² / (2 · `reach`) up to |w| = `reach`, and constant from there on.

    References:
        Zhang, Nearly Unbiased Variable Selection under Minimax Concave Penalty, Annals of Statistics 2010.
    """

    convex = False
    scale_per_weight = True

    reach: Annotated[float, Field(gt=0)] = 1.5
    """Where the slope has fallen from 1 to zero."""

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        size = xp.minimum(xp.abs(w), self.reach)
        return xp.sum(size - size**2 / (2 * self.reach), axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sign(w) * xp.maximum(1.0 - xp.abs(w) / self.reach, 0.0)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        # Firm thresholding while scale < reach. From there on nothing between zero and `reach` is a minimum, and the
        # better one of zero and the weight itself wins: hard thresholding.
        size = xp.abs(w)
        firm = xp.maximum(size - scale, 0.0) / xp.where(self.reach > scale, 1.0 - scale / self.reach, 1.0)
        firm = xp.where(size < self.reach, firm, size)
        hard = xp.where(size > xp.sqrt(scale * self.reach), size, 0.0)
        return xp.where(scale > 0, xp.sign(w) * xp.where(self.reach > scale, firm, hard), w)
