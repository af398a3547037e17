"""Choice of λ and of the number of columns by inner folds, and what it costs in error on rows that took no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.statistics.tuning import choose_strength
from reportgen.studies.models import LinearModel, Mask, PenaltyName, Weights, joined, learn
from reportgen.tables import Array, Frame
from reportgen.tables.folds import Rows, Split, inner_splits
from reportgen.tables.study_settings import StudySettings


@dataclass(frozen=True)
class Candidate:
    """A way to fit: a penalty, and whether the model is learned anew without it on the columns that it kept."""

    penalty: PenaltyName
    refitted: bool = False


CANDIDATES = (
    Candidate("none"),
    Candidate("ridge"),
    Candidate("lasso"),
    Candidate("elastic_net"),
    Candidate("group_lasso"),
    Candidate("adaptive_lasso"),
    Candidate("lasso", refitted=True),
    Candidate("elastic_net", refitted=True),
    Candidate("group_lasso", refitted=True),
    Candidate("adaptive_lasso", refitted=True),
)
LASSO, LASSO_REFITTED = 2, 6
STRENGTHS = 50
CLASS_STRENGTHS = 16
"""Fewer, since each takes longer."""


def penalties_of(model: LinearModel) -> tuple[PenaltyName, ...]:
    """The penalties that differ: where each feature is one weight, the group lasso is the lasso."""
    every: tuple[PenaltyName, ...] = ("none", "ridge", "lasso", "elastic_net", "group_lasso", "adaptive_lasso")
    return tuple(p for p in every if p != "group_lasso" or not model.lasso_is_grouped)


def fits(model: LinearModel, grids: dict[PenaltyName, Array]) -> list[Weights]:
    """The weights of every candidate at the strengths of its grid."""
    paths = {penalty: model.path(penalty, grids[penalty]) for penalty in penalties_of(model)}
    refits: dict[PenaltyName, Weights] = {}
    found = []
    for candidate in CANDIDATES:
        penalty = candidate.penalty if candidate.penalty in paths else "lasso"
        if not candidate.refitted:
            found.append(paths[penalty])
        else:
            if penalty not in refits:
                refits[penalty] = model.refit_each(paths[penalty])
            found.append(refits[penalty])
    return found


def grids_of(model: LinearModel, count: int | None = None) -> dict[PenaltyName, Array]:
    """Descending strengths for each penalty."""
    count = count or (CLASS_STRENGTHS if model.frame.classes else STRENGTHS)
    grids = {penalty: model.grid(penalty, count) for penalty in penalties_of(model)}
    grids.setdefault("group_lasso", grids["lasso"])
    return grids


@dataclass(frozen=True, eq=False)
class StrengthCurve:
    """Errors of inner folds over descending strengths, and the two choices by them."""

    strengths: Array
    means: Array
    errors: Array
    """Standard errors of the means over folds."""
    least: int
    """Index of the least mean."""
    simplest: int
    """Index of the largest strength whose mean is within one standard error of the least."""

    @property
    def chosen(self) -> tuple[int, int]:
        """Both choices."""
        return self.least, self.simplest


def strength_curve(strengths: Array, losses: Array) -> StrengthCurve:
    """Choose by errors [folds, strengths]; strengths descend."""
    choice = choose_strength(losses.T[::-1])
    last = len(strengths) - 1
    return StrengthCurve(
        strengths, choice.means[::-1], choice.errors[::-1], last - choice.least, last - choice.simplest
    )


def strength_curves(
    frame: Frame, splits: Sequence[Split], grids: dict[PenaltyName, Array], scale: bool = True
) -> list[StrengthCurve]:
    """The curve of each candidate over inner splits."""
    losses: list[list[Array]] = [[] for _ in CANDIDATES]
    for split in splits:
        model = learn(frame, split.train, scale)
        for of_candidate, weights in zip(losses, fits(model, grids), strict=True):
            of_candidate.append(model.losses(weights, split.test))
    return [
        strength_curve(grids[candidate.penalty], np.array(found))
        for candidate, found in zip(CANDIDATES, losses, strict=True)
    ]


def sizes_to_try(frame: Frame, rows: int) -> NDArray[np.intp]:
    """Numbers of columns that are tried: all up to a few, then ever fewer; no more than a third of the rows."""
    most = min(len(frame.features), max(rows // 3, 1))
    dense = 60 if frame.task == "regression" else 10
    sizes = np.unique(np.concatenate([np.arange(min(dense, most) + 1), np.geomspace(1, most, 20).round()])).astype(
        np.intp
    )
    return np.asarray(sizes[sizes <= most])


def column_order(model: LinearModel, lasso: Weights) -> NDArray[np.intp]:
    """Features from the most to the least needed: by backward elimination; if rows are few, by the lasso."""
    if len(model.rows) >= 2 * model.columns:
        return model.elimination_order()
    return model.entering_order(lasso)


def sets_by_size(model: LinearModel, order: NDArray[np.intp], sizes: NDArray[np.intp]) -> Mask:
    """The features [sizes, features] of the best model of each size on the rows of `model`.

    Of few features every set is tried; of more, the sets are the beginnings of `order`.
    """
    sets = np.zeros((len(sizes), len(model.frame.features)), bool)
    for kept, size in zip(sets, sizes, strict=True):
        kept[order[:size]] = True
    best = model.best_sets()
    for kept, size in zip(sets, sizes.tolist(), strict=True):
        if size in best:
            kept[:] = False
            kept[list(best[size])] = True
    return sets


def fits_by_size(model: LinearModel, sets: Mask) -> Weights:
    """Models learned without a penalty on sets [sizes, features]."""
    return joined([model.refit(np.flatnonzero(kept)) if kept.any() else model.null for kept in sets])


@dataclass(frozen=True, eq=False)
class Learned:
    """Everything that is learned from the training rows of a fold; see `learn_rows`."""

    model: LinearModel
    curves: list[StrengthCurve]
    fitted: list[Weights]
    """The weights of each candidate, at its least and its simplest strength."""
    reference: int
    """The candidate with the least inner error."""
    sizes: NDArray[np.intp]
    size_losses: Array
    """Mean inner error by size."""
    order: NDArray[np.intp]
    """Features from the most to the least needed."""
    sets: Mask
    """For each size the set [sizes, features] of at most so many columns that is best by the inner folds."""
    by_size: Weights
    """The models of these sets."""
    without: Weights
    """Ridge regression with all columns, and then without each of them."""

    def arrays(self) -> dict[str, Array]:
        """All of it as arrays, to see whether it depends on something."""
        return {
            "center": np.array([column.center for column in self.model.design.columns]),
            "scale": np.array([column.scale for column in self.model.design.columns]),
            "level": np.array([column.level for column in self.model.design.columns]),
            "null": self.model.null.b,
            "strengths": np.concatenate([curve.strengths for curve in self.curves]),
            "curves": np.concatenate([curve.means for curve in self.curves]),
            "chosen": np.array([curve.chosen for curve in self.curves], np.float64),
            "weights": np.concatenate([fitted.w.ravel() for fitted in self.fitted]),
            "reference": np.array([self.reference], np.float64),
            "size_losses": self.size_losses,
            "order": self.order.astype(np.float64),
            "sets": self.sets.astype(np.float64),
            "by_size": self.by_size.w.ravel(),
            "without": self.without.w.ravel(),
        }


def learn_rows(frame: Frame, rows: Rows, settings: StudySettings) -> Learned:
    """Choose and fit every candidate, and the best model of each size, on some rows; no other row is used."""
    splits = inner_splits(frame, rows, settings.inner_folds, settings.seed)
    model = learn(frame, rows)
    grids = grids_of(model)
    sizes = sizes_to_try(frame, min(len(split.train) for split in splits))
    losses: list[list[Array]] = [[] for _ in CANDIDATES]
    size_losses = []
    for split in splits:
        inner = learn(frame, split.train)
        found = fits(inner, grids)
        for of_candidate, weights in zip(losses, found, strict=True):
            of_candidate.append(inner.losses(weights, split.test))
        by_size = fits_by_size(inner, sets_by_size(inner, column_order(inner, found[LASSO]), sizes))
        size_losses.append(inner.losses(by_size, split.test))
    curves = [strength_curve(grids[c.penalty], np.array(found)) for c, found in zip(CANDIDATES, losses, strict=True)]
    paths = fits(model, grids)
    fitted = [weights[list(curve.chosen)] for weights, curve in zip(paths, curves, strict=True)]
    reference = int(np.argmin([curve.means[curve.least] for curve in curves]))
    mean_by_size = np.mean(size_losses, axis=0)
    order = column_order(model, paths[LASSO])
    best = [int(mean_by_size[: index + 1].argmin()) for index in range(len(sizes))]
    sets = sets_by_size(model, order, sizes)[best]
    by_size = fits_by_size(model, sets)
    ridge = curves[1].strengths[curves[1].least]
    return Learned(
        model, curves, fitted, reference, sizes, mean_by_size, order, sets, by_size, model.without_each(float(ridge))
    )
