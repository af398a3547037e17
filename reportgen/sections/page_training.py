"""Trainings that a page repeats itself: the tasks of `templates/static/train.js`, which computes as `training` does."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from reportgen.datasets import task_of
from reportgen.experiment import Arm, Experiment
from reportgen.losses import losses
from reportgen.penalties import penalties
from reportgen.sections.helpers import is_curve
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

WORK = 20_000_000
"""Parameters times steps of one training in the page: a quarter of a second in a browser of 2026."""
WIDEST, DEEPEST = 16, 6
"""The most units of a layer, and the most layers of weights, of a network that a page draws as units and lines."""
RECORDS = 100


def is_repeatable(e: Experiment, *arms: Arm) -> bool:
    """True if the page can repeat the runs of these arms as they were, and draw their networks."""
    training, widths = e.training, (*e.data.shape, *e.network.hidden)
    return (
        is_curve(e)
        and task_of(e.data) == "regression"
        and max(widths) <= WIDEST
        and len(e.network.hidden) < DEEPEST
        and e.network.parameters(*e.data.shape) * e.run(0).steps <= WORK
        and training.optimizer == "sgd"
        and training.batch_size == 1
        and training.full_batch_steps == 0
        and losses[training.loss].in_page
        and e.network.dropout == 0
        and e.training.weight_decay == 0
        and e.training.early_stopping == 0
        and all(arm.penalty.in_page and not arm.own_settings for arm in arms)
    )


def common_task(run: Run) -> dict[str, Any]:
    """The part of a task that all arms share; train.js documents its keys."""
    data = run.draw()
    return {
        "widths": [run.shapes[0][0], *(outputs for _, outputs in run.shapes)],
        "activation": run.network.activation,
        "x": data.x_train[:, 0].tolist(),
        "y": data.y_train[:, 0].tolist(),
        "steps": run.steps,
        "every": -(-run.steps // RECORDS),
        "loss": run.training.loss,
        "rate": run.training.learning_rate,
        "schedule": run.training.schedule,
    }


def start_weights(run: Run) -> list[float]:
    """The initial weights and biases of all layers in the order of train.js, with the digits of float32."""
    flat = np.concatenate([part.ravel() for layer in zip(*run.initial_weights(), strict=True) for part in layer])
    return [float(f"{w:.9g}") for w in flat]


def start_task(run: Run) -> dict[str, Any]:
    """The part of a task that the seeds of a run decide: initial weights, and the order of samples."""
    order = run.order()[:, 0]
    return {
        "weights": start_weights(run),
        "order": order[: run.training_samples if run.training.order == "fixed" else None].tolist(),
    }


def arm_task(arm: Arm) -> dict[str, Any]:
    """The part of a task that an arm decides."""
    return {
        "penalty": penalties.name_of(arm.penalty),
        "strength": arm.strength,
        "step": arm.step,
        "mix": getattr(arm.penalty, "mix", 0.5),
        "color": arm.penalty.look(arm.step).color,
    }


def drawn_samples(run: Run) -> dict[str, Any]:
    """The training samples as `plots.fit` draws them."""
    data = run.draw()
    truth = data.truth and {name: part[:, 0].tolist() for name, part in zip("xy", data.truth, strict=True)}
    return {
        "x": data.x_train[:, 0].tolist(),
        "y": data.y_train[:, 0].tolist(),
        "outlier": data.outlier_train.tolist(),
        "truth": truth,
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The weights of a network at one step, for a still picture."""

    step: int
    kernels: list[list[list[float]]]
    """[layers][I][O], with four digits."""
    alive: list[list[bool]]
    """For each column of units, from the inputs to the outputs, which have weights beyond `threshold` on both sides."""


def snapshot(t: Trajectory, record: int, threshold: float) -> Snapshot:
    """The weights of one record; units with all incoming or all outgoing weights within ±threshold are not alive."""
    kernels, _ = t.at(record)
    incoming = [np.ones(kernels[0].shape[0], bool), *((np.abs(w) > threshold).any(axis=0) for w in kernels)]
    outgoing = [*((np.abs(w) > threshold).any(axis=1) for w in kernels), np.ones(kernels[-1].shape[1], bool)]
    return Snapshot(
        step=int(t.steps[record]),
        kernels=[[[float(f"{w:.4g}") for w in row] for row in kernel] for kernel in kernels],
        alive=[np.logical_and(*sides).tolist() for sides in zip(incoming, outgoing, strict=True)],
    )
