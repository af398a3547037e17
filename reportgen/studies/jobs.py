"""A study cut into independent jobs of at most some seconds, whose results are arrays that can be stored."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.studies.crossvalidation import LASSO, grids_of, learn_rows, strength_curve
from reportgen.studies.evidence import adjusted_p_values, one_model_suffices, p_values, similar_features, split_p_values
from reportgen.studies.models import LinearModel, SquaredModel, learn
from reportgen.studies.stability import first_picks
from reportgen.tables import Array, Frame
from reportgen.tables.folds import Split, inner_splits, outer_splits, shuffled_target
from reportgen.tables.study_settings import StudySettings

Arrays = dict[str, NDArray[Any]]

SHUFFLED_SPLITS = 10
"""Splits for the test on a shuffled target, where one model does not suffice."""


@dataclass(frozen=True, order=True)
class Job:
    """A part of a study that needs no other part."""

    kind: str
    """One of "whole", "outer", "half", "split" and "shuffle"."""
    number: int


def plan(frame: Frame, settings: StudySettings) -> list[Job]:
    """The jobs of a study, the longest first. Raises `DataError` if the rows cannot be divided into folds."""
    if not frame.features:
        raise DataError(f"{frame.name}: there is no column to predict {frame.target_name!r} from; give one a role")
    outer = splits_of(frame, settings)
    for split in outer:
        inner_splits(frame, split.train, settings.inner_folds, settings.seed)
    counts = {
        "whole": 1,
        "outer": len(outer),
        "shuffle": settings.shuffles,
        "split": 0 if one_model_suffices(frame) else settings.splits,
        "half": settings.subsamples,
    }
    return [Job(kind, number) for kind, count in counts.items() for number in range(count)]


def splits_of(frame: Frame, settings: StudySettings) -> tuple[Split, ...]:
    """The outer splits of a study."""
    return outer_splits(frame, settings.folds, settings.repetitions, settings.seed)


def run_job(frame: Frame, settings: StudySettings, job: Job) -> Arrays:
    """The results of one job; the same on every call. The process computes on one thread meanwhile."""
    with _one_thread():
        match job.kind:
            case "whole":
                return _whole(frame, settings)
            case "outer":
                return _outer(frame, settings, splits_of(frame, settings)[job.number])
            case "half":
                return {"picks": first_picks(frame, settings.seed, job.number)}
            case "split":
                of = similar_features(frame)[1]
                alone, together = split_p_values(frame, of, settings.seed, job.number, settings.inner_folds)
                return {"alone": alone, "together": together}
            case "shuffle":
                return _shuffle(frame, settings, job.number)
    raise ValueError(f"unknown kind of job {job.kind!r}")


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Jobs run in parallel processes, which would otherwise compete with each other's threads."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Columns that repeat others end a path of LARS early; the grid of strengths has the rest.
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _outer(frame: Frame, settings: StudySettings, split: Split) -> Arrays:
    """Errors on the test rows of one outer split, of everything that its training rows teach."""
    learned = learn_rows(frame, split.train, settings)
    model, test = learned.model, split.test
    return {
        "measures": np.array([model.measures(fitted, test) for fitted in learned.fitted]),
        "kept": np.array([model.kept(fitted) for fitted in learned.fitted]),
        "strengths": np.array([curve.strengths[list(curve.chosen)] for curve in learned.curves]),
        "reference": np.array(learned.reference),
        "null": model.measures(model.null, test)[0],
        "sizes": learned.sizes,
        "by_size": model.measures(learned.by_size, test),
        "order": learned.order,
        "sets": learned.sets,
        "without": model.losses(learned.without, test),
        "rows": np.array([len(split.train), len(test)]),
    }


def _whole(frame: Frame, settings: StudySettings) -> Arrays:
    """What all rows give: curves over λ, the path, the order of columns, and p-values."""
    everything = np.arange(frame.rows)
    learned = learn_rows(frame, everything, settings)
    model = learned.model
    grid = learned.curves[LASSO].strengths
    strengths, knots = _knots(model, grid)
    path = model.path("lasso", strengths)
    correlations, of = similar_features(frame)
    curve = learned.curves[LASSO]
    found: Arrays = {
        "strengths": np.array([c.strengths[list(c.chosen)] for c in learned.curves]),
        "chosen": np.array([c.chosen for c in learned.curves]),
        "counts": np.array([len(c.strengths) for c in learned.curves]),
        "curve": np.stack([curve.strengths, curve.means, curve.errors]),
        "curve_kept": model.kept(model.path("lasso", grid)),
        "path_strengths": strengths,
        "path_w": path.w,
        "path_b": path.b,
        "knots": knots,
        "order": learned.order,
        "sets": learned.sets,
        "sizes": learned.sizes,
        "size_losses": learned.size_losses,
        "correlations": correlations,
        "clusters": of,
    }
    if one_model_suffices(frame):
        found["alone"], found["together"] = p_values(frame, of)
    return found


def _knots(model: LinearModel, grid: Array) -> tuple[Array, Array]:
    """Strengths of the path, and its knots [knots, 3]: strength, column, 1 if it enters and 0 if it leaves."""
    if isinstance(model, SquaredModel) and 0 < model.columns <= 200:
        from sklearn.linear_model import lars_path_gram

        rows = len(model.rows)
        most = min(model.columns, rows - 1)
        strengths, _, w = lars_path_gram(
            model.products * rows, model.gram * rows, n_samples=rows, method="lasso", max_iter=8 * most
        )
        there = strengths >= min(grid[-1], strengths[0])
        joined = np.unique(np.concatenate([grid, strengths[there]]))[::-1]
        active = w.T != 0
        # A column that enters is still zero at its knot; one that leaves is zero there again.
        knots = [
            (strengths[index if active[index + 1, column] else index + 1], column, float(active[index + 1, column]))
            for index in range(len(strengths) - 1)
            for column in np.flatnonzero(active[index + 1] != active[index])
        ]
        return joined, np.array(knots).reshape(-1, 3)
    kept = (model.path("lasso", grid).w != 0).any(axis=2)
    changes = np.diff(kept.astype(int), axis=0, prepend=0)
    knots = [(grid[index], column, float(changes[index, column] > 0)) for index, column in np.argwhere(changes)]
    return grid, np.array(knots).reshape(-1, 3)


def _shuffle(frame: Frame, settings: StudySettings, number: int) -> Arrays:
    """How many features the lasso keeps, and how many the test calls needed, with a shuffled target."""
    shuffled = dataclasses.replace(frame, target=shuffled_target(frame, settings.seed, number))
    everything = np.arange(frame.rows)
    model = learn(shuffled, everything)
    grid = grids_of(model)["lasso"]
    losses = []
    for split in inner_splits(shuffled, everything, settings.inner_folds, settings.seed):
        inner = learn(shuffled, split.train)
        losses.append(inner.losses(inner.path("lasso", grid), split.test))
    kept = model.kept(model.path("lasso", grid))[strength_curve(grid, np.array(losses)).least]
    p, p_cluster, of = adjusted_p_values(shuffled, settings, min(SHUFFLED_SPLITS, settings.splits))
    return {"by_lasso": np.array(int(kept.sum())), "needed": np.array(count_needed(p, p_cluster, of, settings))}


def level_of(settings: StudySettings) -> float:
    """The probability that any column is wrongly called needed: 2.5 % with intervals of 95 %.

    The other half of the 5 % is a reserve: with skewed targets, tests keep their level only approximately.
    """
    return (1 - settings.confidence) / 2


def count_needed(p: Array, p_cluster: Array, of: NDArray[np.intp], settings: StudySettings) -> int:
    """Features that are needed, and sets of similar features of which one is."""
    level = level_of(settings)
    together = {int(of[i]) for i in np.flatnonzero(p_cluster <= level)} - {
        int(of[i]) for i in np.flatnonzero(p <= level)
    }
    return int((p <= level).sum()) + len(together)
