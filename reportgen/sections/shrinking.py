"""Smaller networks made of a trained one: runs that continue from it, or begin again with its structure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.sections.helpers import arm_threshold, vary
from reportgen.statistics.comparison import Values
from reportgen.statistics.compression import Compressed, compress, subnetwork
from reportgen.statistics.total_error import loss_in
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run, Start
from reportgen.training.trajectory import Trajectory


def dead_band(e: Experiment, arm: Arm | Run) -> float:
    """The largest weight that counts as zero after a training: η·λ after gradient steps, 0 after proximal ones."""
    if arm.step == "proximal":
        return 0.0
    return arm_threshold(e, arm) if isinstance(arm, Arm) else arm.training.learning_rate * arm.strength


def compress_run(e: Experiment, t: Trajectory) -> tuple[Compressed, float]:
    """A run without its dead units, and its certificate: the largest change of an output for inputs among the data."""
    kernels, biases = t.at(-1)
    small = compress(kernels, biases, dead_band(e, t.run), t.run.network.activation)
    x = t.run.draw().x_train
    if x.shape[1] == 1:
        dense = np.linspace(x.min(), x.max(), 1001)[:, None]
    else:
        # Many inputs have no dense grid: random samples of the range of the training inputs instead.
        dense = np.random.default_rng(0).uniform(x.min(axis=0), x.max(axis=0), (1001, x.shape[1]))
    return small, small.largest_change(kernels, biases, dense, t.run.network.activation)


def smaller_runs(e: Experiment, t: Trajectory) -> dict[str, Run]:
    """The runs that follow a finished one, by way. All record only their ends.

    "tuned" and "longer" train on for as long again, without the dead units and with them. "original" and "random" begin
    again without those units, from the initial weights that the others had and from other ones.
    """
    small, _ = compress_run(e, t)
    as_before = {"recording": Recording.ENDS_ONLY}
    structure = {"network": {"hidden": small.hidden}, **as_before}
    original = subnetwork(*t.run.initial_weights(), small.kept)
    runs = {
        "tuned": vary(t.run, start=Start.from_arrays(small.kernels, small.biases), **structure),
        "original": vary(t.run, start=Start.from_arrays(*original), **structure),
        "longer": vary(t.run, start=Start.from_arrays(*t.at(-1)), **as_before),
    }
    # One start for each run: several of one structure would not be independent.
    return {**runs, "random": vary(runs["original"], start=None, init_seed=t.run.init_seed + 100_000)}


def compressed_errors(e: Experiment, trajectories: Iterable[Trajectory]) -> Values:
    """`total_error` of each run without its dead units, [runs]; NaN for a run that diverged."""
    return np.array([_compressed_error(e, t) if t.diverged is None else np.nan for t in trajectories])


def _compressed_error(e: Experiment, t: Trajectory) -> float:
    small, _ = compress_run(e, t)
    data = t.run.draw()
    outputs = forward(small.kernels, small.biases, data.x_test, t.run.network.activation)
    return float(loss_in(t).errors(outputs, data.y_test).sum())
