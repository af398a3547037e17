"""The elastic net penalty: L1 and L2 together."""

from typing import Annotated, Any

from pydantic import Field

from reportgen.penalties import Axes, Penalty, penalties
from reportgen.values import checked


@penalties.register("elastic_net")
@checked
class ElasticNet(Penalty):
    """Blend of L1 and L2: sum of mix · |w| + (1 − mix) · w² / 2.

    The half and the blend are scikit-learn's (`l1_ratio` there); `keras.regularizers.L1L2` takes two strengths and
    has no half.

    References:
        Zou and Hastie, Regularization and Variable Selection via the Elastic Net, JRSS B 2005.
    """

    color = "green"
    place = 3
    scale_per_weight = True
    in_page = True

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of L1: 1 is the lasso, 0 is ridge."""

    @property
    def formula(self) -> str:
        return f"Σ α|w| + (1 − α)·½w², α = {self.mix:g}"

    @property
    def term(self) -> str:
        return f"Σ({self.mix:g}·|w| + {1 - self.mix:g}·½w²)"

    def in_keras(self, strength: float) -> str:
        return f"L1L2(l1={strength * self.mix:.6g}, l2={strength * (1 - self.mix) / 2:.6g})"

    def in_scikit_learn(self, strength: float, samples: int) -> str:
        return f"ElasticNet(alpha={strength / 2:.6g}, l1_ratio={self.mix:.6g})"

    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return xp.sum(self.mix * xp.abs(w) + (1 - self.mix) * 0.5 * w * w, axis=axes)

    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        return self.mix * xp.sign(w) + (1 - self.mix) * w

    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        band = scale * self.mix
        return (w - xp.clip(w, -band, band)) / (1.0 + scale * (1 - self.mix))
