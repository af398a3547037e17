"""The smoothly clipped absolute deviation."""

from typing import Annotated, Any

from pydantic import Field

from reportgen.penalties import Axes, Penalty
from reportgen.values import checked


@checked
class SCAD(Penalty):
    """L1 up to `knee`, from there ever flatter, and constant from `shape` · `knee` on.

    With `knee` k and `shape` a, the slope at |w| is 1 up to k, (a k − |w|) / ((a − 1) k) up to a k, and 0 beyond. Fan
    and Li tie k to the strength; here it is a parameter of its own.

    References:
        Fan and Li, Variable Selection via Nonconcave Penalized Likelihood and its Oracle Properties, JASA 2001.
    """

    convex = False
    scale_per_weight = True

    knee: Annotated[float, Field(gt=0)] = 0.5
    """Where the slope begins to fall."""
    shape: Annotated[float, Field(gt=1)] = 3.7
    """How many knees away the slope has fallen to zero."""

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        size, end = xp.abs(w), self.shape * self.knee
        bent = xp.clip(size - self.knee, 0.0, end - self.knee)
        return xp.sum(xp.minimum(size, self.knee) + bent - bent**2 / (2 * (end - self.knee)), axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        end = self.shape * self.knee
        return xp.sign(w) * xp.clip((end - xp.abs(w)) / (end - self.knee), 0.0, 1.0)

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        # Between the bends a minimum has the weight it came from nearby; it is one only while scale < end − knee.
        size, end = xp.abs(w), self.shape * self.knee
        room = end - self.knee
        near = xp.clip(size - scale, 0.0, self.knee)
        bent = (room * size - scale * end) / xp.where(room > scale, room - scale, 1.0)
        bent = xp.clip(bent, self.knee, end)
        far = xp.maximum(size, end)
        best = near
        for z in (bent, far):
            better = self._objective(z, size, scale, xp) < self._objective(best, size, scale, xp)
            best = xp.where(better, z, best)
        return xp.where(scale > 0, xp.sign(w) * best, w)

    def _objective(self, z: Any, size: Any, scale: Any, xp: Any) -> Any:
        """What `prox` minimizes, weight by weight."""
        end = self.shape * self.knee
        bent = xp.clip(z - self.knee, 0.0, end - self.knee)
        cost = xp.minimum(z, self.knee) + bent - bent**2 / (2 * (end - self.knee))
        return scale * cost + (z - size) ** 2 / 2
