"""Smaller networks made of a trained one: runs that continue from it, or begin again with its structure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reportgen.experiment import Experiment
from reportgen.sections.helpers import vary
from reportgen.sections.kinds.adjusted import compress_run
from reportgen.statistics.comparison import Values
from reportgen.statistics.compression import subnetwork
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run, Start
from reportgen.training.trajectory import Trajectory


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
    return float(np.abs(outputs - data.y_test).sum())
