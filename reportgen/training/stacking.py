"""Which runs can be trained together, and in what order they are in the stack. Nothing here computes a weight."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from reportgen.penalties import Penalty
from reportgen.training.network import RESTS_AT_ZERO
from reportgen.training.run import Run

_PADDED_UP_TO = 4096
"""The most parameters of a network that is padded to share a program: there compiling costs more than padding."""


_MAX_RUNS = 2500
"""The most runs of a group, so that tables of sample order and learning rates take some tens of megabytes."""


def groups(runs: Sequence[Run]) -> list[list[int]]:
    """Indices of the runs that one compiled program can train together, in the order the program stacks them."""
    by_program: dict[Any, dict[Any, list[int]]] = {}
    for i, run in enumerate(runs):
        by_program.setdefault(_program_key(run), {}).setdefault(recording_key(run), []).append(i)
    result = []
    for by_recording in by_program.values():
        ends_only = by_recording.pop(None, [])
        members = list(by_recording.values()) or [[]]
        # Runs that keep only their ends fit into any program; the largest one shares its compilation.
        max(members, key=len).extend(ends_only)
        for group in members:
            result += _split(sorted(group, key=lambda i: (slice_key(runs[i]), i)))
    return result


def _split(group: list[int]) -> list[list[int]]:
    """Split a group that is too large into equal parts, which need less memory and which workers can share."""
    count = -(-len(group) // _MAX_RUNS)
    ends = [len(group) * part // count for part in range(count + 1)]
    return [group[start:end] for start, end in itertools.pairwise(ends)]


def recording_key(run: Run) -> Any:
    """The same for runs that can be recorded together; None for a run that keeps only its first and last weights."""
    recording = run.recording
    return (recording, run.training_samples) if recording.every or recording.at or recording.loss else None


def _program_key(run: Run) -> Any:
    small = run.network.parameters(*run.data.shape) <= _PADDED_UP_TO
    padded = small and run.network.activation in RESTS_AT_ZERO
    t = run.training
    return (
        (len(run.shapes), run.shapes[0][0], run.shapes[-1][1]) if padded else run.shapes,
        run.network.activation,
        "adam" if t.is_adaptive else t.optimizer,
        t.momentum if t.optimizer == "momentum" else None,
        t.batch_size,
        run.steps,
        t.full_batch_steps,
        t.weight_decay > 0,
        (t.early_stopping, run.validation_samples, t.batches(run.training_samples)) if t.early_stopping else None,
    )


@lru_cache
def counts_weights(penalty: Penalty) -> bool:
    """True if padding a kernel with zeros changes the penalty, as it does if a group is weighted by its size."""
    w = np.ones((2, 2))
    return not np.allclose(penalty.cost(np.pad(w, (0, 1)), np), penalty.cost(w, np))


def slice_key(run: Run) -> str:
    """The same for runs with the same penalty, applied in the same way; empty for runs without a penalty."""
    if not run.strength:
        return ""
    return f"{run.step} {run.penalty!r} {run.shapes if counts_weights(run.penalty) else ''}"
