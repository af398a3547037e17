"""Penalties on the kernels of a network. Biases are never penalized.

The contract is `Penalty`. A kernel has an axis of inputs and an axis of outputs, named by `axes`, and may have further
axes (runs, recorded steps) anywhere else: the trainer keeps its runs where the arithmetic is fastest. `xp` is the
array library: `numpy`, or the same functions over TensorFlow (`arrays`).

Here belong formulas. How a step uses them, and which arms have them, does not.
"""

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple
from zlib import crc32

import numpy as np

from reportgen import plugins
from reportgen.registry import Registry

Axes = tuple[int, int]
"""The axes of a kernel's inputs and of its outputs."""

Step = Literal["subgradient", "proximal"]
"""How a penalty is applied: as part of the gradient, or by a proximal step after each update."""


COLORS = ("gray", "blue", "sky", "vermillion", "green", "purple", "orange")
"""Names of colors, in the order of their styles in `pictures.style`."""


class Look(NamedTuple):
    """How a kind of penalty appears in tables and pictures."""

    title: str
    color: str

    @property
    def arm(self) -> int | str:
        """The value of "arm" in the inputs of figures: the index of the color in `COLORS`, or its code."""
        return COLORS.index(self.color) if self.color in COLORS else self.color


class Penalty(ABC):
    """The contract of a penalty: its cost at strength 1, its subgradient and proximal step, its title and color."""

    title: ClassVar[str]
    """Name in tables, legends and menus; by default the words of the class name."""
    color: ClassVar[str]
    """Color in pictures: a name in `COLORS` or a code like #44aa99; by default one that follows from `title`."""
    by_gradient: ClassVar[Look | None] = None
    """Look of arms with the subgradient step; None if it is that of other arms with this penalty."""
    default_step: ClassVar[Step] = "proximal"
    """Kind of step in sections that choose it themselves; the arms of an experiment state their own."""
    place: ClassVar[int] = 100
    """Rank in lists of penalties; penalties of equal rank are sorted by title."""
    convex: ClassVar[bool] = True
    """True if `cost` is convex. Otherwise `subgradient` is valid near `w` only and `prox` may jump; see there."""
    scale_per_weight: ClassVar[bool] = False
    """True if `prox` takes a scale of its own for each weight, as the optimizer Adam needs it; see there."""
    in_page: ClassVar[bool] = False
    """True if `templates/static/train.js` computes it too, so that a reader can train with it."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "title" not in vars(cls):
            cls.title = _words(cls.__name__)
        if "color" not in vars(cls):
            cls.color = _FREE_COLORS[crc32(cls.title.encode()) % len(_FREE_COLORS)]

    @classmethod
    def look(cls, step: Step | None = None) -> Look:
        """Title and color of arms with this kind of step, by default `default_step`."""
        special = cls.by_gradient if (step or cls.default_step) == "subgradient" else None
        return special or Look(cls.title, cls.color)

    @property
    def formula(self) -> str:
        """Formula in one line for the table of arms; by default the title."""
        return self.title

    @property
    def term(self) -> str:
        """Formula as a factor beside λ, with the numbers of this penalty; by default `formula`."""
        return self.formula

    def in_keras(self, strength: float) -> str | None:
        """The Keras regularizer that adds the same to the loss; None if there is none."""
        return None

    def in_scikit_learn(self, strength: float, samples: int) -> str | None:
        """The scikit-learn model with the same minimum for one linear layer and squared loss; None if there is none."""
        return None

    @abstractmethod
    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The penalty, summed over inputs and outputs; the other axes of `w` remain."""

    @abstractmethod
    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """One element of the subdifferential of `cost`, of the shape of `w`; zero where `w` is at a kink.

        For a penalty that is not convex this is the regular subdifferential: the slopes of smooth functions that touch
        `cost` from below at `w`.
        """

    @abstractmethod
    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The z that minimizes `scale * cost(z) + sum((z - w)**2) / 2`; `scale` broadcasts against `w`.

        With `scale_per_weight`, the scale may differ between the weights of a kernel: then z minimizes
        `cost(z) + sum((z - w)**2 / (2 * scale))`. For a cost that is a sum over weights the same formula does both.

        A scale of zero returns `w` to the last bit. A penalty that is not convex may have several local minima at a
        large scale, and for some `w` several global ones: the result is one of these, and jumps to another as `w`
        passes such a point.
        """


def check_shapes(penalty: Penalty) -> None:
    """Try a penalty on a small kernel; raises `ExperimentError` if a plugin's does not return what it should."""
    with plugins.blaming(type(penalty)), np.errstate(all="ignore"):
        w = np.linspace(-1.0, 1.0, 24).reshape(2, 3, 4)
        shapes = {"cost": (2,), "subgradient": w.shape, "prox": w.shape}
        for name, shape in shapes.items():
            scales = [0.5, *([np.full(w.shape, 0.5)] if penalty.scale_per_weight else [])]
            for given in [[scale] for scale in scales] if name == "prox" else [[]]:
                found = getattr(penalty, name)(w, *given, np)
                if np.shape(found) != shape:
                    raise ValueError(f"{name} of a kernel {w.shape} must be an array {shape}, got {np.shape(found)}")


_FREE_COLORS = ("orange", "#44aa99", "#999933", "#aa4499", "#cc6677")
"""Default colors, which no penalty of the package uses."""


def _words(name: str) -> str:
    """The words of a class name: "ElasticNet" becomes "elastic net", and "SCAD" stays."""
    words = re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", name)
    return " ".join(word if len(word) > 1 and not re.search("[a-z]", word) else word.lower() for word in words)


penalties: Registry[type[Penalty]] = Registry("penalty", __name__, Penalty, has_fields=True)
