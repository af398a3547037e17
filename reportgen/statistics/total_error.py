"""Errors of trained networks, and summaries of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reportgen.losses import Loss, loss_of
from reportgen.statistics.comparison import Values, interquartile_mean
from reportgen.training.trajectory import Trajectory


def total_error(trajectory: Trajectory, record: int = -1) -> float:
    """Sum of the errors of the test samples; NaN for a run that diverged.

    The error of a sample is the first measure of the run's loss: |prediction − target|, or for classes the log-loss.
    """
    if trajectory.diverged is not None:
        return float("nan")
    data = trajectory.run.draw()
    return float(loss_in(trajectory).errors(trajectory.predict(data.x_test, record), data.y_test).sum())


def total_errors(trajectories: Iterable[Trajectory]) -> Values:
    """`total_error` of each run, [runs]."""
    return np.array([total_error(trajectory) for trajectory in trajectories])


def mean_measures(trajectory: Trajectory, record: int = -1) -> dict[str, float]:
    """The mean of each measure of the run's loss over the test samples, by title; NaN for a run that diverged.

    For classes these are log-loss, error rate and Brier score.
    """
    measures, data = loss_in(trajectory).measures, trajectory.run.draw()
    if trajectory.diverged is not None:
        return dict.fromkeys((measure.title for measure in measures), float("nan"))
    outputs = trajectory.predict(data.x_test, record)
    return {measure.title: float(measure.of(outputs, data.y_test).mean()) for measure in measures}


def loss_in(trajectory: Trajectory) -> Loss:
    """The loss that a network was trained with."""
    return loss_of(trajectory.run.training.loss)


def fitted_line(trajectory: Trajectory, record: int = -1) -> tuple[float, float]:
    """(slope, intercept) of a network of one input and one output between x = 0 and x = 1.

    For a network without activations that is the whole function.
    """
    at_zero, at_one = trajectory.predict(np.array([[0.0], [1.0]]), record)[:, 0]
    return float(at_one - at_zero), float(at_zero)


JITTER_RECORDS = 10
"""Number of records at the end of a run over which `jitter` is measured."""


def jitter(trajectory: Trajectory) -> float:
    """Standard deviation of the total error over the last records of one run."""
    count = len(trajectory.steps)
    errors = [total_error(trajectory, record) for record in range(max(count - JITTER_RECORDS, 0), count)]
    return float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0


def summarize(values: Values) -> dict[str, float]:
    """Summary statistics of the finite values: count, median, interquartile mean, mean, quartiles and extremes."""
    values = values[np.isfinite(values)]
    if not len(values):
        return dict.fromkeys(("median", "iqm", "mean", "q1", "q3", "min", "max"), float("nan")) | {"count": 0}
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        "count": len(values),
        "median": float(median),
        "iqm": interquartile_mean(values),
        "mean": float(values.mean()),
        "q1": float(q1),
        "q3": float(q3),
        "min": float(values.min()),
        "max": float(values.max()),
    }
