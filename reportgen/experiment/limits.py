"""Limits of the size of an experiment, checked by arithmetic before runs are listed, drawn or trained.

The limits count the runs of the arms. Sections need more such runs, up to 33 times as many in the shipped experiments,
and a build holds the trajectories of all of them in memory; the limits leave room for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.errors import ExperimentError

if TYPE_CHECKING:
    from reportgen.experiment import Experiment

MOST_RUNS = 5_000
"""Four times as many as in the largest shipped experiment. Listing them with all sections takes seconds and a gigabyte.
A sweep may have more, since it keeps no trajectories."""
MOST_HOURS = 1_000
"""Six weeks of one processor core, for the arms alone."""
MOST_BYTES = 4e9
"""Bytes of recorded weights and of data, for the arms alone."""
MOST_DRAWN = 100_000_000
"""Run indices that a bootstrap draws, 8 bytes each."""

_SECONDS = 0.3e-9
"""Seconds for one weight, sample and update; `benchmarks/training.py` measured 0.081 µs for 261 weights."""


def check(experiment: Experiment) -> None:
    """Raise `ExperimentError`, which says what to lower, for an experiment that is too large."""
    run, arms, count = experiment.run(0), len(experiment.arms), experiment.runs.count
    runs = arms * count
    samples_seen = (run.training.epochs + run.training.full_batch_steps) * run.training_samples
    weights = max(arm.applied_to(run).network.parameters(*run.data.shape) for arm in experiment.arms)
    hours = runs * samples_seen * weights * _SECONDS / 3600
    every = run.recording.every
    # `Recording.steps` would list them.
    records = 2 + len(run.recording.at) + (run.steps // every if every else 0)
    recorded = 4.0 * runs * records * weights
    samples = run.data.training_samples + getattr(run.data, "test_samples", 0)
    data = 8.0 * samples * sum(run.data.shape) * (count if experiment.fresh_data else 1)
    total = f"{runs:,} runs, about {_number(hours)} h of one core and {_number((recorded + data) / 1e9)} GB"
    if runs > MOST_RUNS:
        problem = f"count must be at most {MOST_RUNS // arms:,} with {arms} arms ({MOST_RUNS:,} runs), got {count:,}"
    elif (resamples := experiment.comparison.resamples) * count > MOST_DRAWN:
        problem = f"resamples must be at most {MOST_DRAWN // count:,} with {count:,} runs an arm, got {resamples:,}"
    elif hours > MOST_HOURS:
        problem = f"epochs must be lower, or the network smaller: at most {MOST_HOURS:,} h of one core for all arms"
    elif data > MOST_BYTES:
        problem = f"samples must be fewer, or runs with fresh data: at most {MOST_BYTES / 1e9:g} GB of data"
    elif recorded + data > MOST_BYTES:
        problem = f"every must be higher, or runs fewer: at most {MOST_BYTES / 1e9:g} GB of recorded weights and data"
    else:
        return
    raise ExperimentError(f"{problem}; this is {total}", code="RG402")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
