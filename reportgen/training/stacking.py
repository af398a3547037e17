"""Which runs can be trained together, and in what order they lie in the stack. Nothing here computes a weight."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from reportgen.penalties import Penalty
from reportgen.training.network import RESTS_AT_ZERO
from reportgen.training.run import Recording, Run

_PADDED_UP_TO = 4096
"""Networks of at most this many parameters are padded to share a program: compiling costs more than the padding."""


_RUNS_A_CALL = 2500
"""Keeps the tables of sample order and learning rates to some tens of megabytes."""


def groups(runs: Sequence[Run]) -> list[list[int]]:
    """Indices of the runs that one compiled program can train together, in the order the program stacks them."""
    by_program: dict[Any, dict[Any, list[int]]] = {}
    for i, run in enumerate(runs):
        by_program.setdefault(_program_key(run), {}).setdefault(recording_key(run), []).append(i)
    together = []
    for by_recording in by_program.values():
        ends_only = by_recording.pop(None, [])
        members = list(by_recording.values()) or [[]]
        # Runs that keep only their ends fit into any program; the largest one shares its compilation.
        max(members, key=len).extend(ends_only)
        for group in members:
            together += _parts(sorted(group, key=lambda i: (slice_key(runs[i]), i)))
    return together


def _parts(group: list[int]) -> list[list[int]]:
    """Equal parts of a group that is too large: by parts it also needs less memory, and workers share it."""
    count = -(-len(group) // _RUNS_A_CALL)
    ends = [len(group) * part // count for part in range(count + 1)]
    return [group[start:end] for start, end in itertools.pairwise(ends)]


ENDS_ONLY = Recording(every=None, loss=False)
"""For runs of which only the outcome counts."""


def recording_key(run: Run) -> Any:
    """What is recorded along the way; None for a run that keeps only its first and last weights."""
    wanted = run.recording
    return (wanted, run.training_samples) if wanted.every or wanted.at or wanted.loss else None


def _program_key(run: Run) -> Any:
    small = run.network.parameters(*run.data.shape) <= _PADDED_UP_TO
    padded = small and run.network.activation in RESTS_AT_ZERO
    t = run.training
    return (
        (len(run.shapes), run.shapes[0][0], run.shapes[-1][1]) if padded else run.shapes,
        run.network.activation,
        t.optimizer,
        t.momentum if t.optimizer == "momentum" else None,
        t.batch_size,
        run.steps,
    )


@lru_cache
def counts_weights(penalty: Penalty) -> bool:
    """Whether zeros beside a kernel change the penalty, as they do where a group is weighted by its size."""
    w = np.ones((2, 2))
    return not np.allclose(penalty.cost(np.pad(w, (0, 1)), np), penalty.cost(w, np))


def slice_key(run: Run) -> str:
    """Equal for runs to which the same penalty is applied in the same way; empty for runs without one."""
    if not run.strength:
        return ""
    return f"{run.step} {run.penalty!r} {run.shapes if counts_weights(run.penalty) else ''}"
