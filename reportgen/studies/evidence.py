"""Whether a column is needed: p-values of hypotheses that a feature, or a set of similar features, has no effect.

With enough rows all columns are tested in one model. With few rows the lasso selects on one half of them, and the other
half tests what was selected, many times (Meinshausen, Meier and Bühlmann, p-Values for High-Dimensional Regression,
JASA 2009). Similar features are tested together first and then alone (Meinshausen, Hierarchical Testing of Variable
Importance, Biometrika 2008; Mandozzi and Bühlmann, Hierarchical Testing in the High-Dimensional Setting, JASA 2016).
Classes are tested by linear models of their indicators.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reportgen.studies.crossvalidation import strength_curve
from reportgen.studies.models import learn
from reportgen.tables import Array, Frame
from reportgen.tables.design import Design, fit_design
from reportgen.tables.folds import Rows, clusters, halves, inner_splits
from reportgen.tables.study_settings import StudySettings

SIMILAR = 0.8
"""The correlation (for categories the canonical correlation) from which on features are tested together."""


def similar_features(frame: Frame) -> tuple[Array, NDArray[np.intp]]:
    """Correlations [features, features] in absolute value, and the cluster of each feature: features belong together
    that a chain of correlations of at least `SIMILAR` connects."""
    from scipy.sparse.csgraph import connected_components

    everything = np.arange(frame.rows)
    design = fit_design(frame, everything)
    count = len(frame.features)
    x = design.matrix(frame, everything)
    group = design.group
    # With orthonormal columns for each feature, canonical correlations are singular values of products.
    parts = [_orthonormal(x[:, group == feature]) for feature in range(count)]
    widths = [part.shape[1] for part in parts]
    ends = np.cumsum(widths)
    joined = np.hstack(parts) if count else np.zeros((frame.rows, 0))
    products = joined.T @ joined
    correlations = np.eye(count)
    for i in range(count):
        for j in range(i):
            block = products[ends[i] - widths[i] : ends[i], ends[j] - widths[j] : ends[j]]
            if block.size == 1:
                correlations[i, j] = correlations[j, i] = abs(block[0, 0])
            elif block.size:
                correlations[i, j] = correlations[j, i] = np.linalg.norm(block, 2)
    correlations = np.minimum(correlations, 1.0)
    _, of = connected_components(correlations >= SIMILAR, directed=False)
    return correlations, np.asarray(of, np.intp)


def _orthonormal(x: Array) -> Array:
    """Orthonormal columns that span those of a matrix."""
    if x.shape[1] == 1:
        return np.asarray(x / max(float(np.linalg.norm(x)), 1e-300))
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    return np.asarray(u[:, s > 1e-8 * max(float(s.max(initial=0.0)), 1e-300)])


class WaldTests:
    """Tests of features in a least-squares model of some rows, robust against unequal variances and clusters.

    The variance is that of the jackknife over clusters (HC3, if each row is one), by the residuals that each cluster
    has in the fit to the others. The usual variance is computed too, and the larger p-value counts: alone, the robust
    one is too small where few rows have most of the leverage. The reference is F with as many degrees of freedom as
    there are clusters beyond the columns.

    References:
        MacKinnon and White, Some heteroskedasticity-consistent covariance matrix estimators, J. Econometrics 1985.
        Bell and McCaffrey, Bias Reduction in Standard Errors, Survey Methodology 2002.
    """

    def __init__(self, frame: Frame, rows: Rows, features: Sequence[int], design: Design | None = None) -> None:
        design = design or fit_design(frame, rows)
        wanted = np.isin(design.group, features)
        x = design.matrix(frame, rows)[:, wanted]
        self.group = design.group[wanted]
        weights = np.ones(len(rows)) if frame.weights is None else frame.weights[rows]
        root = np.sqrt(weights / weights.mean())
        of = clusters(frame, rows)
        self.clusters = int(of.max()) + 1
        if frame.classes:
            labels = np.eye(len(frame.classes))[frame.target[rows].astype(np.intp)]
            y = labels[:, 1:] if len(frame.classes) == 2 else labels
        else:
            y = frame.target[rows][:, None]
        ones = root[:, None]
        x, y = x * ones, y * ones
        constant = ones / np.linalg.norm(ones)
        x, y = x - constant @ (constant.T @ x), y - constant @ (constant.T @ y)
        gram = x.T @ x
        values, vectors = np.linalg.eigh(gram) if gram.size else (np.zeros(0), np.zeros((0, 0)))
        there = values > 1e-10 * max(float(values.max(initial=0.0)), 1e-300)
        self.rank = int(there.sum())
        self.inverse = (vectors[:, there] / values[there]) @ vectors[:, there].T
        self.gram = gram
        self.w = self.inverse @ (x.T @ y)
        residual = y - x @ self.w
        free = max(len(rows) - 1 - self.rank, 1)
        self.variance = (residual**2).sum(axis=0) / free
        self.freedom = max(self.clusters - 1 - self.rank, 1)
        """Degrees of freedom of the reference."""
        self.scores = self._scores(x, residual, of, constant)
        self.spread = x.std(axis=0)

    def _scores(self, x: Array, residual: Array, of: NDArray[np.intp], constant: Array) -> Array:
        """The change [clusters, columns, outputs] of the weights by each cluster, from its residuals without it."""
        basis = x @ self.inverse
        if self.clusters == len(x):
            leverage = (basis * x).sum(axis=1) + constant[:, 0] ** 2
            adjusted = residual / np.maximum(1 - leverage, 1e-3)[:, None]
            return np.asarray(basis[np.argsort(of)][:, :, None] * adjusted[np.argsort(of)][:, None, :])
        scores = np.empty((self.clusters, x.shape[1], residual.shape[1]))
        for cluster in range(self.clusters):
            inside = np.flatnonzero(of == cluster)
            hat = basis[inside] @ x[inside].T + constant[inside] @ constant[inside].T
            values, vectors = np.linalg.eigh(np.eye(len(inside)) - hat)
            turned = vectors.T @ residual[inside]
            scores[cluster] = basis[inside].T @ (vectors @ (turned / np.maximum(values, 1e-3)[:, None]))
        return scores

    def _own_directions(self, columns: NDArray[np.intp]) -> Array:
        """Orthonormal directions of some columns that no other column explains: what of their effect is identified.

        An exact copy of another column has none, and the columns of a category have one less than there are levels.
        """
        others = np.setdiff1d(np.arange(len(self.gram)), columns)
        own = self.gram[np.ix_(columns, columns)]
        across = self.gram[np.ix_(others, columns)]
        left = own - across.T @ np.linalg.pinv(self.gram[np.ix_(others, others)], rcond=1e-10, hermitian=True) @ across
        values, vectors = np.linalg.eigh(left)
        return np.asarray(vectors[:, values > 1e-8 * max(float(np.linalg.eigvalsh(own)[-1]), 1e-300)])

    def p_value(self, features: Sequence[int]) -> float:
        """That none of these features has an effect on any class; 1 if the test cannot be done."""
        from scipy.stats import f as f_distribution

        columns = np.flatnonzero(np.isin(self.group, features))
        if not len(columns) or self.clusters - 1 - self.rank < 1:
            return 1.0
        classic = self.inverse[np.ix_(columns, columns)]
        directions = self._own_directions(columns)
        if not directions.shape[1]:
            return 1.0
        tested = directions.shape[1]
        least = 1.0
        for output in range(self.w.shape[1]):
            effect = directions.T @ self.w[columns, output]
            scores = self.scores[:, columns, output] @ directions
            middle = scores - scores.mean(axis=0)
            robust = middle.T @ middle * (self.clusters - 1) / self.clusters
            usual = directions.T @ classic @ directions * self.variance[output]
            p = 0.0
            for variance in (usual, robust):
                statistic = float(effect @ solve_positive(variance, effect)) / tested
                p = max(p, float(f_distribution.sf(statistic, tested, self.freedom)))
            least = min(least, p)
        return float(min(1.0, least * self.w.shape[1]))


def solve_positive(matrix: Array, vector: Array) -> Array:
    """The solution of a symmetric system; directions of no variance count as those of the least."""
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 1e-12 * max(float(values[-1]), 1e-300))
    return np.asarray(vectors @ ((vectors.T @ vector) / values))


def one_model_suffices(frame: Frame) -> bool:
    """Whether there are enough clusters of rows to test all columns in one model."""
    everything = np.arange(frame.rows)
    columns = len(fit_design(frame, everything).columns)
    return int(clusters(frame, everything).max()) + 1 >= 3 * columns + 20


def p_values(frame: Frame, of: NDArray[np.intp]) -> tuple[Array, Array]:
    """p-values of features alone [features], and of the cluster of each [features], in the model with all columns."""
    count = len(frame.features)
    tests = WaldTests(frame, np.arange(frame.rows), range(count))
    alone = np.array([tests.p_value([feature]) for feature in range(count)])
    return alone, _by_cluster(tests, of, alone)


def _by_cluster(tests: WaldTests, of: NDArray[np.intp], alone: Array) -> Array:
    together = alone.copy()
    for cluster in np.unique(of):
        members = np.flatnonzero(of == cluster)
        if len(members) > 1:
            together[members] = tests.p_value(members.tolist())
    return together


def split_p_values(frame: Frame, of: NDArray[np.intp], seed: int, number: int, folds: int) -> tuple[Array, Array]:
    """p-values as of `p_values` from one split: the lasso selects on one half, the other tests, with a factor for the
    number of tests there; 1 for what is not selected. Members of a cluster are selected together."""
    first, second = halves(frame, seed, number)
    count = len(frame.features)
    ones = np.ones(count)
    model = learn(frame, first)
    grid = model.grid("lasso", 30)
    losses = []
    for split in inner_splits(frame, first, folds, seed):
        inner = learn(frame, split.train)
        losses.append(inner.losses(inner.path("lasso", grid), split.test))
    path = model.path("lasso", grid)
    order = model.entering_order(path)
    kept = model.kept(path)[strength_curve(grid, np.array(losses)).least]
    design = fit_design(frame, second)
    widths = np.bincount(design.group, minlength=count)
    room = (int(clusters(frame, second).max()) + 1) // 3
    chosen: list[int] = []
    for feature in order[: int(kept.sum())]:
        members = [int(m) for m in np.flatnonzero(of == of[feature]) if m not in chosen]
        if widths[chosen + members].sum() > room:
            break
        chosen += members
    if not chosen:
        return ones, ones
    tests = WaldTests(frame, second, chosen, design)
    alone = ones.copy()
    alone[chosen] = [min(1.0, tests.p_value([feature]) * len(chosen)) for feature in chosen]
    together = alone.copy()
    for cluster in np.unique(of[chosen]):
        similar = np.flatnonzero(of == cluster)
        if len(similar) > 1:
            # The factor of a cluster is less, since there are fewer of them.
            together[similar] = min(1.0, tests.p_value(similar.tolist()) * len(chosen) / len(similar))
    return alone, together


def aggregate(p: Array, least: float = 0.05) -> Array:
    """One p-value for each column of `p` [splits, features]: the smallest quantile of share γ ≥ `least` divided by γ,
    times 1 − log `least`.

    References:
        Meinshausen, Meier and Bühlmann 2009, formula 2.3.
    """
    splits = len(p)
    ordered = np.sort(p, axis=0)
    shares = np.arange(1, splits + 1) / splits
    usable = shares >= least - 1e-12
    found = (ordered[usable] / shares[usable][:, None]).min(axis=0)
    return np.asarray(np.minimum(1.0, (1 - np.log(least)) * found))


def adjust(alone: Array, together: Array, of: NDArray[np.intp], factor: bool = True) -> tuple[Array, Array]:
    """p-values adjusted for the family of all features: of each alone, and of its cluster.

    A cluster with m of p features has the factor p/m, a feature the factor p, and a feature cannot be more significant
    than its cluster. The probability of any wrong rejection then is at most the level, however the tests depend on each
    other. `factor` is False for p-values that are adjusted already.
    """
    count = len(alone)
    sizes = np.bincount(of)[of] if count else np.zeros(0)
    of_cluster = np.minimum(1.0, together * (count / sizes if factor else 1.0))
    of_feature = np.maximum(of_cluster, np.minimum(1.0, alone * (count if factor else 1.0)))
    return of_feature, of_cluster


def adjusted_p_values(
    frame: Frame, settings: StudySettings, splits: int | None = None
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Adjusted p-values of features and of their clusters, and the clusters; for the whole of a frame at once."""
    of = similar_features(frame)[1]
    if one_model_suffices(frame):
        return *adjust(*p_values(frame, of), of), of
    found = [
        split_p_values(frame, of, settings.seed, number, settings.inner_folds)
        for number in range(splits or settings.splits)
    ]
    alone, together = (aggregate(np.array(part)) for part in zip(*found, strict=True))
    return *adjust(alone, together, of, factor=False), of
