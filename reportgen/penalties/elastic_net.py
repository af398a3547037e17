"""L1 and L2 together."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from reportgen.penalties import Axes, penalties
from reportgen.values import Checked


@penalties.register("elastic_net")
@dataclass(frozen=True)
class ElasticNet(Checked):
    """Blend of L1 and L2: sum of mix · |w| + (1 − mix) · w² / 2.

    The half and the blend are scikit-learn's (`l1_ratio` there); `keras.regularizers.L1L2` takes two strengths and
    has no half.

    References:
        Zou and Hastie, Regularization and Variable Selection via the Elastic Net, JRSS B 2005.
    """

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of L1: 1 is the lasso, 0 is ridge."""

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(self.mix * xp.abs(w) + (1 - self.mix) * 0.5 * w * w, axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return self.mix * xp.sign(w) + (1 - self.mix) * w

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        band = scale * self.mix
        return (w - xp.clip(w, -band, band)) / (1.0 + scale * (1 - self.mix))
