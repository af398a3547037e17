"""Losses: what training makes small, and how the errors of a trained network are measured, one file each.

The contract is `Loss`. Outputs and targets have an axis of outputs, `axis`, and may have further axes (runs, samples)
anywhere else. `xp` is the array library: `numpy`, or the same functions over TensorFlow (`penalties._arrays`).

Formulas belong here. How a step uses them belongs to `training`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from reportgen.registry import Registry
from reportgen.tables import Task

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measure:
    """A way to measure the errors of a trained network."""

    title: str
    """Such as "log-loss"."""
    definition: str
    """What it is for one sample, to stand after "the sum of" or "the mean of": "−ln of the probability …"."""
    unit: str
    """The unit of the measure of one sample; "" for a number without one."""
    of: Callable[[Array, Array], Array]
    """Outputs and targets [..., B, O] to the measure of each sample [..., B]."""


class Loss(ABC):
    """The contract of a loss: value and derivative, what the outputs predict, and the measures that go with it."""

    title: ClassVar[str]
    """Name in tables and sentences, such as "absolute error"."""
    short: ClassVar[str]
    """Name in menus and labels of pictures, such as "absolute"."""
    formula: ClassVar[str]
    """Formula in one line, of a residual r, or of an output z and a target y."""
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    """The tasks whose targets it takes: numbers ("regression"), 0 or 1 ("binary"), one-hot columns ("classes")."""
    place: ClassVar[int] = 100
    """Rank in lists of losses; losses of equal rank are sorted by name."""
    in_page: ClassVar[bool] = False
    """True if `templates/static/train.js` computes it too, so that a reader can train with it."""
    in_keras: ClassVar[str] = ""
    """The Keras loss that is the same, as an expression; "" if there is none."""

    @property
    @abstractmethod
    def measures(self) -> Sequence[Measure]:
        """The measures that go with it. Total errors, and every comparison of arms, are sums of the first one."""

    @abstractmethod
    def value(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        """Parts of the loss, of the shape of `outputs`. Their mean over the outputs is the loss of a sample."""

    @abstractmethod
    def derivative(self, outputs: Any, targets: Any, xp: Any, axis: int = -1) -> Any:
        """Parts of the derivative: how a sample's sum of `value` over the outputs changes with each output."""

    def prediction(self, outputs: Any, xp: Any, axis: int = -1) -> Any:
        """What outputs predict, of their shape: the targets themselves, or probabilities of classes."""
        return outputs

    def errors(self, outputs: Array, targets: Array) -> Array:
        """The first measure of each sample, [..., B], of outputs and targets [..., B, O]."""
        return self.measures[0].of(outputs, targets)

    def counted(self, targets: Array) -> int:
        """Number of terms that a total error on targets [B, O] is the sum of: each number, but each class only once."""
        return targets.size if "regression" in self.tasks else len(targets)


losses: Registry[type[Loss]] = Registry("loss", __name__, Loss)


def loss_of(name: str) -> Loss:
    """The loss that is registered under `name`."""
    return losses[name]()


def names_in_order() -> tuple[str, ...]:
    """The names of all losses, in the order of their `place`; imports none."""
    return tuple(sorted(losses.names(), key=lambda name: (losses.stated(name, "place") or Loss.place, name)))


def fitting(task: Task) -> tuple[str, ...]:
    """The names of the losses for the targets of a task."""
    return tuple(name for name in names_in_order() if task in losses[name].tasks)


def _check_name(name: str) -> str:
    if name not in losses.names():
        expected = [f"'{known}'" for known in names_in_order()]
        listed = f"{', '.join(expected[:-1])} or {expected[-1]}"
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": listed})
    return name


class _NamesAtLast(WithJsonSchema):
    """The JSON Schema of a name, with the losses that are known when it is asked for."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {"enum": list(names_in_order()), "type": "string"}


LossName = Annotated[str, AfterValidator(_check_name), _NamesAtLast({})]
"""The name of a registered loss."""
