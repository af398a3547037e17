"""The settings of animations: the table [animation] of an experiment file, and the options of `reportgen animate`."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from reportgen.errors import ExperimentError
from reportgen.experiment.site_settings import contrast
from reportgen.values import Label, checked

Theme = Literal["light", "dark"]

HexColor = Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")]
"""A color like "#0072b2"; empty for that of the theme."""

ArmColor = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

Pixels = Annotated[int, Field(ge=160, le=3840)]
"""Pixels along a side; 3840 is the width of a 4K screen."""

Word = Annotated[Label, Field(min_length=1, max_length=40)]

PAPER = {"light": "#ffffff", "dark": "#14171c"}
INK = {"light": "#1f2328", "dark": "#e6e9ed"}
"""Colors of the background and of the text of each theme, as in `pictures.style`."""

_LEAST_CONTRAST = 4.5
"""The least contrast of text in WCAG 2.2, success criterion 1.4.3."""
_LEAST_OF_MARKS = 1.5
"""Below this contrast a line or a cell can hardly be seen on the paper."""


@checked
class AnimationColors:
    """Colors in animations, like "#0072b2"; those of the theme by default."""

    paper: HexColor = ""
    """The background, and the color of a weight of zero."""
    ink: HexColor = ""
    """Text and lines."""
    positive: HexColor = ""
    """Weights above zero."""
    negative: HexColor = ""
    """Weights below zero."""
    arms: tuple[ArmColor, ...] = ()
    """Colors of the arms in the order of the file, for scenes that color arms. For `reportgen animate`, the colors of
    the trajectories in their order."""


@checked
class AnimationWords:
    """The words in animations, such as step = "Schritt"."""

    step: Word = "step"
    """Before the number of the step."""
    layer: Word = "layer"
    """Before the number of a layer without a name."""
    weight: Word = "weight"
    """The name of the scale of weights."""
    weights: Word = "weights"
    """The number of weights, beside a histogram."""
    dead: Word = "dead"
    """A unit without weights."""
    input: Word = "input"
    """Below a column of one input."""
    inputs: Word = "inputs"
    """Below a column of inputs."""
    unit: Word = "unit"
    """Below a column of one unit."""
    units: Word = "units"
    """Below a column of units."""
    output: Word = "output"
    """Below a column of one output."""
    outputs: Word = "outputs"
    """Below a column of outputs."""
    of: Word = "of"
    """Between two counts: 24 of 100."""
    sample: Word = "sample"
    """Samples that a line is fitted to."""
    outlier: Word = "outlier"
    """Samples that are outliers."""
    truth: Word = "truth"
    """The true function."""
    network: Word = "network"
    """The function of a network."""
    zero: Word = "exactly zero"
    """Before the share of weights that are zero."""
    half_largest: Word = "half are the largest"
    """After the number of paths that are drawn, if not all are."""
    largest_of: Word = "largest of"
    """Before a block of weights of which the largest is shown."""
    singular_value: Word = "singular value"
    """The name of the scale of singular values."""
    at_step: Word = "at step"
    """Before the step of a mark."""
    measured: Word = "measured"
    """Targets of samples."""
    predicted: Word = "predicted"
    """Outputs of a network."""
    training_sample: Word = "training sample"
    """Samples of the training."""
    test_sample: Word = "test sample"
    """Samples that were not trained on."""
    test_error: Word = "test error (RMSE)"
    """Before the root of the mean squared error of test samples."""
    no_penalty: Word = "no penalty"
    """The title of a training without a penalty."""
    by_plain_gradient: Word = "by plain gradient"
    """In the title of a training with L1 as part of the gradient."""
    seed: Word = "seed"
    """Before the seed in the titles of trainings that differ by nothing else."""
    strength: Word = "strength λ ="
    """Before the strength of a penalty."""
    least_loss: Word = "least loss"
    """The minimum of the loss without a penalty."""


@checked
class AnimationSettings:
    """How the animations of a report look, in its pages and in `embed/`. `reportgen animate --settings FILE` takes
    them too, and its other options come first."""

    width: Pixels | None = None
    """Width in pixels; follows the content by default."""
    height: Pixels | None = None
    """Height in pixels; follows the width by default."""
    theme: Theme = "light"
    """The colors of a light or of a dark page."""
    font: Annotated[Label, Field(max_length=100)] = ""
    """An installed font, such as "Noto Sans". Other installed fonts are used for characters that it lacks."""
    colors: AnimationColors = field(default_factory=AnimationColors)
    words: AnimationWords = field(default_factory=AnimationWords)

    def __post_init__(self) -> None:
        c = self.colors
        if (ratio := contrast(self.ink, self.paper)) < _LEAST_CONTRAST:
            raise ExperimentError(
                f"colors must let text be read: ink {self.ink} on paper {self.paper} has a contrast of {ratio:.1f}; "
                f"at least {_LEAST_CONTRAST} is needed, so make one lighter or the other darker"
            )
        marks = {"positive": c.positive, "negative": c.negative, **{f"arms {i}": x for i, x in enumerate(c.arms, 1)}}
        for name, color in marks.items():
            if color and (ratio := contrast(color, self.paper)) < _LEAST_OF_MARKS:
                raise ExperimentError(
                    f"colors must be visible: {name} {color} on paper {self.paper} has a contrast of {ratio:.1f}; "
                    f"at least {_LEAST_OF_MARKS} is needed"
                )
        if c.positive and c.positive.lower() == c.negative.lower():
            raise ExperimentError(f"colors must tell positive from negative weights, got {c.positive} for both")

    @property
    def paper(self) -> str:
        """The color of the background."""
        return self.colors.paper or PAPER[self.theme]

    @property
    def ink(self) -> str:
        """The color of text."""
        return self.colors.ink or INK[self.theme]
