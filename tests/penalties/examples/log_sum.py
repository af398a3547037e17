"""The log-sum penalty."""

from typing import Annotated, Any

from pydantic import Field

from reportgen.penalties import Axes, Penalty
from reportgen.values import checked


@checked
class LogSum(Penalty):
    """Sum of `width` · log(1 + |w| / `width`).

    References:
        Candès, Wakin and Boyd, Enhancing Sparsity by Reweighted ℓ1 Minimization, J. Fourier Anal. Appl. 2008.
    """

    convex = False
    scale_per_weight = True

    width: Annotated[float, Field(gt=0)] = 0.5
    """Where the slope has fallen from 1 to a half."""

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(self.width * xp.log1p(xp.abs(w) / self.width), axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sign(w) * self.width / (self.width + xp.abs(w))

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        # Where the slope of the objective is zero: z² + (width − |w|) z + width · (scale − |w|) = 0. The larger root is
        # a minimum; at a large scale zero may be the better one.
        size = xp.abs(w)
        root = xp.sqrt(xp.maximum((size + self.width) ** 2 - 4 * scale * self.width, 0.0))
        z = xp.maximum((size - self.width + root) / 2, 0.0)
        keeps = scale * self.width * xp.log1p(z / self.width) + (z - size) ** 2 / 2 < size**2 / 2
        return xp.where(scale > 0, xp.sign(w) * xp.where(keeps, z, 0.0), w)
