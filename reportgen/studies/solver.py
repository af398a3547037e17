"""Minimization of a quadratic function plus penalties that make columns, or groups of columns, exactly zero.

scikit-learn has no group lasso, and no L1 penalty with several classes that converges fast; both come down to this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.tables import Array


@dataclass(frozen=True, eq=False)
class Shrinkage:
    """A penalty at several strengths: l1 Σ|w| + l2 ½ Σw² + grouped Σ √|g| ‖w_g‖, where each part is one number for each
    strength. A group has all outputs of the columns of one feature; |g| is the number of its columns."""

    l1: Array
    l2: Array
    grouped: Array
    starts: NDArray[np.intp]
    """Index of the first column of each group; columns of a group follow each other."""

    def proximal(self, columns: int, step: float) -> Callable[[Array], Array]:
        """The proximal step of length `step` for weights [columns, outputs, strengths]."""
        sizes = np.diff(np.append(self.starts, columns))
        l1, limits = step * self.l1, step * self.grouped * np.sqrt(sizes)[:, None]
        by_l1, by_group, by_l2 = l1.any(), limits.any(), self.l2.any()
        divisor = 1 + step * self.l2

        def shrink(w: Array) -> Array:
            if by_l1:
                # w less the nearest number within l1 of zero.
                w = w - np.minimum(np.maximum(w, -l1), l1)
            if by_group:
                norms = np.sqrt(np.add.reduceat((w * w).sum(axis=1), self.starts, axis=0))
                factors = np.maximum(1 - limits / np.maximum(norms, 1e-300), 0.0)
                w = w * np.repeat(factors, sizes, axis=0)[:, None, :]
            return w / divisor if by_l2 else w

        return shrink


def minimize_quadratic(
    hessian: Array, linear: Array, shrinkage: Shrinkage, start: Array, tolerance: float = 1e-8, most: int = 5000
) -> Array:
    """The weights [columns, outputs, strengths] that minimize ½ w'Hw − c'w + penalty, for all strengths at once.

    The method is FISTA, restarted where its momentum points uphill.

    References:
        Beck and Teboulle, A Fast Iterative Shrinkage-Thresholding Algorithm, SIAM J. Imaging Sciences 2009.
        O'Donoghue and Candès, Adaptive Restart for Accelerated Gradient Schemes, 2015.
    """
    columns, _, strengths = start.shape
    if not columns:
        return start
    step = 1 / max(float(np.linalg.eigvalsh(hessian)[-1]), 1e-12)
    shrink = shrinkage.proximal(columns, step)
    w, ahead = start, start
    momentum = np.ones(strengths)
    for iteration in range(most):
        gradient = (hessian @ ahead.reshape(columns, -1)).reshape(start.shape) - linear
        following = shrink(ahead - step * gradient)
        moved = following - w
        uphill = np.einsum("dkl,dkl->l", ahead - following, moved) > 0
        momentum = np.where(uphill, 1.0, momentum)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / grown * moved
        w, momentum = following, grown
        if iteration % 10 == 9 and np.abs(moved).max() <= tolerance * max(float(np.abs(w).max()), 1e-12):
            break
    return w
