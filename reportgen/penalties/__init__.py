"""Penalties on the kernels of a network. Biases are never penalised.

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
"""Where a kernel keeps its inputs and its outputs."""

Step = Literal["subgradient", "proximal"]
"""How a penalty works: part of the gradient, or a proximal step after each update."""


COLORS = ("grey", "blue", "sky", "vermillion", "green", "purple", "orange")
"""Names of colors, in the order of their styles in `figures.style`."""


class Look(NamedTuple):
    """How a kind of penalty appears in tables and pictures."""

    title: str
    color: str

    @property
    def arm(self) -> int | str:
        """What figures take as "arm": the number of the color in `COLORS`, or its code."""
        return COLORS.index(self.color) if self.color in COLORS else self.color


class Penalty(ABC):
    """How much a kernel costs at strength 1, the two ways to push it down, and what the article calls it."""

    title: ClassVar[str]
    """Name in tables, legends and menus; by default the words of the class name."""
    color: ClassVar[str]
    """Color in pictures: a name in `COLORS` or a code like #44aa99; by default one that follows from `title`."""
    proximal: ClassVar[Look | None] = None
    """Look of its arms by proximal step, for a penalty whose arms differ by the kind of step."""
    default_step: ClassVar[Step] = "proximal"
    """Kind of step in sections that choose it themselves; the arms of an experiment state their own."""
    place: ClassVar[int] = 100
    """Rank in lists of penalties; those of one rank follow each other by title."""
    convex: ClassVar[bool] = True
    """Whether `cost` is convex. If not, `subgradient` holds near `w` only and `prox` may jump; see there."""
    in_page: ClassVar[bool] = False
    """Whether `templates/static/train.js` computes it too, so that a reader can train with it."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "title" not in vars(cls):
            cls.title = _words(cls.__name__)
        if "color" not in vars(cls):
            cls.color = _FREE_COLORS[crc32(cls.title.encode()) % len(_FREE_COLORS)]

    @classmethod
    def look(cls, step: Step | None = None) -> Look:
        """Title and color of arms with this kind of step, by default `default_step`."""
        special = cls.proximal if (step or cls.default_step) == "proximal" else None
        return special or Look(cls.title, cls.color)

    @property
    def formula(self) -> str:
        """Formula in one line, as in the table of arms; the title unless given."""
        return self.title

    @property
    def term(self) -> str:
        """Formula as a factor beside λ, with the numbers of this penalty; `formula` unless given."""
        return self.formula

    def in_keras(self, strength: float) -> str | None:
        """The regularizer of Keras that adds the same to the loss; None where there is none."""
        return None

    def in_scikit_learn(self, strength: float, samples: int) -> str | None:
        """The model of scikit-learn with the same minimum for one linear layer and the squared loss; None if none."""
        return None

    @abstractmethod
    def cost(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The penalty, summed over inputs and outputs; the other axes of `w` remain."""

    @abstractmethod
    def subgradient(self, w: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """One element of the subdifferential of `cost`, of the shape of `w`; zero where `w` sits at a kink.

        For a penalty that is not convex this is the regular subdifferential: the slopes of smooth functions that touch
        `cost` from below at `w`.
        """

    @abstractmethod
    def prox(self, w: Any, scale: Any, xp: Any, axes: Axes = (-2, -1)) -> Any:
        """The z that minimises `scale * cost(z) + sum((z - w)**2) / 2`; `scale` broadcasts against `w`.

        A scale of zero returns `w` to the last bit. For a penalty that is not convex and a large scale there are
        several local minima, and for some `w` several least ones: the result is one of the least, and jumps from one
        to another as `w` passes such a place.
        """


def check_shapes(penalty: Penalty) -> None:
    """Try a penalty on a small kernel; raises `ExperimentError` if a plugin's does not return what it should."""
    with plugins.blamed(type(penalty)), np.errstate(all="ignore"):
        w = np.linspace(-1.0, 1.0, 24).reshape(2, 3, 4)
        shapes = {"cost": (2,), "subgradient": w.shape, "prox": w.shape}
        for name, shape in shapes.items():
            found = getattr(penalty, name)(w, *([0.5] if name == "prox" else []), np)
            if np.shape(found) != shape:
                raise ValueError(f"{name} of a kernel {w.shape} must be an array {shape}, got {np.shape(found)}")


_FREE_COLORS = ("orange", "#44aa99", "#999933", "#aa4499", "#cc6677")
"""Colors that no penalty of the package has."""


def _words(name: str) -> str:
    """The words of a class name: "ElasticNet" becomes "elastic net", and "SCAD" stays."""
    words = re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", name)
    return " ".join(word if len(word) > 1 and not re.search("[a-z]", word) else word.lower() for word in words)


penalties: Registry[type[Penalty]] = Registry("penalty", __name__, Penalty, has_fields=True)
