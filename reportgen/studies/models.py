"""Linear models of a target, learned from some rows of a frame: penalized paths, refits, and the order of columns.

Every λ stands in front of its penalty beside a loss that is half the mean squared error, or the mean log-loss, on
columns of mean 0 and standard deviation 1: the convention of scikit-learn's `Lasso`, whose `alpha` it is. Weights have
the shape [strengths, columns, outputs]: one output for a number and for two classes (the log-odds of the second), one
for each of several classes.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.studies.solver import Shrinkage, minimize_quadratic
from reportgen.tables import Array, Frame
from reportgen.tables.design import Design, fit_design
from reportgen.tables.folds import Rows

PenaltyName = Literal["none", "ridge", "lasso", "elastic_net", "group_lasso", "adaptive_lasso"]

MIX = 0.5
"""Share of L1 in the elastic net; scikit-learn's `l1_ratio`."""

Mask = NDArray[np.bool_]

MOST_IN_SETS = 12
"""Features of which all sets are tried, 4,096 of them."""


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights [strengths, columns, outputs] and intercepts [strengths, outputs]."""

    w: Array
    b: Array

    def __getitem__(self, index: Any) -> Weights:
        return Weights(self.w[index], self.b[index])


class LinearModel(ABC):
    """What all linear models of some rows have in common."""

    quadratic_gram: Array
    """Second derivatives of the loss at its minimum, by columns; for elimination."""
    quadratic_weights: Array
    """The weights [columns, outputs] of that minimum."""
    noise: float
    """The factor that makes an increase of the loss a χ² with one degree of freedom, if a column has no effect."""

    def __init__(self, frame: Frame, rows: Rows, scale: bool = True) -> None:
        self.frame, self.rows = frame, rows
        self.design: Design = fit_design(frame, rows, scale)
        self.x = self.design.matrix(frame, rows)
        self.group = self.design.group
        weights = np.ones(len(rows)) if frame.weights is None else frame.weights[rows]
        self.weights = weights / weights.sum()
        self.gram = self.x.T @ (self.x * self.weights[:, None])
        self.present = np.unique(self.group)
        """Features that have a column."""
        self.starts = np.searchsorted(self.group, self.present)

    @property
    def columns(self) -> int:
        """Number of columns of the design."""
        return len(self.group)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return 1

    @property
    def lasso_is_grouped(self) -> bool:
        """Whether every feature has one weight, so that the group lasso is the lasso."""
        return len(self.present) == self.columns and self.outputs == 1

    @property
    @abstractmethod
    def null(self) -> Weights:
        """The model without columns."""

    @abstractmethod
    def slope(self) -> Array:
        """The downhill gradient [columns, outputs] of the loss, at the model without columns."""

    @abstractmethod
    def path(self, penalty: PenaltyName, strengths: Array) -> Weights:
        """Weights at each strength; strengths descend."""

    @abstractmethod
    def refit(self, features: Iterable[int]) -> Weights:
        """The model with the columns of these features, without a penalty worth mentioning; one strength."""

    @abstractmethod
    def without_each(self, ridge: float) -> Weights:
        """Ridge regression with all features, and then without each of them."""

    @abstractmethod
    def measures(self, weights: Weights, rows: Rows) -> Array:
        """Errors [strengths, measures] on other rows of the frame; the first measure decides."""

    def losses(self, weights: Weights, rows: Rows) -> Array:
        """The deciding error at each strength."""
        return self.measures(weights, rows)[:, 0]

    def grid(self, penalty: PenaltyName, count: int) -> Array:
        """Descending strengths, evenly spaced in their logarithm, from the least that makes all weights zero; for ridge
        from one that shrinks all to nearly nothing."""
        slope = self.slope()
        # With more columns than rows weaker penalties only interpolate, slowly.
        deep = 1e-3 if self.columns < len(self.rows) and not self.frame.classes else 1e-2
        match penalty:
            case "none":
                return np.zeros(1)
            case "ridge":
                top, depth = 100.0, 1e-6
            case "group_lasso" if not self.lasso_is_grouped:
                sizes = np.diff(np.append(self.starts, self.columns))
                norms = np.sqrt(np.add.reduceat((slope**2).sum(axis=1), self.starts)) if self.columns else np.zeros(1)
                top, depth = float((norms / np.sqrt(sizes)).max(initial=0.0)), deep
            case "adaptive_lasso":
                top, depth = float(np.abs(slope * self.first_weights()[:, None]).max(initial=0.0)), deep**2
            case _:
                top, depth = float(np.abs(slope).max(initial=0.0)) / (MIX if penalty == "elastic_net" else 1), deep
        if not top > 0:
            top = 1.0
        # By that much more, rounding leaves no weight at the first.
        return np.asarray(top * (1 + 1e-10) * np.logspace(0, np.log10(depth), count))

    @abstractmethod
    def first_weights(self) -> Array:
        """The size of the weight of each column before the adaptive lasso: that of ridge regression."""

    @property
    def tries_every_set(self) -> bool:
        """Whether `best_sets` finds the best sets."""
        return False

    def best_sets(self) -> dict[int, tuple[int, ...]]:
        """By size the set of features whose refit has the least loss; empty if there are too many sets to try."""
        return {}

    def kept(self, weights: Weights) -> Mask:
        """Which features [strengths, features] have a weight that is not zero."""
        kept = np.zeros((len(weights.w), len(self.frame.features)), bool)
        columns = (weights.w != 0).any(axis=2)
        for feature in self.present:
            kept[:, feature] = columns[:, self.group == feature].any(axis=1)
        return kept

    def refit_each(self, weights: Weights) -> Weights:
        """The model at each strength, learned anew without a penalty on the features that it kept."""
        known: dict[bytes, Weights] = {}
        found = []
        for kept in self.kept(weights):
            key = kept.tobytes()
            if key not in known:
                known[key] = self.refit(np.flatnonzero(kept))
            found.append(known[key])
        return joined(found)

    def entering_order(self, weights: Weights) -> NDArray[np.intp]:
        """Features in the order in which they first have a weight on a path; the others at the end, by their slope."""
        return self.entering_order_of(self.kept(weights))

    def entering_order_of(self, kept: Mask) -> NDArray[np.intp]:
        """The same from what is kept [strengths, features]."""
        first = np.where(kept.any(axis=0), kept.argmax(axis=0), len(kept))
        slope = np.zeros(len(self.frame.features))
        np.maximum.at(slope, self.group, np.abs(self.slope()).max(axis=1))
        return np.lexsort((-slope, first)).astype(np.intp)

    def elimination_order(self) -> NDArray[np.intp]:
        """Features, the last to go first: each time the one goes whose loss of fit is the least significant.

        A feature with several columns is judged by the χ² of as many degrees of freedom. For classes this uses the
        quadratic approximation at the model with all columns.
        """
        from scipy.stats import chi2  # a second to import

        # Columns that repeat others make the matrix singular; this much on the diagonal ranks them last.
        hessian = self.quadratic_gram + 1e-7 * np.eye(self.columns)
        inverse = np.linalg.inv(hessian)
        w = self.quadratic_weights.copy()
        left = [np.flatnonzero(self.group == feature) for feature in self.present]
        freedom = np.array([_freedom(self.design, columns) for columns in left]) * w.shape[1]
        alive = np.ones(len(left), bool)
        gone: list[int] = []
        single = np.array([len(columns) == 1 for columns in left])
        first = np.array([columns[0] for columns in left], np.intp)
        for _ in left:
            loss = np.full(len(left), np.inf)
            ones = np.flatnonzero(single & alive)
            loss[ones] = (w[first[ones]] ** 2).sum(axis=1) / np.maximum(inverse[first[ones], first[ones]], 1e-300)
            for index in np.flatnonzero(~single & alive):
                block = left[index]
                loss[index] = (w[block] * np.linalg.solve(inverse[np.ix_(block, block)], w[block])).sum()
            tail = np.where(alive, chi2.logsf(np.maximum(loss, 0) / self.noise, freedom), -np.inf)
            # Equal tails, as of zeros, are told apart by the loss itself.
            worst = int(np.lexsort((loss, -tail))[0])
            gone.append(int(self.present[worst]))
            block = left[worst]
            part = np.linalg.solve(inverse[np.ix_(block, block)], np.hstack([w[block], inverse[block]]))
            change = inverse[:, block] @ part
            w = w - change[:, : w.shape[1]]
            inverse = inverse - change[:, w.shape[1] :]
            alive[worst] = False
        absent = sorted(set(range(len(self.frame.features))) - set(self.present.tolist()))
        return np.array([*reversed(gone), *absent], np.intp)


def _freedom(design: Design, columns: NDArray[np.intp]) -> int:
    """Degrees of freedom of the columns of a feature: the levels of a category sum to a constant."""
    return len(columns) - (len(columns) > 1 and design.columns[columns[0]].kind == "level")


class SquaredModel(LinearModel):
    """Linear regression: the mean squared error, by the products of columns with each other and with the target."""

    def __init__(self, frame: Frame, rows: Rows, scale: bool = True) -> None:
        super().__init__(frame, rows, scale)
        target = frame.target[rows]
        self.mean = float(self.weights @ target)
        self.target = target - self.mean
        self.products = self.x.T @ (self.weights * self.target)
        self.variance = float(self.weights @ self.target**2)
        values, self.vectors = np.linalg.eigh(self.gram)
        self.values = np.maximum(values, 0.0)

    @property
    def null(self) -> Weights:
        return Weights(np.zeros((1, self.columns, 1)), np.full((1, 1), self.mean))

    def slope(self) -> Array:
        return np.asarray(self.products[:, None])

    def explained(self, features: Sequence[int]) -> float:
        """How much less the mean squared error is with these features than with none."""
        columns = np.flatnonzero(np.isin(self.group, features))
        gram = self.gram[np.ix_(columns, columns)] + 1e-9 * np.eye(len(columns))
        return float(self.products[columns] @ np.linalg.solve(gram, self.products[columns]))

    @property
    def tries_every_set(self) -> bool:
        few = len(self.present) <= MOST_IN_SETS and self.columns <= 3 * MOST_IN_SETS
        return few and len(self.rows) >= 2 * self.columns

    def best_sets(self) -> dict[int, tuple[int, ...]]:
        if not self.tries_every_set:
            return {}
        columns = [np.flatnonzero(self.group == feature) for feature in self.present]
        by_width: dict[int, list[tuple[int, ...]]] = {}
        for size in range(1, len(columns) + 1):
            for chosen in itertools.combinations(range(len(columns)), size):
                by_width.setdefault(sum(len(columns[i]) for i in chosen), []).append(chosen)
        best: dict[int, tuple[float, tuple[int, ...]]] = {}
        for width, sets in by_width.items():
            at = np.array([np.concatenate([columns[i] for i in chosen]) for chosen in sets])
            # Columns of one category depend on each other; this much on the diagonal changes no order.
            grams = self.gram[at[:, :, None], at[:, None, :]] + 1e-9 * np.eye(width)
            products = self.products[at]
            explained = (products * np.linalg.solve(grams, products[..., None])[..., 0]).sum(axis=1)
            for chosen, gain in zip(sets, explained.tolist(), strict=True):
                if gain > best.get(len(chosen), (-1.0, ()))[0]:
                    best[len(chosen)] = gain, chosen
        return {size: tuple(int(self.present[i]) for i in chosen) for size, (_, chosen) in best.items()}

    def _ridge(self, strengths: Array) -> Array:
        """Weights [strengths, columns]."""
        turned = self.vectors.T @ self.products
        floor = 1e-10 * max(float(self.values.max(initial=0.0)), 1e-300)
        total = self.values + strengths[:, None]
        # Directions without variance get no weight, as in the solution of least length.
        shares = np.where(total > floor, 1 / np.maximum(total, floor), 0.0)
        return np.asarray((shares * turned) @ self.vectors.T)

    def first_weights(self) -> Array:
        """Those of ridge regression at the strength of the least generalized cross-validation error."""
        strengths = self.grid("ridge", 40)
        w = self._ridge(strengths)
        residual = self.variance - 2 * w @ self.products + np.einsum("ld,ld->l", w @ self.gram, w)
        freedom = (self.values / (self.values + strengths[:, None])).sum(axis=1)
        left = np.maximum(1 - (freedom + 1) / len(self.rows), 1e-6)
        return np.asarray(np.abs(w[int((np.maximum(residual, 0) / left**2).argmin())]))

    def path(self, penalty: PenaltyName, strengths: Array) -> Weights:
        match penalty:
            case "none" | "ridge":
                w = self._ridge(strengths)
            case "group_lasso" if not self.lasso_is_grouped:
                zero = np.zeros(len(strengths))
                shrinkage = Shrinkage(zero, zero, strengths, self.starts)
                start = np.zeros((self.columns, 1, len(strengths)))
                w = minimize_quadratic(self.gram, self.products[:, None, None], shrinkage, start)[:, 0].T
            case "adaptive_lasso":
                first = self.first_weights()
                w = first * self._elastic_net(strengths, 1.0, first)
            case _:
                w = self._elastic_net(strengths, MIX if penalty == "elastic_net" else 1.0, np.ones(self.columns))
        return Weights(np.ascontiguousarray(w)[:, :, None], np.full((len(w), 1), self.mean))

    def _elastic_net(self, strengths: Array, mix: float, scales: Array) -> Array:
        """Weights [strengths, columns] for columns times scales, by scikit-learn's coordinate descent."""
        from sklearn.linear_model import enet_path

        if not self.columns:
            return np.zeros((len(strengths), 0))
        rows = len(self.rows)
        tolerance = 1e-9 if rows > self.columns else 1e-5
        if rows > self.columns:
            # So few rows with the same products give the same weights.
            rows = self.columns
            root = np.sqrt(self.values)
            there = root > 1e-7 * max(float(root.max()), 1e-300)
            x = np.asfortranarray(np.sqrt(rows) * root[:, None] * self.vectors.T * scales)
            turned = self.vectors.T @ self.products
            y = np.sqrt(rows) * np.where(there, turned / np.where(there, root, 1.0), 0.0)
        else:
            root = np.sqrt(self.weights * rows)
            x = np.asfortranarray(self.x * root[:, None] * scales)
            y = self.target * root
        precompute: Any = False
        if self.columns <= 2000:
            precompute = np.ascontiguousarray(x.T @ x)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the last digits at the weakest strengths have not converged
            return np.asarray(
                enet_path(x, y, l1_ratio=mix, alphas=strengths, precompute=precompute, tol=tolerance, max_iter=20_000)[
                    1
                ].T
            )

    def refit(self, features: Iterable[int]) -> Weights:
        columns = np.flatnonzero(np.isin(self.group, list(features)))
        w = np.zeros((1, self.columns, 1))
        if len(columns):
            w[0, columns, 0] = solve_symmetric(self.gram[np.ix_(columns, columns)], self.products[columns])
        return Weights(w, np.full((1, 1), self.mean))

    def without_each(self, ridge: float) -> Weights:
        ridge = max(ridge, 1e-8)
        inverse = np.linalg.inv(self.gram + ridge * np.eye(self.columns))
        full = inverse @ self.products
        w = np.repeat(full[None], 1 + len(self.frame.features), axis=0)
        for feature in self.present:
            block = np.flatnonzero(self.group == feature)
            w[1 + feature] -= inverse[:, block] @ np.linalg.solve(inverse[np.ix_(block, block)], full[block])
            w[1 + feature, block] = 0
        return Weights(w[:, :, None], np.full((len(w), 1), self.mean))

    def measures(self, weights: Weights, rows: Rows) -> Array:
        """Mean squared error, mean absolute error."""
        x = self.design.matrix(self.frame, rows)
        predicted = x @ weights.w[:, :, 0].T + weights.b[:, 0]
        residual = self.frame.target[rows][:, None] - predicted
        share = _shares(self.frame, rows)
        return np.stack([share @ residual**2, share @ np.abs(residual)], axis=1)

    @property
    def quadratic_gram(self) -> Array:  # type: ignore[override]
        return np.asarray(self.gram)

    @property
    def quadratic_weights(self) -> Array:  # type: ignore[override]
        return self._ridge(np.full(1, 1e-7)).T

    @property
    def noise(self) -> float:  # type: ignore[override]
        w = self.quadratic_weights[:, 0]
        left = max(len(self.rows) - self.columns - 1, 1)
        residual = max(self.variance - float(w @ self.products), 1e-12 * self.variance)
        return residual / left if residual > 0 else 1.0


