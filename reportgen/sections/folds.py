"""Runs of a cross-validation, and their errors."""

from __future__ import annotations

import math

import numpy as np

from reportgen.losses import loss_of
from reportgen.sections import Trained
from reportgen.sections.helpers import vary
from reportgen.statistics.comparison import Values
from reportgen.statistics.total_error import total_errors
from reportgen.training.run import Run

FOLDS = 5


def fold_runs(run: Run) -> list[Run]:
    """One run for each fold, with as many steps as a run on all training samples; none if there are too few samples."""
    samples = run.data.training_samples
    if samples < FOLDS:
        return []
    # A batch of all samples becomes a batch of all that the largest fold leaves.
    left = samples - math.ceil(samples / FOLDS)
    if run.training.early_stopping:
        left -= math.ceil(run.training.validation * left)
    if left < 1:
        return []
    batch = {"batch_size": min(run.training.batch_size, left)}
    folds = [vary(run, fold=(k, FOLDS), training=batch) for k in range(FOLDS)]
    epochs = [max(round(run.batch_steps / (r.batch_steps / r.training.epochs)), 1) for r in folds]
    return [vary(r, training={"epochs": count}) for r, count in zip(folds, epochs, strict=True)]


def fold_errors(run: Run, trained: Trained) -> Values:
    """Mean error of each fold on its held-out samples, [folds]; NaN if there are no folds.

    The error is the first measure of the loss, per target: see `total_error`.
    """
    folds = fold_runs(run)
    if not folds:
        return np.full(FOLDS, np.nan)
    totals = total_errors(trained[r] for r in folds)
    counted = loss_of(run.training.loss).counted
    return np.array([total / counted(r.draw().y_test) for r, total in zip(folds, totals, strict=True)])