def joined(parts: Sequence[Weights]) -> Weights:
    """Weights of several models as those of several strengths."""
    return Weights(np.concatenate([part.w for part in parts]), np.concatenate([part.b for part in parts]))


def solve_symmetric(gram: Array, products: Array) -> Array:
    """The least-squares solution of least length, from products of columns."""
    values, vectors = np.linalg.eigh(gram)
    there = values > 1e-10 * max(float(values[-1]), 1e-300)
    shares = np.where(there, 1 / np.where(there, values, 1.0), 0.0)
    turned = vectors.T @ products
    return np.asarray(vectors @ (shares * turned if turned.ndim == 1 else shares[:, None] * turned))


def _shares(frame: Frame, rows: Rows) -> Array:
    weights = np.ones(len(rows)) if frame.weights is None else frame.weights[rows]
    return np.asarray(weights / weights.sum())


class LogisticModel(LinearModel):
    """Logistic regression of two classes, softmax regression of several: the mean log-loss."""

    STABLE = 1e-4
    """λ of the ridge penalty that keeps refits finite where columns separate the classes."""

    def __init__(self, frame: Frame, rows: Rows, scale: bool = True) -> None:
        super().__init__(frame, rows, scale)
        self.classes = len(frame.classes)
        self.labels = frame.target[rows].astype(np.intp)
        self.hot = self._hot(self.labels)
        share = np.maximum(np.bincount(self.labels, self.weights, self.classes), 1e-12)
        log = np.log(share)
        self.prior = np.array([log[1] - log[0]]) if self.outputs == 1 else log - log.mean()
        self.bound = 0.25 if self.outputs == 1 else 0.5
        self._full: Weights | None = None
        self._known: dict[tuple[bytes, float], Weights] = {}

    @property
    def outputs(self) -> int:
        return 1 if self.classes == 2 else self.classes

    def _hot(self, labels: NDArray[np.intp]) -> Array:
        return labels[:, None].astype(np.float64) if self.outputs == 1 else np.eye(self.classes)[labels]

    @property
    def null(self) -> Weights:
        return Weights(np.zeros((1, self.columns, self.outputs)), self.prior[None])

    def slope(self) -> Array:
        expected = _probabilities(self.prior[None, :, None])[:, :, 0]
        return np.asarray(self.x.T @ (self.weights[:, None] * (self.hot - expected)))

    def first_weights(self) -> Array:
        return np.asarray(np.sqrt((self.full.w[0] ** 2).sum(axis=1)))

    @property
    def full(self) -> Weights:
        """The model with all columns and a weak ridge penalty."""
        if self._full is None:
            self._full = self._newton(np.arange(self.columns), 1e-2)
        return self._full

    def path(self, penalty: PenaltyName, strengths: Array) -> Weights:
        count = len(strengths)
        zero = np.zeros(count)
        if penalty == "none":
            return self._newton(np.arange(self.columns), self.STABLE)
        scales = self.first_weights() if penalty == "adaptive_lasso" else np.ones(self.columns)
        match penalty:
            case "ridge":
                shrinkage = Shrinkage(zero, strengths, zero, self.starts)
            case "elastic_net":
                shrinkage = Shrinkage(MIX * strengths, (1 - MIX) * strengths, zero, self.starts)
            case "group_lasso":
                shrinkage = Shrinkage(zero, zero, strengths, self.starts)
            case _:
                shrinkage = Shrinkage(strengths, zero, zero, self.starts)
        x = self.x * scales
        hessian = self.bound * scales[:, None] * self.gram * scales
        shape = (self.columns, self.outputs, count)
        w = ahead_w = np.zeros(shape)
        b = ahead_b = np.repeat(self.prior[:, None], count, axis=1)
        momentum = 1.0
        for _ in range(60):
            logits = (x @ ahead_w.reshape(self.columns, -1)).reshape(len(x), self.outputs, count) + ahead_b
            gap = self.weights[:, None, None] * (_probabilities(logits) - self.hot[:, :, None])
            gradient = (x.T @ gap.reshape(len(x), -1)).reshape(shape)
            linear = (hessian @ ahead_w.reshape(self.columns, -1)).reshape(shape) - gradient
            following = minimize_quadratic(hessian, linear, shrinkage, w, 1e-4, 50)
            following_b = ahead_b - gap.sum(axis=0) / self.bound
            moved, moved_b = following - w, following_b - b
            if (((ahead_w - following) * moved).sum() + ((ahead_b - following_b) * moved_b).sum()) > 0:
                momentum = 1.0
            grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead_w, ahead_b = (
                following + (momentum - 1) / grown * moved,
                following_b + (momentum - 1) / grown * moved_b,
            )
            w, b, momentum = following, following_b, grown
            size = max(1.0, float(np.abs(w).max(initial=0)))
            if max(np.abs(moved).max(initial=0), np.abs(moved_b).max()) < 2e-4 * size:
                break
        return Weights(np.ascontiguousarray((w * scales[:, None, None]).transpose(2, 0, 1)), np.ascontiguousarray(b.T))

    def _newton(self, columns: NDArray[np.intp], ridge: float) -> Weights:
        """The model with some columns and a ridge penalty; several classes are fitted by scikit-learn."""
        key = (columns.tobytes(), ridge)
        if key not in self._known:
            self._known[key] = self._newton_steps(columns, ridge)
        return self._known[key]

    def _newton_steps(self, columns: NDArray[np.intp], ridge: float) -> Weights:
        found = self.null
        if len(columns) and self.outputs == 1:
            # Newton's method as scikit-learn's, without its checks, which take most of the time of small fits.
            x = np.column_stack([self.x[:, columns], np.ones(len(self.x))])
            penalty = np.append(np.full(len(columns), ridge), 0.0)
            w = np.append(np.zeros(len(columns)), self.prior)
            for _ in range(50):
                probability = _probabilities((x @ w)[:, None, None])[:, 0, 0]
                gradient = x.T @ (self.weights * (probability - self.labels)) + penalty * w
                spread = np.maximum(self.weights * probability * (1 - probability), 1e-12 / len(x))
                hessian = x.T @ (x * spread[:, None])
                hessian[np.diag_indices_from(hessian)] += penalty
                step = np.linalg.solve(hessian, gradient)
                # A long step from where the loss is nearly flat would overshoot.
                w = w - step * min(1.0, 5.0 / max(float(np.abs(x @ step).max()), 1e-300))
                if np.abs(gradient).max() < 1e-7:
                    break
            full = np.zeros((1, self.columns, 1))
            full[0, columns, 0] = w[:-1]
            found = Weights(full, w[-1:][None])
        elif len(columns):
            import warnings

            from sklearn.linear_model import LogisticRegression

            strength = 1 / (ridge * len(self.rows))
            # Second derivatives of many weights take longer than more steps without them.
            solver = "newton-cholesky" if len(columns) * self.outputs <= 200 else "lbfgs"
            model = LogisticRegression(C=strength, solver=solver, tol=1e-6, max_iter=200)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a fit that does not converge separates the classes
                model.fit(self.x[:, columns], self.labels, self.weights * len(self.rows))
            w = np.zeros((1, self.columns, self.outputs))
            w[0, columns] = model.coef_.T
            found = Weights(w, np.asarray(model.intercept_)[None])
        return found

    def refit(self, features: Iterable[int]) -> Weights:
        return self._newton(np.flatnonzero(np.isin(self.group, list(features))), self.STABLE)

    def without_each(self, ridge: float) -> Weights:
        ridge = max(ridge, self.STABLE)
        full = self._newton(np.arange(self.columns), ridge)
        found = [full] * (1 + len(self.frame.features))
        for feature in self.present:
            found[1 + feature] = self._newton(np.flatnonzero(self.group != feature), ridge)
        return joined(found)

    def measures(self, weights: Weights, rows: Rows) -> Array:
        """Log-loss, share of wrong classes, and Brier score: the mean squared distance of all probabilities."""
        x = self.design.matrix(self.frame, rows)
        count = len(weights.w)
        flat = weights.w.transpose(1, 2, 0).reshape(self.columns, -1)
        probability = _probabilities((x @ flat).reshape(len(x), self.outputs, count) + weights.b.T)
        if self.outputs == 1:
            probability = np.concatenate([1 - probability, probability], axis=1)
        labels = self.frame.target[rows].astype(np.intp)
        share = _shares(self.frame, rows)
        right = probability[np.arange(len(rows)), labels]
        wrong = probability.argmax(axis=1) != labels[:, None]
        brier = ((probability - np.eye(self.classes)[labels][:, :, None]) ** 2).sum(axis=1)
        return np.stack([share @ -np.log(np.maximum(right, 1e-15)), share @ wrong, share @ brier], axis=1)

    @property
    def quadratic_gram(self) -> Array:  # type: ignore[override]
        probability = _probabilities((self.x @ self.full.w[0] + self.full.b[0])[:, :, None])[:, :, 0]
        spread = (probability * (1 - probability)).mean(axis=1)
        return np.asarray(self.x.T @ (self.x * (self.weights * spread)[:, None]))

    @property
    def quadratic_weights(self) -> Array:  # type: ignore[override]
        return np.asarray(self.full.w[0])

    @property
    def noise(self) -> float:  # type: ignore[override]
        return 1 / len(self.rows)


def _probabilities(logits: Array) -> Array:
    """Probabilities [rows, outputs, strengths] of logits of that shape."""
    if logits.shape[1] == 1:
        return np.asarray(0.5 * (1 + np.tanh(logits / 2)))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def learn(frame: Frame, rows: Rows, scale: bool = True) -> LinearModel:
    """The linear model for the task of a frame, of some of its rows."""
    return SquaredModel(frame, rows, scale) if frame.task == "regression" else LogisticModel(frame, rows, scale)
